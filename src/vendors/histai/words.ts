/** Numbers and money as people read them. */

/** `1 slide`, `2 slides`. */
export const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Cents as `495.00 USD`. */
export const usd = (cents: number): string => `${(cents / 100).toFixed(2)} USD`;

/** `2026-12-09 10:00 UTC` */
export const minute = (instant: string): string =>
  `${new Date(instant).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
