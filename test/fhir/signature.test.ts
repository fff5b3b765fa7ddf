import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentReference, ServiceRequest } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { addedSources, compareSignatures, signatureOf, sourcesOf } from '../../src/fhir/signature.ts';

const order: ServiceRequest = {
  resourceType: 'ServiceRequest',
  id: 's',
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/p' },
};
const note = (id: string, data = 'text'): { reference: string; resource: DocumentReference } => ({
  reference: `DocumentReference/${id}`,
  resource: { resourceType: 'DocumentReference', id, status: 'current', content: [{ attachment: { data } }] },
});
const before = signatureOf(order, [note('1'), note('2')]);

test('what came beside an order is told from what changed in it', () => {
  assert.equal(compareSignatures(before, signatureOf(order, [note('2'), note('1')])), 'none', 'in another order');
  const more = signatureOf(order, [note('1'), note('2'), note('3')]);
  assert.equal(compareSignatures(before, more), 'added');
  assert.deepEqual(addedSources(before, more), ['DocumentReference/3']);
  assert.equal(compareSignatures(more, before), 'changed', 'something was removed');
  assert.equal(compareSignatures(before, signatureOf(order, [note('1'), note('2', 'other'), note('3')])), 'changed');
  const status = { ...order, priority: 'stat' as const, status: 'completed' as const };
  assert.equal(compareSignatures(before, signatureOf(status, [note('1'), note('2')])), 'none');
  assert.equal(
    compareSignatures(before, signatureOf({ ...order, code: { text: 'x' } }, [note('1'), note('2')])),
    'changed',
  );
});

test('an order under way is not changed by an upgrade: its signature is what it always was', () => {
  const extension = [{ url: 'https://ehr.example/printed', valueBoolean: true }];
  assert.equal(
    signatureOf({ ...order, code: { text: 'Malaria smear' }, extension }, []),
    '{"order":"73bca6ad02efcbf4d06a8438ce3164df17bf5ce74fea9396ea346d62ff21e314","sources":{}}',
  );
});

test('extensions count where they say what is ordered', () => {
  const [stain, other] = ['HER2', 'ER'].map((valueString) => [{ url: 'urn:x:stain', valueString }]);
  const signature = signatureOf(order, [], stain);
  assert.equal(compareSignatures(signature, signatureOf(order, [], stain)), 'none');
  assert.equal(compareSignatures(signature, signatureOf(order, [], other)), 'changed');
  assert.equal(compareSignatures(signature, signatureOf(order, [])), 'changed');
});

test('a source that could not be read for a while is no change', () => {
  const unread = signatureOf(order, [note('1'), { reference: 'DocumentReference/2' }]);
  assert.equal(compareSignatures(before, unread), 'none');
  assert.equal(compareSignatures(unread, before), 'none');
});

test('contained sources are nobody else’s news', () => {
  const signature = signatureOf(order, [note('1'), { reference: '#inside' }]);
  assert.deepEqual(sourcesOf(signature), ['DocumentReference/1']);
});

test('an order of a version that stored one digest is not done again for being looked at', () => {
  assert.equal(compareSignatures('a'.repeat(64), before), 'none');
});

test('whatever is stored, comparing throws nothing, and equal texts are no change', () => {
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.string(), fc.json(), fc.constant(before)), (one, other) => {
      assert.equal(compareSignatures(one, one), 'none');
      assert.ok(['none', 'added', 'changed'].includes(compareSignatures(one, other)));
      assert.ok(Array.isArray(sourcesOf(other)));
    }),
  );
});
