/** Whatever happens in whatever order, money is spent for what a person has approved, in time, once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EVENTS, type Event, MINUTE, openModel } from './money-model.ts';

const SEQUENCES = 10_000;

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
    fc.asyncProperty(fc.array(fc.constantFrom(...EVENTS), { minLength: 6, maxLength: 40 }), async (events) => {
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
    fc.asyncProperty(fc.array(fc.constantFrom(...unapproved), { maxLength: 40 }), async (events) => {
      const { charges, keys } = await play(['step', ...events]);
      assert.deepEqual([charges.length, keys.size], [0, 0]);
    }),
    { numRuns: 2_000 },
  );
});
