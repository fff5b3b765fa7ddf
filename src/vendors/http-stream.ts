/** Answers of vendors that are handed on as they come: a time limit for each piece, and errors as the client's own. */
import type { Readable } from 'node:stream';
import { pulled } from '../streams.ts';

/** A time limit that begins anew with every sign of life. */
export interface PatientClock {
  signal: AbortSignal;
  alive(): void;
  end(): void;
}

export function patientClock(seconds: number): PatientClock {
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(), seconds * 1000);
  return {
    signal: controller.signal,
    alive() {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), seconds * 1000);
    },
    end: () => clearTimeout(timer),
  };
}

/** What is used of undici's body. */
interface Body extends AsyncIterable<Uint8Array> {
  dump(options: { limit: number; signal: AbortSignal }): Promise<void>;
  destroy(): unknown;
}

/** Bytes and milliseconds. */
const REST = 65_536;
const REST_MS = 1000;

/** A body that is read no faster than it is wanted. `failure` says what an error on the way means. */
export function streamedBody(body: Body, clock: PatientClock, failure: (thrown: unknown) => Error): Readable {
  // Nobody may have asked for the next piece for long: only waiting for the vendor counts.
  clock.end();
  let isOver = false;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const iterator = body[Symbol.asyncIterator]();
    for (;;) {
      clock.alive();
      const { done, value } = await iterator.next().finally(clock.end);
      if (done) {
        isOver = true;
        return;
      }
      yield value;
    }
  }
  const close = async (): Promise<void> => {
    clock.end();
    if (!isOver) {
      // The little that is left is read, so that the connection can be used again; what does not end is broken off.
      const limits = { limit: REST, signal: AbortSignal.timeout(REST_MS) };
      await body.dump(limits).catch(() => body.destroy());
    }
  };
  return pulled(pieces(), { classify: failure, close });
}
