/** Lists in pages that are counted from 0, and the envelopes they may come in. */
import type { Envelope } from './options.ts';

export interface Page<T> {
  items: T[];
  page: number;
  size: number;
  /** Of all pages together. */
  total: number;
}

const LARGEST = 1_000;

/**
 * The page that `page` and `size` ask for; `usual` is the size where none is said. Past the end a page is empty.
 * Undefined: one of them is not a whole number, or the size is not from 1 to 1,000.
 */
export function pageOf<T>(
  all: readonly T[],
  asked: { page?: unknown; size?: unknown },
  usual: number,
): Page<T> | undefined {
  const page = wholeNumber(asked.page ?? 0);
  const size = wholeNumber(asked.size ?? usual);
  if (page === undefined || size === undefined || size < 1 || size > LARGEST) {
    return undefined;
  }
  return { items: all.slice(page * size, (page + 1) * size), page, size, total: all.length };
}

/** @param named what the items are called where the envelope is named after them: `cases` */
export function wrap<T>({ items, page, size, total }: Page<T>, envelope: Envelope, named: string): unknown {
  const totalPages = Math.ceil(total / size);
  const shapes: Record<Envelope, unknown> = {
    content: { content: items, page, size, totalElements: total, totalPages },
    items: { items, page, size, total },
    cases: { [named]: items, page, size, totalElements: total },
    results: { results: items, page, size, count: total },
    array: items,
  };
  return shapes[envelope];
}

/** From a query or from JSON. */
function wholeNumber(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
