/** Whatever happens in whatever order, money is spent for what a person has approved, in time, once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EVENTS, type Event, MINUTE, openModel } from './money-model.ts';

const SEQUENCES = 10_000;

/** Orders mostly go on; else hardly any would come to a payment. */
const WEIGHTS: Partial<Record<Event, number>> = { step: 24, approve: 8, decline: 0.5, 'the order is cancelled': 0.5 };
const ofThese = (events: readonly Event[], maxLength: number) =>
  fc.array(fc.oneof(...events.map((event) => ({ arbitrary: fc.constant(event), weight: 2 * (WEIGHTS[event] ?? 1) }))), {
    maxLength,
    size: 'max',
  });

async function play(events: readonly Event[]) {
  const model = openModel();
  for (const event of events) {
    await model.happen(event);
  }
  return model;
}

test('no sequence of events leads to a charge that was not approved, or to two', { timeout: 110_000 }, async () => {
  const ends = { charged: 0, waiting: 0, held: 0, ended: 0, doubts: 0 };
  await fc.assert(
    fc.asyncProperty(ofThese(EVENTS, 50), async (events) => {
      const { charges, approvals, topUps, engine } = await play(['step', ...events, 'what was sent lands']);
      assert.deepEqual(topUps, [], 'the card is never charged');
      assert.ok(charges.length <= 1, `${charges.length} charges`);
      for (const { sentAt, cents, cases } of charges) {
        const covered = approvals.some(
          (one) => one.at <= sentAt && sentAt < one.at + 15 * MINUTE && one.cents === cents && one.cases === cases,
        );
        assert.ok(covered, `charged ${cents} without an approval that covers it`);
      }
      ends.charged += charges.length;
      ends.waiting += engine.status === 'waiting' ? 1 : 0;
      ends.held += engine.status === 'held' ? 1 : 0;
      ends.ended += engine.status === 'ended' ? 1 : 0;
      ends.doubts += [...engine.calls.values()].some(({ doubts }) => doubts > 0) ? 1 : 0;
    }),
    { numRuns: SEQUENCES },
  );
  // A model that never comes near a charge would prove nothing.
  for (const [end, times] of Object.entries(ends)) {
    assert.ok(times > SEQUENCES / 100, `only ${times} sequences ended ${end}`);
  }
});

test('without a single approval nothing is sent that could charge', async () => {
  const unapproved = EVENTS.filter((event) => event !== 'approve' && event !== 'answer to an earlier question');
  await fc.assert(
    fc.asyncProperty(ofThese(unapproved, 50), async (events) => {
      const { charges, keys } = await play(['step', ...events]);
      assert.deepEqual([charges.length, keys.size], [0, 0]);
    }),
    { numRuns: 2_000 },
  );
});
