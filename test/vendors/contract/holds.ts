/** The faults that only a vendor's own simulator can play, and what an operator does about them. */
import assert from 'node:assert/strict';
import { requestRetry } from '../../../src/orders/store/tell-order.ts';
import type { Bench } from '../contract.ts';
import { doubtsOf, sameAsClean } from './judge.ts';
import type { VendorFault } from './options.ts';

async function survives(bench: Bench, fault: VendorFault): Promise<void> {
  const world = bench.world();
  const id = await world.newOrder();
  await fault.set(world.opened);
  await world.rig.start();
  await world.rig.admit(id);
  const ending = await world.finish(id);
  await world.rig.stop();
  sameAsClean(bench.options, world, ending, bench.clean());
  const trouble = ending.timeline.some(({ event }) => event === 'retry-later' || event === 'effect-no-answer');
  assert.ok(trouble || fault.kind === 'transient', 'the fault did not happen');
  if (fault.kind !== 'either') {
    assert.equal(doubtsOf(ending) > 0, fault.kind === 'ambiguous');
  }
}

/** The first order meets the quota, the second is held by it without a single request; one retry releases both. */
async function quota(bench: Bench, fault: VendorFault): Promise<void> {
  const world = bench.world();
  const { rig, opened, line, database } = world;
  const first = await world.newOrder();
  await fault.set(opened);
  await rig.start();
  await rig.admit(first);
  const held = await world.rest(first);
  assert.equal(held.status, 'held');
  assert.equal(held.reason?.code, 'vendor-quota');
  assert.equal(held.heldBy, rig.route.credential);
  const asked = line.requests.length;
  const second = `${first}-too`;
  await rig.admit(second);
  assert.equal((await world.rest(second)).status, 'held');
  assert.equal(line.requests.length, asked, 'a held order asked the vendor');
  await fault.mend?.(opened);
  await requestRetry(database, held.id, { by: 'suite' }, rig.clock.now());
  const ending = await world.finish(first);
  assert.equal((await world.finish(second)).order.status, bench.clean().order.status);
  await rig.stop();
  assert.equal(ending.order.status, bench.clean().order.status);
  assert.deepEqual(ending.published.at(-1), bench.clean().published.at(-1));
}

async function credential(bench: Bench): Promise<void> {
  const world = bench.world();
  const { rig, opened, database } = world;
  const id = await world.newOrder();
  world.configure(opened.wrongSettings);
  await rig.start();
  await rig.admit(id);
  const held = await world.rest(id);
  world.configure(opened.settings);
  assert.equal(held.status, 'held');
  assert.equal(held.reason?.code, 'vendor-unauthorized');
  assert.equal(held.heldBy, rig.route.credential);
  await requestRetry(database, held.id, { by: 'suite' }, rig.clock.now());
  const ending = await world.finish(id);
  await rig.stop();
  sameAsClean(bench.options, world, ending, bench.clean());
}

export const heldAndReleased = { survives, quota, credential };
