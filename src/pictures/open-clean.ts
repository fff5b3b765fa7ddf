/** Opens a picture that has been inspected, as it may leave. */
import { AdapterError } from '../errors.ts';
import { cleanInto, upright } from './clean-file.ts';
import { cleanStream } from './clean-stream.ts';
import { cleanZip } from './clean-zip.ts';
import type { SingleType } from './cleaner.ts';
import { counted, type Taker } from './intake.ts';
import { replaced, THE_PICTURE } from './refusals.ts';
import { bodyOf, openTempFile, type TempFile } from './temp-file.ts';
import type { CleanPicture, Inspected } from './types.ts';

/** What has to be known of the inspection. */
export type About = Pick<Inspected, 'contentType' | 'size' | 'sha256' | 'turned' | 'cleanSize'>;

/**
 * A file from the EHR as it may leave for a vendor. An upright picture streams through; one that has to be turned, and a
 * zip file, are made on the disk first. The body has to be read to its end or cancelled; the source then is, too.
 *
 * Throws `input-unavailable` where the source is no longer what was inspected (of an upright picture: its body does),
 * `input-unsupported` where a turned picture cannot be decoded, and what the source throws.
 */
export async function openClean(source: ReadableStream<Uint8Array>, about: About): Promise<CleanPicture> {
  const { contentType, turned, cleanSize } = about;
  if (contentType !== 'application/zip' && !turned && cleanSize !== undefined) {
    return { contentType, size: cleanSize, body: cleanStream(source, contentType, about) };
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
async function remade(source: ReadableStream<Uint8Array>, about: About): Promise<TempFile> {
  await using original = await openTempFile();
  await takeSame(source, about, { push: original.write, end: () => undefined });
  await using failing = new AsyncDisposableStack();
  const target = failing.use(await openTempFile());
  await cleanZip(original, target);
  failing.move();
  return target;
}

/** A picture that is turned, or of which nobody knows how large it leaves. */
async function redrawn(source: ReadableStream<Uint8Array>, about: About, type: SingleType): Promise<TempFile> {
  await using failing = new AsyncDisposableStack();
  const file = failing.use(await openTempFile());
  const looked = await takeSame(source, about, cleanInto(file, type, THE_PICTURE));
  failing.move();
  return upright(file, { type, looked, called: THE_PICTURE });
}

/** Reads the source with a taker, and holds it to what was inspected: a refusal means that it is another file now. */
async function takeSame<T>(source: ReadableStream<Uint8Array>, about: About, taker: Taker<T>): Promise<T> {
  const { pieces, total } = counted(source, (size) => {
    if (size > about.size) {
      throw replaced();
    }
  });
  for await (const piece of pieces) {
    await asReplaced(() => taker.push(piece));
  }
  const { size, sha256 } = total();
  if (size !== about.size || sha256 !== about.sha256) {
    throw replaced();
  }
  return asReplaced(() => taker.end());
}

async function asReplaced<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof AdapterError && error.code === 'input-unsupported' ? replaced() : error;
  }
}
