import { PassThrough, pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** What servers compress with although nobody asked for it. */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
};

/**
 * The bytes of a body as they were before its Content-Encoding; one that is not known here passes as it is. Fails where
 * the body breaks off or is not what the encoding says, with what `meaning` makes of it.
 */
export function decoded(body: Readable, encoding: string | null, meaning = (error: Error): Error => error): Readable {
  const decoder = DECODERS[(encoding ?? '').trim().toLowerCase()];
  if (!decoder) {
    return body;
  }
  const judged = new PassThrough({ destroy: (error, done) => done(error && meaning(error)) });
  // The reader of the result hears of what goes wrong.
  return pipeline(body, decoder(), judged, () => undefined);
}
