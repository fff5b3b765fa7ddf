/** A cohort's name leads back to its order and tells nothing of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cohortName, isNameOf, LONGEST_NAME } from '../../../src/vendors/histai/cohort-name.ts';

const KEY = 'general/ServiceRequest/mrn-4711/cohorts';

test('the name carries a hash of the order’s key, and not the key', () => {
  const name = cohortName(KEY);
  assert.match(name, /^Research cohort fhir-ai-adapter-[0-9a-f]{24}$/);
  assert.equal(name, cohortName(KEY));
  for (const part of ['4711', 'general', 'ServiceRequest']) {
    assert.ok(!name.includes(part));
  }
});

test('it is found by the same order alone; each generation has its own', () => {
  assert.ok(isNameOf(cohortName(KEY), KEY));
  assert.ok(!isNameOf(cohortName(`${KEY}~2`), KEY));
  assert.ok(!isNameOf(`${cohortName(KEY)}0`, KEY));
  assert.ok(!isNameOf('', KEY));
});

test('a site’s own title stands before it, as far as there is room', () => {
  assert.match(cohortName(KEY, ' St. Mary\n\u0000 Pathology '), /^St\. Mary Pathology fhir-ai-adapter-/);
  assert.match(cohortName(KEY, '\u200B \t'), /^fhir-ai-adapter-/);
  const long = cohortName(KEY, '🔬'.repeat(200));
  assert.ok(long.length <= LONGEST_NAME && long.isWellFormed());
});

test('whatever key and title, the name is short enough, not blank, and found again', () => {
  // Code units of any kind, halves of pairs among them.
  const units = fc.array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 })), { maxLength: 260 });
  const text = fc.oneof(
    units.map((all) => String.fromCharCode(...all)),
    fc.string({ maxLength: 260 }),
  );
  fc.assert(
    fc.property(text, text, (key, title) => {
      const name = cohortName(key, title);
      assert.ok(name.length <= 200 && name.trim() === name && name !== '' && name.isWellFormed());
      assert.ok(isNameOf(name, key));
    }),
    { numRuns: 300 },
  );
});
