import assert from 'node:assert/strict';
import type { api, OrderLine } from './reading.ts';

/**
 * All orders as they are, each that a second doubt has held released, as a person would; how many those were. None may be
 * held for anything else, or have ended otherwise than completed. `wait`: the caller's own way of waiting.
 */
export async function releaseHeld(
  read: ReturnType<typeof api>,
  wait: (what: string, condition: () => Promise<boolean>) => Promise<unknown>,
): Promise<{ list: OrderLine[]; released: number }> {
  let released = 0;
  const list = await read.list();
  for (const { id, status, reason } of list) {
    if (status === 'held') {
      assert.equal(reason?.code, 'effect-unknown', `order ${id} is held for another reason`);
      await read.retry(id);
      released++;
      await wait('the release', async () => (await read.order(id)).status !== 'held');
    }
    assert.ok(!['failed', 'rejected', 'cancelled'].includes(status), `order ${id} ended as ${status}`);
  }
  return { list, released };
}
