/** The process dies, or sleeps too long, at each point at which a crash could part two things. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Engine } from '../../../src/orders/engine.ts';
import { until } from '../../support/until.ts';
import type { Bench } from '../contract.ts';
import { sameAsClean } from './judge.ts';
import { leftOut } from './thinned.ts';
import type { World } from './world.ts';

/** Dies at each checkpoint of the clean run in turn; a second process takes the order over. */
export async function diesEverywhere(bench: Bench, t: TestContext): Promise<void> {
  const { checkpoints } = bench.clean();
  for (const [index, name] of checkpoints.entries()) {
    if (leftOut(bench.world().database, index, name.startsWith('effect-'))) {
      continue;
    }
    await t.test(`${index + 1}: ${name}`, async () => {
      const world = bench.world();
      const { id } = await stopAt(world, (count) => count === index);
      await world.rig.start();
      const ending = await world.finish(id);
      await world.rig.stop();
      sameAsClean(bench.options, world, ending, bench.clean());
    });
  }
}

/** A process that slept through its lease, with a step done and not stored, finds the order in other hands. */
export async function ownerPaused(bench: Bench): Promise<void> {
  const world = bench.world();
  const { id, wakeUp } = await stopAt(world, (_count, name, leg) => name === 'step-done' && leg === 'vendor');
  await world.rig.start();
  const ending = await world.finish(id);
  wakeUp();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await world.rig.stop();
  sameAsClean(bench.options, world, ending, bench.clean());
  assert.deepEqual(await world.rig.order(id), ending.order);
}

/** Starts an order and stops its engine dead at the first checkpoint that `when` names. `wakeUp` lets it go on. */
async function stopAt(
  world: World,
  when: (count: number, name: string, leg: string) => boolean,
): Promise<{ id: string; wakeUp: () => void }> {
  const id = await world.newOrder();
  const sleep = Promise.withResolvers<void>();
  let engine: Engine | undefined;
  let count = 0;
  let dead = false;
  engine = await world.rig.start(async (name, order) => {
    if (!dead && when(count++, name, order.leg)) {
      dead = true;
      await until('the engine has started', () => engine);
      engine?.halt();
      await sleep.promise;
    }
  });
  await world.rig.admit(id);
  const answered = async (): Promise<void> => {
    if (!dead) {
      await world.finish(id);
    }
  };
  // People answer and release as they would; the order cannot come to rest before its engine dies.
  await Promise.race([until('the engine to die', () => dead), answered()]);
  assert.ok(dead, 'the order ended before the point at which its engine was to die');
  return { id, wakeUp: () => sleep.resolve() };
}
