/**
 * Fifty orders at once, each with its own history in the EHR, whose news is lost, repeated and overtaken, with sweeps and
 * steps of the engine in between: the end is that of the clean run, in which each version is told once and in order.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tellOrder } from '../../src/orders/store/tell-order.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { CODE } from '../support/interleavings/histories.ts';
import {
  comeToRest,
  live,
  liveCleanly,
  repeatEverything,
  type Schedule,
  schedules,
} from '../support/interleavings/lives.ts';
import { broken, outcomesOf, timeless } from '../support/interleavings/rules.ts';
import { openWorld, type World } from '../support/interleavings/world.ts';

/** More of both to look for rare cases: `INTERLEAVINGS_RUNS=200 INTERLEAVINGS_ORDERS=5`; a case again by its seed. */
const RUNS = Number(process.env.INTERLEAVINGS_RUNS ?? 1);
const ORDERS = Number(process.env.INTERLEAVINGS_ORDERS ?? 50);
const SEED = process.env.INTERLEAVINGS_SEED;

onEveryDatabase('the news of fifty orders', ({ open }) => {
  async function run(schedule: Schedule, how: (world: World, schedule: Schedule) => Promise<void>): Promise<World> {
    const world = await openWorld(await open());
    await how(world, schedule);
    await comeToRest(world);
    assert.deepEqual(await broken(world), []);
    return world;
  }

  async function same(schedule: Schedule): Promise<void> {
    const first = await run(schedule, liveCleanly);
    const clean = await outcomesOf(first);
    await first.database.close();
    const world = await run(schedule, live);
    for (const [order, end] of await outcomesOf(world)) {
      const [wanted, found] = [timeless(clean.get(order) ?? assert.fail(order)), timeless(end)];
      if (wanted !== undefined && found !== undefined) {
        assert.equal(found, wanted, order);
      }
    }
    await nothingIsNews(world, schedule);
    await world.database.close();
  }

  /**
   * The whole news once more, the oldest too: the EHR stays as it is, and no order of a note is even looked at. (A request
   * is, when its note is told of, and an order whose Task a person has ended, when that Task is: of these no versions are
   * remembered.)
   */
  async function nothingIsNews(world: World, schedule: Schedule): Promise<void> {
    const orders = await world.orders();
    const ended = new Set(orders.flatMap((one) => (one.reason?.code === 'cancelled-in-ehr' ? [one.baseKey] : [])));
    const notes = orders.filter((one) => one.resourceType === 'DocumentReference' && !ended.has(one.baseKey));
    const known = new Set(notes.map(({ resourceId }) => `DocumentReference/${resourceId}`));
    const state = async (): Promise<unknown> => ({
      readings: [...world.readings].filter(([reference]) => known.has(reference)).sort(),
      billed: world.billed.length,
      published: world.published.length,
      orders: (await world.orders()).map(({ key, status }) => [key, status]),
    });
    // What no sweep finds any more (a note that has become a letter) may be new to us once.
    await repeatEverything(world, schedule, 'newest');
    const before = await state();
    await repeatEverything(world, schedule, 'all');
    assert.deepEqual(await state(), before, 'what is told again is no news');
  }

  test('lost, repeated and overtaken ends as the clean run does', async () => {
    const seed = SEED === undefined ? {} : { seed: Number(SEED) };
    const limits = { numRuns: RUNS, interruptAfterTimeLimit: 60_000, ...seed };
    await fc.assert(fc.asyncProperty(schedules(ORDERS), same), limits);
  });

  test('that nobody has looked at yet stays beside what comes after it', async () => {
    const world = await openWorld(await open());
    const { database, server, clock } = world;
    server.put({ resourceType: 'DocumentReference', id: '1', status: 'current', type: CODE, content: [] });
    await world.sweep();
    const [order] = await world.orders();
    assert.ok(order);
    const word = fc.record(
      {
        version: fc.constantFrom('2', '3'),
        gone: fc.constant(true),
        task: fc.constant('1'),
        ehrTask: fc.constantFrom('a', 'b'),
        replacedBy: fc.constantFrom('DocumentReference/2', 'DocumentReference/3'),
      },
      { requiredKeys: [] },
    );
    const property = fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 5 }), async (words) => {
      await database.query('update orders set news = null');
      for (const one of words) {
        await tellOrder(database, order.id, { source: 'notification', ...one }, clock.now());
      }
      const [told] = await world.orders();
      assert.deepEqual(told?.news, Object.assign({ source: 'notification' }, ...words));
    });
    await fc.assert(property, { numRuns: 30 });
    await database.close();
  });
});
