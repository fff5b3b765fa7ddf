/** Lists that come in pages: counted from 0, of a size that the vendor may cap, with or without a total. */
import type { Page } from './answers.ts';
import { LIMITS } from './facts.ts';

export interface PageQuery {
  /** From 0. */
  page?: number;
  size?: number;
}

export const pageQuery = ({ page = 0, size = LIMITS.page }: PageQuery = {}): Record<string, string> => ({
  page: String(page),
  size: String(size),
});

/**
 * Reads pages until one is empty or brings nothing new, or `most` items are there. `whole`: there were no more. Totals are
 * not trusted with the end: the vendor may count a page's own rows, and one that does not page gives the same for ever.
 */
export async function readAll<T>(
  read: (page: number) => Promise<Page<T>>,
  idOf: (item: T) => string,
  most = Number.POSITIVE_INFINITY,
): Promise<{ items: T[]; whole: boolean }> {
  const found = new Map<string, T>();
  for (let number = 0; number < LIMITS.pages && found.size <= most; number++) {
    const { items, rows } = await read(number);
    const before = found.size;
    for (const item of items) {
      found.set(idOf(item), item);
    }
    if (found.size === before) {
      // Rows of which none can be read are no end.
      return { items: [...found.values()], whole: rows === 0 || items.length > 0 };
    }
  }
  return { items: [...found.values()].slice(0, most), whole: false };
}
