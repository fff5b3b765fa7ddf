import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { configSchema } from '../../src/config/schema.ts';
import { authenticate, authenticateSender, mayAuthenticate, sign } from '../../src/subscriptions/authenticate.ts';
import { siteConfig } from './doubles.ts';

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

test("athenahealth's X-Hub-Signature is sha256= and the hex HMAC of the raw bytes, with either secret", () => {
  const proof = (signature: string, bytes: Uint8Array = body) =>
    authenticate([NEW, OLD], { headers: { 'x-hub-signature': signature }, body: bytes });
  assert.equal(proof(`sha256=${sign(NEW, body)}`), 'signature');
  assert.equal(proof(`sha256=${sign(OLD, body)}`), 'signature');
  assert.equal(proof(`SHA256=${sign(NEW, body).toUpperCase()}`), 'signature');
  assert.equal(proof(`sha256=${sign('another-secret', body)}`), undefined);
  assert.equal(proof(`sha256=${sign(NEW, body)}`, Buffer.concat([body, Buffer.from(' ')])), undefined);
  for (const form of [sign(NEW, body), `sha1=${sign(NEW, body)}`, `sha256=${sign(NEW, body)}0`, 'sha256=', '']) {
    assert.equal(proof(form), undefined, form);
  }
  const named = { 'x-medplum-deleted-resource': 'DocumentReference/1' };
  for (const nothing of [Buffer.from('{}'), Buffer.alloc(0)]) {
    const headers = { ...named, 'x-hub-signature': `sha256=${sign(NEW, nothing)}` };
    assert.equal(authenticate(NEW, { headers, body: nothing }), undefined, 'a delete is never signed so');
  }
});

test('a signature that fails does not spoil the other', () => {
  const wrong = 'f'.repeat(64);
  const hub = { 'x-signature': wrong, 'x-hub-signature': `sha256=${sign(NEW, body)}` };
  assert.equal(authenticate(NEW, { headers: hub, body }), 'signature');
  const medplum = { 'x-signature': sign(NEW, body), 'x-hub-signature': `sha256=${wrong}` };
  assert.equal(authenticate(NEW, { headers: medplum, body }), 'signature');
});

const SUBJECT = 'CN=fhir.hospital.example,O=General Hospital,C=DE';
const certificate = { header: 'x-client-subject', subject: SUBJECT };

test('a client certificate is asked for beside the secret', () => {
  const proof = (headers: Record<string, string | string[]>) =>
    authenticateSender({ secret: NEW, clientCertificate: certificate }, { headers, body });
  const authorization = `Bearer ${NEW}`;
  assert.equal(proof({ authorization, 'x-client-subject': SUBJECT }), 'secret');
  assert.equal(proof({ 'x-client-subject': SUBJECT, 'x-signature': sign(NEW, body) }), 'signature');
  assert.equal(proof({ authorization }), undefined);
  assert.equal(proof({ authorization, 'x-client-subject': `${SUBJECT}x` }), undefined);
  assert.equal(proof({ authorization, 'x-client-subject': '' }), undefined);
  assert.equal(proof({ authorization, 'x-client-subject': [SUBJECT, SUBJECT] }), undefined);
  assert.equal(proof({ 'x-client-subject': SUBJECT }), undefined, 'alone it is not enough');
});

test('a client certificate stands instead of the secret where the site says secret: none', () => {
  const clientCertificate = { ...certificate, subject: ['CN=old', SUBJECT] };
  const proof = (headers: Record<string, string>) =>
    authenticateSender({ secret: 'none', clientCertificate }, { headers, body });
  assert.equal(proof({ 'x-client-subject': SUBJECT }), 'certificate');
  assert.equal(proof({ 'x-client-subject': 'CN=old' }), 'certificate', 'two while certificates change');
  assert.equal(proof({}), undefined);
  assert.equal(proof({ 'x-client-subject': 'CN=fhir.hospital.example' }), undefined);
});

test('the header of a certificate means nothing where the site names none', () => {
  const headers = { 'x-client-subject': SUBJECT };
  assert.equal(authenticateSender({ secret: NEW }, { headers, body }), undefined);
  assert.equal(authenticateSender({ secret: 'none' }, { headers, body }), 'open');
});

test('what cannot become authentic is known before its body is read', () => {
  const may = (headers: Record<string, string>, clientCertificate?: typeof certificate) =>
    mayAuthenticate({ secret: [NEW, OLD], clientCertificate }, headers);
  assert.equal(may({ authorization: `Bearer ${OLD}` }), true);
  assert.equal(may({ 'x-signature': 'anything' }), true);
  assert.equal(may({ 'x-hub-signature': `sha256=${'0'.repeat(64)}` }), true);
  assert.equal(may({ 'x-hub-signature': 'sha1=0' }), false);
  assert.equal(may({ authorization: 'Bearer another' }), false);
  assert.equal(may({}), false);
  assert.equal(may({ authorization: `Bearer ${OLD}` }, certificate), false);
  assert.equal(may({ authorization: `Bearer ${OLD}`, 'x-client-subject': SUBJECT }, certificate), true);
  assert.equal(mayAuthenticate({ secret: 'none' }, {}), true);
});

test('the configuration names header and subject of the certificate, the header in any case', () => {
  const { subscriptions } = siteConfig({ clientCertificate: { header: 'X-SSL-Client-S-DN', subject: SUBJECT } });
  assert.deepEqual(subscriptions.clientCertificate, { header: 'x-ssl-client-s-dn', subject: SUBJECT });
  assert.equal(siteConfig().subscriptions.clientCertificate, undefined);
  const refused = [
    { header: 'x y', subject: 'CN=x' },
    { header: 'x' },
    { header: 'x', subject: ' ' },
    { header: 'x', subject: 'CN=x', trust: true },
  ];
  for (const clientCertificate of refused) {
    const site = { name: 's', fhir: {}, subscriptions: { secret: NEW, clientCertificate } };
    const problems = configSchema.safeParse({ sites: [site] }).error?.issues ?? [];
    assert.ok(
      problems.some(({ path }) => path.includes('clientCertificate')),
      JSON.stringify(clientCertificate),
    );
  }
});

test('nobody gets in by chance', () => {
  const header = fc.string({ unit: 'binary', maxLength: 80 });
  fc.assert(
    fc.property(header, header, fc.uint8Array({ maxLength: 50 }), (authorization, signature, bytes) => {
      const plain = { authorization, 'x-signature': signature, 'x-notify-secret': signature };
      const headers = { ...plain, 'x-hub-signature': `sha256=${signature}`, 'x-client-subject': signature };
      assert.equal(authenticate([NEW, OLD], { headers, body: bytes }), undefined);
    }),
  );
});
