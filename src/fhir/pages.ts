/** Follows the next links of a search. */
import type { Bundle } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';

export interface PageLimits {
  /** Pages at most; a server whose next links never end is left. */
  pages: number;
  /** Seconds for all of them together, the reader's own work included. */
  seconds: number;
}

export const PAGE_LIMITS: PageLimits = { pages: 1000, seconds: 900 };

/** The next link of a page, verbatim. */
export function nextLink(page: Bundle): string | undefined {
  return page.link?.find((link) => link.relation === 'next')?.url;
}

/**
 * Yields pages until there is no next link, empty pages included: a page may be empty and not the last.
 * Throws `ehr-protocol` where the links repeat themselves or pass the limits: what was yielded is not everything then.
 */
export async function* pages(
  search: (query: string) => Promise<Bundle>,
  first: string,
  now: () => Date,
  limits: PageLimits = PAGE_LIMITS,
): AsyncGenerator<Bundle> {
  const until = now().getTime() + limits.seconds * 1000;
  const seen = new Set<string>();
  for (let query: string | undefined = first; query !== undefined; ) {
    if (seen.has(query)) {
      throw new AdapterError('ehr-protocol', 'The pages of a search go round in a circle');
    }
    if (seen.size >= limits.pages || now().getTime() > until) {
      throw new AdapterError('ehr-protocol', 'A search has more pages than can be read: narrow it');
    }
    seen.add(query);
    const page: Bundle = await search(query);
    yield page;
    query = nextLink(page);
  }
}
