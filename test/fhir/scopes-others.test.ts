/** The scopes of a site that has a vendor whose results are about other people, and of one that has none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingScopes, SCOPES_V2, scopeChoices } from '../../src/fhir/auth/scopes.ts';
import { describeMissing } from '../../src/operations/doctor/scopes.ts';

const HINTS = { capabilities: ['permission-v2'], scopesSupported: [] };

test('groups and new patients are asked for only where results are about others', () => {
  assert.equal(scopeChoices(HINTS)[0], SCOPES_V2);
  const [more = '', v1 = ''] = scopeChoices({ ...HINTS, others: true });
  const beside = more.split(' ').filter((scope) => !SCOPES_V2.split(' ').includes(scope));
  assert.deepEqual(beside.sort(), ['system/Group.crus', 'system/Patient.crus']);
  assert.ok(v1.includes('system/Group.write') && v1.includes('system/Patient.write'));
  assert.deepEqual(missingScopes(more, true).missing, []);
});

test('what is missing for results about others is told apart from what every order needs', () => {
  assert.deepEqual(missingScopes(SCOPES_V2).missing, []);
  const { missing } = missingScopes(SCOPES_V2, true);
  assert.deepEqual(missing, [
    { type: 'Group', letters: 'crus', others: true },
    { type: 'Patient', letters: 'cu', others: true },
  ]);
  assert.equal(
    describeMissing(missing),
    'system/Group.crus system/Patient.cu (results about other people go without their group or their cases)',
  );
  const none = missingScopes(SCOPES_V2.replace('system/Patient.rs ', ''), true).missing;
  assert.deepEqual(
    none.filter(({ type }) => type === 'Patient'),
    [
      { type: 'Patient', letters: 'rs' },
      { type: 'Patient', letters: 'cu', others: true },
    ],
  );
});
