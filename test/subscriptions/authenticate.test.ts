import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { authenticate, sign } from '../../src/subscriptions/authenticate.ts';

const body = Buffer.from('{"resourceType":"DocumentReference","size":1.0,"title":"Caf\u00e9"}');
const OLD = 'the-old-secret';
const NEW = 'the-new-secret';

test('a signature is the hex HMAC-SHA256 of the raw bytes', () => {
  assert.equal(sign(NEW, body), createHmac('sha256', NEW).update(body).digest('hex'));
  assert.equal(authenticate(NEW, { headers: { 'x-signature': sign(NEW, body) }, body }), 'signature');
  const oneByteMore = Buffer.concat([body, Buffer.from('\n')]);
  assert.equal(authenticate(NEW, { headers: { 'x-signature': sign(NEW, body) }, body: oneByteMore }), undefined);
});

test('the plain secret is taken as a Bearer token or in X-Notify-Secret, and nothing like it', () => {
  const proof = (headers: Record<string, string>) => authenticate(NEW, { headers, body });
  assert.equal(proof({ authorization: `Bearer ${NEW}` }), 'secret');
  assert.equal(proof({ authorization: `bearer ${NEW}` }), 'secret');
  assert.equal(proof({ 'x-notify-secret': NEW }), 'secret');
  for (const authorization of [NEW, `Basic ${NEW}`, `Bearer ${NEW}x`, 'Bearer ', `Bearer ${NEW.slice(0, -1)}`, '']) {
    assert.equal(proof({ authorization }), undefined, authorization);
  }
  assert.equal(proof({}), undefined);
});

test('while rotating both secrets are taken, in either way', () => {
  for (const secret of [NEW, OLD]) {
    assert.equal(authenticate([NEW, OLD], { headers: { authorization: `Bearer ${secret}` }, body }), 'secret');
    assert.equal(authenticate([NEW, OLD], { headers: { 'x-signature': sign(secret, body) }, body }), 'signature');
  }
  assert.equal(authenticate([NEW], { headers: { authorization: `Bearer ${OLD}` }, body }), undefined);
});

test('a wrong signature beside the right secret does no harm: older Medplum servers sign deletes unverifiably', () => {
  const headers = { authorization: `Bearer ${NEW}`, 'x-signature': 'f'.repeat(64) };
  assert.equal(authenticate(NEW, { headers, body: Buffer.from('{}') }), 'secret');
});

test('the signature of {} alone is the same for every delete: it counts only where a resource is named', () => {
  const empty = Buffer.from('{}');
  const signed = { 'x-signature': sign(NEW, empty) };
  assert.equal(authenticate(NEW, { headers: signed, body: empty }), undefined);
  const named = { ...signed, 'x-medplum-deleted-resource': 'DocumentReference/1' };
  assert.equal(authenticate(NEW, { headers: named, body: empty }), 'signature');
  const nothing = Buffer.alloc(0);
  assert.equal(authenticate(NEW, { headers: { 'x-signature': sign(NEW, nothing) }, body: nothing }), undefined);
});

test('a site without secret has said so aloud', () => {
  assert.equal(authenticate('none', { headers: {}, body }), 'open');
});

test('nobody gets in by chance', () => {
  const header = fc.string({ unit: 'binary', maxLength: 80 });
  fc.assert(
    fc.property(header, header, fc.uint8Array({ maxLength: 50 }), (authorization, signature, bytes) => {
      const headers = { authorization, 'x-signature': signature, 'x-notify-secret': signature };
      assert.equal(authenticate([NEW, OLD], { headers, body: bytes }), undefined);
    }),
  );
});
