/** An approval is for this cohort with these slides at this price, and for no other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CohortContent, contentHash } from '../../../src/vendors/histai/content-hash.ts';

const CONTENT: CohortContent = {
  cohortId: 'cohort-1',
  cases: [
    { caseId: 'a', slideIds: ['a1', 'a2'] },
    { caseId: 'b', slideIds: ['b1'] },
  ],
  cents: 5_000,
  currency: 'USD',
};

test('it is a SHA-256 in hex, the same in whatever order the vendor lists', () => {
  const turned = {
    ...CONTENT,
    cases: [
      { slideIds: ['b1'], caseId: 'b' },
      { caseId: 'a', slideIds: ['a2', 'a1'] },
    ],
  };
  assert.match(contentHash(CONTENT), /^[0-9a-f]{64}$/);
  assert.equal(contentHash(turned), contentHash(CONTENT));
});

const CHANGES: [what: string, change: Partial<CohortContent>][] = [
  ['another cohort', { cohortId: 'cohort-2' }],
  ['a cent more', { cents: 5_001 }],
  ['a cent less', { cents: 4_999 }],
  ['no price', { cents: Number.NaN }],
  ['another currency', { currency: 'EUR' }],
  [
    'a slide less',
    {
      cases: [
        { caseId: 'a', slideIds: ['a1'] },
        { caseId: 'b', slideIds: ['b1'] },
      ],
    },
  ],
  [
    'a slide more',
    {
      cases: [
        { caseId: 'a', slideIds: ['a1', 'a2', 'a3'] },
        { caseId: 'b', slideIds: ['b1'] },
      ],
    },
  ],
  [
    'a slide of another case',
    {
      cases: [
        { caseId: 'a', slideIds: ['a1'] },
        { caseId: 'b', slideIds: ['a2', 'b1'] },
      ],
    },
  ],
  ['a case twice', { cases: [...CONTENT.cases, { caseId: 'b', slideIds: ['b1'] }] }],
  [
    'a slide twice',
    {
      cases: [
        { caseId: 'a', slideIds: ['a1', 'a2', 'a2'] },
        { caseId: 'b', slideIds: ['b1'] },
      ],
    },
  ],
  ['nothing', { cases: [] }],
];

for (const [what, change] of CHANGES) {
  test(`${what} is another content`, () => {
    assert.notEqual(contentHash({ ...CONTENT, ...change }), contentHash(CONTENT));
  });
}

test('contents have the same hash where they are the same, and only there', () => {
  const id = fc.string({ maxLength: 3 });
  const slideIds = fc.uniqueArray(id, { maxLength: 3 });
  const cases = fc.uniqueArray(fc.record({ caseId: id, slideIds }), { maxLength: 3, selector: ({ caseId }) => caseId });
  const content = fc.record({ cohortId: id, cases, cents: fc.nat(3), currency: fc.constantFrom('USD', 'EUR') });
  const plain = ({ cohortId, cases: all, cents, currency }: CohortContent) => ({
    cohortId,
    cents,
    currency,
    cases: new Map(all.map((one) => [one.caseId, new Set(one.slideIds)])),
  });
  const isSame = (one: CohortContent, other: CohortContent): boolean => {
    try {
      assert.deepEqual(plain(one), plain(other));
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(content, content, (one, other) => {
      assert.equal(contentHash(one) === contentHash(other), isSame(one, other));
      const turned = {
        ...one,
        cases: one.cases.map((each) => ({ ...each, slideIds: each.slideIds.toReversed() })).toReversed(),
      };
      assert.equal(contentHash(turned), contentHash(one));
    }),
  );
});
