/** The line to the vendor fails, before a request has left or after it was answered, at each request in turn. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { AdapterError } from '../../../src/errors.ts';
import type { VendorHttp, VendorRequest } from '../../../src/vendors/http.ts';
import type { Bench } from '../contract.ts';
import { doubtsOf, sameAsClean } from './judge.ts';
import { leftOutOfLine } from './thinned.ts';
import type { Ending, Line } from './world.ts';

/** Nothing left: transient, even for a call that must not be repeated; there is no doubt to count. */
export async function faulty(bench: Bench, t: TestContext): Promise<void> {
  await atEachRequest(bench, t, async (_send, request) => {
    throw new AdapterError('vendor-unreachable', `${request.method} did not get out`);
  });
}

/** The vendor did it and the answer is lost: a doubt where the request said `once`. */
export async function lossy(bench: Bench, t: TestContext): Promise<void> {
  let doubts = 0;
  await atEachRequest(
    bench,
    t,
    async (send, request) => {
      // Nobody will read what comes of it.
      (await send(request)).body?.destroy();
      throw new AdapterError('vendor-timeout', 'the answer was lost', {
        kind: request.once ? 'ambiguous' : 'transient',
      });
    },
    (ending) => {
      doubts += doubtsOf(ending);
    },
  );
  const kinds = Object.keys(bench.options.vendor.effects).length;
  assert.ok(doubts >= kinds, 'a call that must not be repeated does not say so to its HTTP client (once)');
}

async function atEachRequest(
  bench: Bench,
  t: TestContext,
  fail: (send: VendorHttp['request'], request: VendorRequest) => Promise<never>,
  look: (ending: Ending) => void = () => {},
): Promise<void> {
  for (let index = 0; ; index++) {
    const world = bench.world();
    const { rig, line, database } = world;
    const id = await world.newOrder();
    let hit: VendorRequest | undefined;
    let reads = 0;
    let passed = 0;
    const around: Line['around'] = async (request, _at, send) => {
      const nth = request.once ? 0 : reads++;
      if (leftOutOfLine(database, request, nth) || passed++ !== index) {
        return send(request);
      }
      hit = request;
      return fail(send, request);
    };
    line.around = around;
    await rig.start();
    await rig.admit(id);
    const ending = await world.finish(id);
    await rig.stop();
    const method = hit?.method;
    if (method === undefined) {
      return;
    }
    await t.test(`request ${index + 1}, ${method}`, () => {
      sameAsClean(bench.options, world, ending, bench.clean());
      look(ending);
    });
  }
}
