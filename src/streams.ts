/**
 * Bytes on their way through us: Node's streams, whose pieces pass from one to the next without a promise each, as those of
 * web streams do; over a large file that is the greater part of what the way costs.
 */
import { finished, Readable } from 'node:stream';

/** Takes the pieces of a file; what it throws ends the stream. */
export interface Sink {
  push(piece: Uint8Array): void;
  end(): void;
}

/**
 * What a sink hands on (by `emit`) of the pieces of a stream, which is read no further than it is wanted: not before
 * somebody reads, and to the next piece that something is handed on of. The result fails with what the source or the sink
 * fails with; whoever destroys it lets the source go, too.
 */
export function through(source: Readable, open: (emit: (piece: Uint8Array) => void) => Sink): Readable {
  let isWanted = false;
  const passing = new Readable({
    highWaterMark: 0,
    read() {
      isWanted = true;
      source.resume();
    },
    destroy(error, done) {
      source.destroy();
      done(error);
    },
  });
  const sink = open((piece) => {
    isWanted = passing.push(piece) && isWanted;
  });
  const attempt = (work: () => void): void => {
    if (passing.destroyed) {
      return;
    }
    try {
      work();
    } catch (thrown) {
      passing.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  };
  // A stream that is paused does not begin to flow with its first listener.
  source.pause();
  source.on('data', (piece: Uint8Array) => {
    attempt(() => sink.push(piece));
    if (!isWanted) {
      source.pause();
    }
  });
  // Also where it was over, or was let go, before it came here.
  finished(source, { writable: false }, (error) => {
    if (error) {
      passing.destroy(error);
      return;
    }
    attempt(() => {
      sink.end();
      passing.push(null);
    });
  });
  return heard(passing);
}

/** Bytes that are in memory already. */
export function streamOfBytes(bytes: Uint8Array): Readable {
  return Readable.from(bytes.byteLength > 0 ? [bytes] : [], { objectMode: false });
}

export interface Source {
  /** What an error of the pieces means. */
  classify(thrown: unknown): Error;
  /** Lets go of where they come from; called once: at the end, at an error, or when the stream is destroyed. */
  close(): unknown;
}

/** A stream of pieces of which none is fetched before it is asked for. */
export function pulled(pieces: AsyncIterable<Uint8Array>, { classify, close }: Source): Readable {
  const iterator = pieces[Symbol.asyncIterator]();
  const stream = new Readable({
    highWaterMark: 0,
    read() {
      const next = (): void => {
        iterator.next().then(
          ({ done, value }) => {
            if (!done && value.byteLength === 0 && !this.destroyed) {
              // After an empty piece nobody would ask again.
              next();
            } else {
              this.push(done ? null : value);
            }
          },
          (thrown: unknown) => this.destroy(classify(thrown)),
        );
      };
      next();
    },
    destroy(error, done) {
      // Not the iterator's `return`: of one that has not begun it lets go of nothing.
      const gone = () => done(error);
      Promise.resolve(close()).then(gone, gone);
    },
  });
  return heard(stream);
}

/** A stream that may fail before anybody has begun to read it: its reader hears of it then, and the process does not end. */
export const heard = (stream: Readable): Readable => stream.on('error', () => undefined);

/** All of a stream, or (beyond `limit` bytes, where the stream is let go) undefined. Throws what the stream fails with. */
export async function gathered(
  source: AsyncIterable<Uint8Array>,
  limit = Number.POSITIVE_INFINITY,
): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    size += piece.byteLength;
    if (size > limit) {
      return undefined;
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}
