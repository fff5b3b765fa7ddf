/** A picture on its way out, cleaned as it passes: nothing is held but the piece at hand. */
import { createHash } from 'node:crypto';
import { openCleaner, type SingleType } from './cleaner.ts';
import { replaced, THE_PICTURE } from './refusals.ts';

/** What the file was when it was inspected. */
export interface Expected {
  size: number;
  /** Lower-case hex. */
  sha256: string;
}

/**
 * The clean bytes of an upright picture. They are asked of the source as they are asked for; the last of them is held
 * back until the whole file is known to be the one that was inspected, so that nobody takes another for it. Fails with
 * `input-unavailable` where it is not, and with what the source fails with; cancelling it cancels the source.
 */
export function cleanStream(
  source: ReadableStream<Uint8Array>,
  type: SingleType,
  expected: Expected,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const ready: Uint8Array[] = [];
  const checked = openCheck(type, expected, (bytes) => ready.push(bytes));
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          let done = false;
          while (!done && ready.length < 2) {
            const read = await reader.read();
            done = read.done;
            if (read.done) {
              checked.end();
            } else {
              checked.push(read.value);
            }
          }
          for (const bytes of ready.splice(0, done ? ready.length : ready.length - 1)) {
            controller.enqueue(bytes);
          }
          if (done) {
            controller.close();
          }
        } catch (error) {
          await reader.cancel().catch(() => undefined);
          controller.error(error);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** A cleaner that also sees to it that the file is the expected one. Throws `input-unavailable` as soon as it is not. */
function openCheck(type: SingleType, expected: Expected, emit: (bytes: Uint8Array) => void) {
  const cleaner = openCleaner(type, THE_PICTURE, emit);
  const hash = createHash('sha256');
  let size = 0;
  // What was inspected can be cleaned; what cannot is another file.
  const same = <T>(work: () => T): T => {
    try {
      return work();
    } catch {
      throw replaced();
    }
  };
  return {
    push(piece: Uint8Array): void {
      size += piece.length;
      if (size > expected.size) {
        throw replaced();
      }
      hash.update(piece);
      same(() => cleaner.push(piece));
    },
    end(): void {
      if (size !== expected.size || hash.digest('hex') !== expected.sha256) {
        throw replaced();
      }
      same(() => cleaner.end());
    },
  };
}
