/** An upright picture on its way out: what was inspected, of that what may leave, and no more in memory than a block. */
import { type Known, openSame } from './blocks.ts';
import { openPlanned } from './plan.ts';
import type { Plan } from './types.ts';

/**
 * What of a file leaves, by the plan that its inspection has made. The file is asked for as it is wanted, and each block of
 * it is held until it is known to be the one that was inspected, so that nothing leaves that was not. Fails with
 * `input-unavailable` at the first that is not, and with what the source fails with; cancelling it cancels the source.
 */
export function cleanStream(source: ReadableStream<Uint8Array>, known: Known, plan: Plan): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const ready: Uint8Array[] = [];
  const same = openSame(
    known,
    openPlanned(plan, (bytes) => ready.push(bytes)),
  );
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          let done = false;
          while (!done && ready.length === 0) {
            const read = await reader.read();
            done = read.done;
            if (read.done) {
              same.end();
            } else {
              same.push(read.value);
            }
          }
          for (const bytes of ready.splice(0)) {
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
