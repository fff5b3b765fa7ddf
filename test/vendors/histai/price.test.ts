/** What a cohort would cost, in both readings of the vendor's table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { agreement, cheaperWith, priceOf, type Reading, TIERS } from '../../../src/vendors/histai/price.ts';

/** Dollars; the worked examples of the vendor's table. */
const EXAMPLES: [he: number, other: number, a: number, b: number][] = [
  [2, 1, 50, 50],
  [99, 0, 495, 495],
  [100, 0, 400, 400],
  [80, 30, 1_280, 1_600],
  [0, 99, 3_960, 3_960],
  [0, 100, 3_200, 3_200],
  [999, 0, 3_996, 3_996],
  [1_000, 0, 3_000, 3_000],
  [9_999, 0, 29_997, 29_997],
  [10_000, 1, 20_023, 20_040],
  [0, 10_000, 230_000, 230_000],
  [0, 0, 0, 0],
];

for (const [he, other, a, b] of EXAMPLES) {
  test(`${he} in H&E and ${other} others cost ${a} or ${b} dollars`, () => {
    assert.equal(priceOf({ he, other }, 'A'), a * 100);
    assert.equal(priceOf({ he, other }, 'B'), b * 100);
  });
}

test('the vendor’s own figure agrees within a cent with one reading, both or none', () => {
  const told: [he: number, other: number, usd: number, reading: Reading | 'both' | undefined][] = [
    [80, 30, 1_280, 'A'],
    [80, 30, 1_600, 'B'],
    [2, 1, 50, 'both'],
    [2, 1, 50.01, 'both'],
    [2, 1, 49.99, 'both'],
    [2, 1, 50.02, undefined],
    [2, 1, 49.98, undefined],
    [80, 30, 1_440, undefined],
    [2, 1, Number.NaN, undefined],
    [2, 1, 5_000, undefined],
  ];
  for (const [he, other, usd, reading] of told) {
    assert.equal(agreement({ he, other }, usd), reading, `${usd}`);
  }
});

test('the next tier may be cheaper than staying below it', () => {
  assert.deepEqual(cheaperWith({ he: 99, other: 0 }, 'A'), { more: 1, of: 'he', saves: 9_500 });
  assert.deepEqual(cheaperWith({ he: 80, other: 0 }, 'A'), undefined);
  assert.deepEqual(cheaperWith({ he: 81, other: 0 }, 'A'), { more: 19, of: 'he', saves: 500 });
  assert.deepEqual(cheaperWith({ he: 0, other: 99 }, 'A'), { more: 1, of: 'he', saves: 78_800 });
  assert.deepEqual(cheaperWith({ he: 0, other: 99 }, 'B'), { more: 1, of: 'other', saves: 76_000 });
  assert.deepEqual(cheaperWith({ he: 100, other: 0 }, 'B'), undefined);
  assert.deepEqual(cheaperWith({ he: 20_000, other: 20_000 }, 'A'), undefined);
});

const few = fc.nat(12_000);
const reading = fc.constantFrom<Reading>('A', 'B');

test('within a tier more slides never cost less', () => {
  fc.assert(
    fc.property(fc.constantFrom(...TIERS.keys()), few, few, fc.nat(300), reading, (tier, he, other, more, by) => {
      const [from, to] = [TIERS[tier]?.from ?? 0, (TIERS[tier + 1]?.from ?? 30_000) - 1];
      const within = (slides: number) => slides >= from && slides <= to;
      const all = by === 'A' ? [he + other, he + other + more] : [he, he + more];
      fc.pre(all.every(within));
      assert.ok(priceOf({ he: he + more, other }, by) >= priceOf({ he, other }, by));
    }),
    { numRuns: 300, maxSkipsPerRun: 1_000 },
  );
});

test('prices are whole cents, agree with themselves, and a hint is true', () => {
  fc.assert(
    fc.property(few, few, reading, (he, other, by) => {
      const counts = { he, other };
      const cents = priceOf(counts, by);
      assert.ok(Number.isSafeInteger(cents) && cents >= 0);
      assert.ok([by, 'both'].includes(agreement(counts, cents / 100) ?? ''));
      assert.equal(agreement(counts, (cents + priceOf(counts, 'A') + priceOf(counts, 'B') + 3) / 100 + 1), undefined);
      const hint = cheaperWith(counts, by);
      if (hint) {
        const joined = { ...counts, [hint.of]: counts[hint.of] + hint.more };
        assert.ok(hint.more > 0 && hint.saves > 0);
        assert.equal(cents - priceOf(joined, by), hint.saves);
      }
    }),
  );
});
