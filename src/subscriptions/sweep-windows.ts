/**
 * Reads all matches of a search that changed since a moment, in the order of change. Servers page badly over long lists
 * (Medplum ends at 10,000), so a long run starts a new window where the last one got to.
 */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import { newHabits, type SearchHabits, WORDINGS } from './sweep-habits.ts';

export type Oddity = 'unsorted' | 'unfiltered';

export interface WindowsOptions {
  client: FhirClient;
  /** `Type?words`, or `Patient/1/Type?words`. */
  criteria: string;
  type: string;
  from: Date;
  /** Aborts between two pages. */
  signal?: AbortSignal;
  /** Matches after which a new window begins. */
  windowSize?: number;
  habits?: SearchHabits;
  /** Told where the server does not do as asked; it may be told more than once. */
  onOddity?(what: Oddity): void;
  /** A page was read. */
  onPage?(): void;
  /** Everything that changed before this moment was yielded and taken. */
  onWindow?(until: number): Promise<void>;
}

interface Window {
  since: number;
  latest: number;
  count: number;
  pages: number;
  sorted: boolean;
}

/** A page token lives for minutes; a window whose token expired is read anew so often. */
const RESTARTS = 2;

/** A search with more words. */
export function withWords(criteria: string, words: string): string {
  const separator = criteria.includes('?') ? (criteria.endsWith('?') ? '' : '&') : '?';
  return `${criteria}${separator}${words}`;
}

/** Milliseconds since 1970 of `meta.lastUpdated`; NaN where it is missing or no time. */
export function changedAt(resource: Resource): number {
  return Date.parse(resource.meta?.lastUpdated ?? '');
}

/** A search that the server will not do as it is asked, rather than one that fails now. */
export function isRefusal(thrown: unknown): thrown is AdapterError {
  return thrown instanceof AdapterError && (thrown.code === 'ehr-rejected' || thrown.code === 'ehr-forbidden');
}

/** Of a refused first page: whether fewer words may help. */
const mayDislikeWords = (thrown: unknown) => isRefusal(thrown) && [400, 422, 501].includes(thrown.status ?? 0);
/** Of a refused next link: its token is no longer known. */
const isExpired = (thrown: unknown) => isRefusal(thrown) && [400, 404, 410].includes(thrown.status ?? 0);

/** What a page's self link shows that the server left out of what it was asked. Opaque links show nothing. */
function leftOut(page: Bundle, asked: (typeof WORDINGS)[number]): Oddity[] {
  const self = page.link?.find(({ relation }) => relation === 'self')?.url ?? '';
  const words = new URLSearchParams(self.includes('?') ? self.slice(self.indexOf('?')) : '');
  const has = (name: string) => [...words.keys()].some((word) => word === name || word.startsWith(`${name}:`));
  return [
    ...(asked.sorted && !has('_sort') && has('_lastUpdated') ? (['unsorted'] as const) : []),
    ...(asked.since && !has('_lastUpdated') && has('_sort') ? (['unfiltered'] as const) : []),
  ];
}

/** The matches of one page; fills `window` in. */
function* matchesOf(page: Bundle, window: Window, options: WindowsOptions): Generator<Resource & { id: string }> {
  for (const { resource, search } of page.entry ?? []) {
    if (resource?.resourceType !== options.type || resource.id === undefined || (search?.mode ?? 'match') !== 'match') {
      continue;
    }
    const changed = changedAt(resource);
    // Servers may keep finer times than they show, hence the second.
    if (changed < window.since - 1000) {
      options.onOddity?.('unfiltered');
    }
    if (changed < window.latest && changed >= window.since && window.sorted) {
      window.sorted = false;
      options.onOddity?.('unsorted');
    }
    window.latest = Math.max(window.latest, Number.isNaN(changed) ? window.latest : changed);
    window.count += 1;
    yield { ...resource, id: resource.id };
  }
}

/** Reads one window, and leaves it early once it is long enough for a new one. */
async function* readWindow(window: Window, index: number, options: WindowsOptions) {
  const { client, criteria, signal } = options;
  const wording = WORDINGS[index] ?? WORDINGS[0];
  window.sorted &&= wording.sorted;
  const since = wording.since ? `_lastUpdated=ge${new Date(window.since).toISOString()}&` : '';
  for await (const page of client.pages(withWords(criteria, `${since}${wording.words}`))) {
    signal?.throwIfAborted();
    for (const what of window.pages === 0 ? leftOut(page, wording) : []) {
      window.sorted &&= what !== 'unsorted';
      options.onOddity?.(what);
    }
    window.pages += 1;
    options.onPage?.();
    yield* matchesOf(page, window, options);
    // Only where the order can be trusted, and where it gets us any further.
    if (window.count >= (options.windowSize ?? 5000) && window.sorted && window.latest > window.since) {
      return { next: window.latest };
    }
  }
  return undefined;
}

/** Every match with an id, page by page; the same one may come more than once. Throws what the client throws. */
export async function* changedSince(options: WindowsOptions): AsyncGenerator<Resource & { id: string }> {
  const { type } = options;
  const { wording } = options.habits ?? newHabits();
  let since = options.from.getTime();
  let restarts = 0;
  let index = wording.get(type) ?? 0;
  let refusal: unknown;
  for (;;) {
    const window: Window = { since, latest: since, count: 0, pages: 0, sorted: true };
    try {
      const end = yield* readWindow(window, index, options);
      wording.set(type, index);
      if (!WORDINGS[index]?.sorted) {
        options.onOddity?.('unsorted');
      }
      if (!end) {
        return;
      }
      await options.onWindow?.(end.next);
      since = end.next;
      restarts = 0;
    } catch (thrown) {
      if (window.pages > 0 && isExpired(thrown) && restarts < RESTARTS) {
        restarts += 1;
      } else if (window.pages === 0 && !wording.has(type) && mayDislikeWords(thrown) && index + 1 < WORDINGS.length) {
        refusal ??= thrown;
        index += 1;
      } else {
        // What the server said to the whole search tells more than what it said to the poorest one.
        throw window.pages === 0 && isRefusal(thrown) ? (refusal ?? thrown) : thrown;
      }
    }
  }
}
