/** What kills during the staging of a slide must leave: nothing fetched, copied, run or billed twice, and no bytes that nobody knows of. */
import assert from 'node:assert/strict';
import { until } from '../support/until.ts';
import type { SlideFetch } from './slide-host.ts';
import type { Noted, SlideWard } from './slide-ward.ts';

export interface StagedSlide {
  /** Of the slide, and of each part but the last. */
  size: number;
  part: number;
  /** What was noted after each kill that fell into the staging. */
  history: readonly number[];
}

const isSlide = (key: string): boolean => key.startsWith('slides/');

/**
 * While the adapter is dead: nothing stands but the slide's one copy, and the `orphans` of before. Gives how many uploads
 * more nobody knows of: what dies before anything is noted leaves one that only its age gives away.
 */
export async function checkStanding({ store }: SlideWard, noted: Noted | undefined, orphans: number): Promise<number> {
  const { whole, begun } = await store.list();
  const copies = whole.filter(isSlide).length + begun.length - orphans;
  assert.ok(copies <= 1, `${copies} copies of one slide`);
  return noted === undefined ? copies : 0;
}

/** Every request of a part begins at what was noted, which never falls; no more comes twice than a part for each kill. */
export function checkFetches(fetches: readonly SlideFetch[], { size, part, history }: StagedSlide) {
  const parts = fetches.filter(({ start, end }) => end - start === part || (end === size && start % part === 0));
  const sum = (some: readonly SlideFetch[]): number => some.reduce((bytes, { sent }) => bytes + sent, 0);
  let before = 0;
  for (const { start, noted } of parts) {
    assert.equal(start, noted, 'a part was fetched from another place than was noted');
    assert.ok(noted >= before, `${noted} bytes were noted after ${before}`);
    before = noted;
  }
  const rising = history.toSorted((a, b) => a - b);
  assert.deepEqual(history, rising, 'what is noted has fallen');
  const bytes = sum(parts);
  assert.ok(bytes >= size, 'not all of the slide was fetched');
  assert.ok(bytes <= size + history.length * part, `${bytes} bytes were fetched`);
  const headers = sum(fetches.filter((one) => !parts.includes(one)));
  assert.ok(headers <= part, `${headers} bytes were fetched for the header`);
  return { parts: bytes, headers, count: parts.length };
}

/** Since the ledger was reset, the vendor made one run, read the whole slide once, and billed both once. */
export function checkRun({ sandbox }: SlideWard, size: number) {
  const { bills = [], calls = [] } = sandbox.ledger.read().aignostics ?? {};
  const created = calls.filter(({ endpoint, status }) => endpoint === 'POST /v1/runs' && status === 201).length;
  const units = (name: string): number => bills.reduce((sum, bill) => sum + (bill.units[name] ?? 0), 0);
  const counts = { created, runs: units('runs'), slides: units('slides') };
  assert.deepEqual(counts, { created: 1, runs: 1, slides: 1 });
  const read = calls.filter(({ endpoint }) => endpoint === 'GET (slide)').map(({ keys = {} }) => keys);
  assert.deepEqual(
    read.map(({ bytes, failed }) => [bytes, failed]),
    [[String(size), undefined]],
    'the vendor read something else than the slide once',
  );
  return counts;
}

/** Of the slide nothing is left; of the results, what the adapter knows of. */
export async function checkLeft(ward: SlideWard, orphans: number) {
  const { store } = ward;
  const { whole } = await until('the copy to be removed', async () => {
    const found = await store.list();
    return found.whole.some(isSlide) ? undefined : found;
  });
  assert.equal(await ward.noted(), undefined, 'a copy is still noted');
  assert.equal(await store.abortLeft(), orphans, 'uploads that were begun and left');
  assert.deepEqual((await store.list()).begun, []);
  assert.deepEqual(whole.toSorted(), (await ward.kept()).toSorted(), 'files that nobody knows of');
  return { slides: whole.filter(isSlide).length, results: whole.length };
}
