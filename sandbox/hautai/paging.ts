/** Lists in pages, as every list of the vendor is. */
import type { Request } from 'express';

const PAGE_SIZE = 20;
const LARGEST_PAGE = 100;

export interface Listing<T> {
  items: readonly T[];
  /** The text that `q` searches in. */
  searched(item: T): string;
  /** The fields that `ordering` knows; `-` before the name turns it round. Without it the newest is first. */
  orderings: Record<string, (item: T) => string>;
  tell(item: T): object;
}

/** The page asked for; undefined where there is none of that number. */
export function pageOf<T>(request: Request, { items, searched, orderings, tell }: Listing<T>): object | undefined {
  const asked = (name: string) => (typeof request.query[name] === 'string' ? request.query[name] : '');
  const q = asked('q').toLowerCase();
  const found = items.filter((item) => searched(item).toLowerCase().includes(q)).toReversed();
  const field = orderings[asked('ordering').replace(/^-/, '')];
  const sorted = field ? found.toSorted((a, b) => field(a).localeCompare(field(b))) : found;
  const ordered = field && asked('ordering').startsWith('-') ? sorted.reverse() : sorted;

  const size = Math.min(wholeNumber(asked('page_size')) ?? PAGE_SIZE, LARGEST_PAGE);
  const last = Math.max(1, Math.ceil(ordered.length / size));
  const page = asked('page') === 'last' ? last : asked('page') === '' ? 1 : wholeNumber(asked('page'));
  if (page === undefined || page > last) {
    return undefined;
  }
  return {
    count: ordered.length,
    next: page < last ? linkTo(request, page + 1) : null,
    previous: page > 1 ? linkTo(request, page - 1) : null,
    results: ordered.slice((page - 1) * size, page * size).map(tell),
  };
}

/** `http:` whatever the caller used: the vendor stands behind a proxy that its framework has not been told of. */
function linkTo(request: Request, page: number): string {
  const [path = '', query = ''] = request.originalUrl.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set('page', String(page));
  return `http://${request.get('host')}${path}?${parameters}`;
}

function wholeNumber(text: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
