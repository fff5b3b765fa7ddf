/** Bodies on their way into a storage and out of it. */
import { AdapterError } from '../errors.ts';

/**
 * The pieces of a part, which has to measure `size` bytes: what comes beyond them is not passed on. Throws what the body
 * throws; cancels it where the reader stops before the end.
 */
export async function* exactly(body: ReadableStream<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let passed = 0;
  for await (const piece of body) {
    passed += piece.byteLength;
    if (passed > size) {
      throw wrongSize();
    }
    yield piece;
  }
  if (passed < size) {
    throw wrongSize();
  }
}

/** What the source gave is not what was announced: nothing of it is kept, and another try may bring it. */
function wrongSize(): AdapterError {
  return new AdapterError('unexpected', 'A part of a file has another size than was announced');
}

export interface Source {
  /** What an error of the pieces means. */
  classify(thrown: unknown): AdapterError;
  /** Lets go of where they come from; called once, at the end, at an error or when the stream is cancelled. */
  close(): unknown;
}

/** A stream of pieces that are fetched when they are asked for. */
export function streamOf(pieces: AsyncIterable<Uint8Array>, source: Source): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= Promise.resolve(source.close()).then(
      () => undefined,
      () => undefined,
    );
    return closed;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await iterator.next();
          if (!done) {
            controller.enqueue(value);
            return;
          }
          await close();
          controller.close();
        } catch (thrown) {
          await close();
          controller.error(source.classify(thrown));
        }
      },
      // Not the iterator's `return`: of one that has not begun it lets go of nothing.
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

export function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
