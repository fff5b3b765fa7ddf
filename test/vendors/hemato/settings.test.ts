import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hemato } from '../../../src/vendors/hemato/index.ts';

const session = { type: 'session', user: 'lab@example.org', password: 'a password' };
const keyPair = { type: 'key-pair', issuer: 'org', subject: 'user', kid: 'k1', privateKeyFile: '/run/secrets/key.pem' };

function problems(settings: Record<string, unknown>): string[] {
  const read = hemato.settings.safeParse(settings);
  return read.success ? [] : read.error.issues.map(({ path }) => path.join('.'));
}

test('the oldest documents have one host; of the others a region has to be named, because data stay in it', () => {
  const legacy = hemato.settings.parse({ profile: 'legacy', auth: session });
  assert.deepEqual([legacy.baseUrl, legacy.header], ['https://api.hemato.ai', 'raw']);
  assert.deepEqual(problems({ auth: session }), ['baseUrl']);
  assert.deepEqual(problems({ profile: '2024', auth: keyPair }), ['baseUrl']);
  const regional = hemato.settings.parse({ baseUrl: 'https://eu.api.hemato.ai/', auth: keyPair });
  assert.deepEqual(
    [regional.baseUrl, regional.profile, regional.header],
    ['https://eu.api.hemato.ai', '2023', 'bearer'],
  );
});

test('host, profile and header are settings of their own', () => {
  const of = (baseUrl: string, more = {}) => hemato.settings.parse({ baseUrl, auth: session, ...more }).header;
  assert.equal(of('https://us.api.hemato.ai', { profile: 'legacy' }), 'bearer');
  assert.equal(of('https://api.hemato.ai', { profile: '2024' }), 'raw');
  assert.equal(of('http://127.0.0.1:8090/hemato', { profile: 'legacy' }), 'raw');
  assert.equal(of('http://127.0.0.1:8090/hemato', { profile: '2024' }), 'bearer');
  assert.equal(of('https://api.hemato.ai', { header: 'bearer' }), 'bearer');
});

test('hosts and log-ins that are not for patients have to be said aloud', () => {
  for (const name of ['dev', 'qa', 'in']) {
    const settings = { baseUrl: `https://${name}.api.hemato.ai`, auth: session };
    assert.deepEqual(problems(settings), ['testDataOnly']);
    assert.deepEqual(problems({ ...settings, testDataOnly: true }), []);
  }
  assert.deepEqual(problems({ profile: 'legacy', auth: { type: 'demo' } }), ['testDataOnly']);
  assert.deepEqual(problems({ profile: 'legacy', auth: { type: 'demo' }, baseUrl: 'http://127.0.0.1:1' }), []);
  assert.deepEqual(problems({ baseUrl: 'https://us.api.hemato.ai', auth: session }), []);
});

test('a key pair has exactly one private key', () => {
  const baseUrl = 'https://eu.api.hemato.ai';
  assert.deepEqual(problems({ baseUrl, auth: { ...keyPair, privateKey: 'x' } }), ['auth.privateKeyFile']);
  const { privateKeyFile: _, ...none } = keyPair;
  assert.deepEqual(problems({ baseUrl, auth: none }), ['auth.privateKeyFile']);
  assert.deepEqual(problems({ baseUrl, auth: { ...keyPair, alg: 'HS256' } }), ['auth.alg']);
});

test('options have defaults, and limits', () => {
  assert.deepEqual(hemato.options.parse({}), { heatMaps: 50, differentialAsCondition: false });
  assert.equal(hemato.options.parse({ heatMaps: false }).heatMaps, 0);
  for (const wrong of [{ tasks: [] }, { tasks: ['a b'] }, { rbcDiameter: 0.1 }, { heatMaps: 501 }]) {
    assert.equal(hemato.options.safeParse(wrong).success, false);
  }
});

test('a budget belongs to who logs in, not to how the key is stored', () => {
  const of = (auth: object) => hemato.credential(hemato.settings.parse({ baseUrl: 'https://eu.api.hemato.ai', auth }));
  const { privateKeyFile: _, ...rest } = keyPair;
  assert.equal(of(keyPair), of({ ...rest, privateKey: 'the key itself' }));
  assert.notEqual(of(keyPair), of({ ...keyPair, subject: 'another' }));
  assert.notEqual(of(keyPair), of(session));
});
