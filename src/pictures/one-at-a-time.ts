/**
 * The drawing library, for one piece of work at a time: a decoded picture is many times as large as its file. For the
 * drawing process alone; everybody else asks it by draw-apart.ts.
 */
import type sharp from 'sharp';

export type Sharp = typeof sharp;

let last: Promise<unknown> = Promise.resolve();
let loaded: Promise<Sharp> | undefined;

/**
 * Runs `work` with sharp as soon as all work that was handed in before is over, whatever became of that. The library is
 * loaded by the first one: an adapter that draws nothing does not pay for it.
 */
export function withSharp<T>(work: (sharp: Sharp) => Promise<T>): Promise<T> {
  const mine = last.then(async () => work(await load()));
  last = mine.catch(() => undefined);
  return mine;
}

function load(): Promise<Sharp> {
  loaded ??= import('sharp').then(({ default: library }) => {
    // No picture comes twice, and its threads would each hold a strip of it.
    library.cache(false);
    library.concurrency(1);
    return library;
  });
  return loaded;
}
