/** Opens a picture that has been inspected, as it may leave. */
import type { Readable } from 'node:stream';
import { openSame } from './blocks.ts';
import { cleanInto, upright } from './clean-file.ts';
import { cleanStream } from './clean-stream.ts';
import { cleanZip } from './clean-zip.ts';
import type { SingleType } from './cleaner.ts';
import type { Taker } from './intake.ts';
import { THE_PICTURE } from './refusals.ts';
import { bodyOf, openTempFile, type TempFile } from './temp-file.ts';
import type { CleanPicture, Inspected } from './types.ts';

/** What has to be known of the inspection. */
export type About = Pick<Inspected, 'contentType' | 'size' | 'blocks' | 'turned' | 'cleanSize' | 'plan'>;

/**
 * A file from the EHR as it may leave for a vendor. A picture with a plan streams through; one that has to be turned, one
 * whose plan was too long to be kept, and a zip file are made on the disk first. The body has to be read to its end or
 * destroyed; the source then is, too.
 *
 * Throws `input-unavailable` where the source is no longer what was inspected (of one that streams: its body does),
 * `input-unsupported` where a turned picture cannot be decoded, and what the source throws.
 */
export async function openClean(source: Readable, about: About): Promise<CleanPicture> {
  const { contentType, cleanSize, plan } = about;
  if (plan && cleanSize !== undefined) {
    return { contentType, size: cleanSize, body: cleanStream(source, about, plan) };
  }
  await using failing = new AsyncDisposableStack();
  const file = failing.use(
    contentType === 'application/zip' ? await remade(source, about) : await redrawn(source, about, contentType),
  );
  const { size } = await file.handle.stat();
  failing.move();
  return { contentType, size, body: bodyOf(file) };
}

/** A zip file, written anew once all of it is here: its directory stands at its end. */
async function remade(source: Readable, about: About): Promise<TempFile> {
  await using original = await openTempFile();
  await takeSame(source, about, { push: original.write, end: () => undefined });
  await using failing = new AsyncDisposableStack();
  const target = failing.use(await openTempFile());
  await cleanZip(original, target);
  failing.move();
  return target;
}

/** A picture that is turned, or has no plan. */
async function redrawn(source: Readable, about: About, type: SingleType): Promise<TempFile> {
  await using failing = new AsyncDisposableStack();
  const file = failing.use(await openTempFile());
  const looked = await takeSame(source, about, cleanInto(file, type, THE_PICTURE));
  failing.move();
  return upright(file, { type, looked, called: THE_PICTURE });
}

/** Reads the source with a taker, which gets what is known to be what was inspected, and nothing else. */
async function takeSame<T>(source: AsyncIterable<Uint8Array>, about: About, taker: Taker<T>): Promise<T> {
  const ready: Uint8Array[] = [];
  const same = openSame(about, (part) => ready.push(part));
  const handOn = async () => {
    for (const part of ready.splice(0)) {
      await taker.push(part);
    }
  };
  for await (const piece of source) {
    same.push(piece);
    await handOn();
  }
  same.end();
  await handOn();
  return taker.end();
}
