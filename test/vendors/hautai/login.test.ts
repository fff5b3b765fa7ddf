import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AdapterError } from '../../../src/errors.ts';
import { check } from '../../../src/vendors/hautai/check.ts';
import { hautai } from '../../../src/vendors/hautai/index.ts';
import { clock, drive, orderOf, siteOf } from './drive.ts';
import { companyId, datasetId, type Served, serveHautai, VENDOR } from './serve.ts';

const LOGIN = { username: 'adapter@sandbox.example', password: 'sandbox-password' };
const ORDER = orderOf(['front'], { masks: 'none' });

async function open(t: TestContext, more: Record<string, unknown>) {
  const time = clock();
  const served = await serveHautai(time.now, { masks: [] });
  const site = siteOf(served, time, more);
  t.after(() => Promise.all([site.close(), served.close()]));
  return { served, site, time };
}

const calls = ({ seen }: Served, path: string): number => seen.filter((one) => one.path.endsWith(path)).length;

test('a login is made once for many orders, prolonged when its hour is over, and written down nowhere', async (t) => {
  const { served, site, time } = await open(t, { login: LOGIN });
  const both = await Promise.all([drive(site, ORDER), drive(site, { ...ORDER, pseudonym: 'pseud-2' })]);
  assert.ok(both.every(({ end }) => 'done' in end));
  assert.equal(calls(served, '/auth/login/'), 1);
  const tokens = new Set(served.seen.flatMap(({ headers }) => headers.authorization?.slice('Bearer '.length) ?? []));
  assert.equal(tokens.size, 1);
  for (const secret of [...tokens, LOGIN.password]) {
    assert.ok(both.every(({ stored }) => !stored.includes(secret)));
  }
  time.advance(3600);
  assert.ok('done' in (await drive(site, ORDER)).end);
  assert.deepEqual([calls(served, '/auth/login/'), calls(served, '/auth/refresh/')], [1, 1]);
});

test('a login that the vendor has ended is made anew once, in the middle of an order', async (t) => {
  const { served, site } = await open(t, { login: LOGIN });
  await drive(site, ORDER);
  served.faults.set(VENDOR, 'token-expired');
  const { end, errors } = await drive(site, ORDER);
  assert.ok('done' in end);
  assert.deepEqual(errors, []);
  assert.equal(calls(served, '/auth/login/'), 2);
  served.faults.setLevel(VENDOR, 'unauthorized', 1);
  const refused = await drive(site, ORDER);
  assert.ok('error' in refused.end && refused.end.error.code === 'vendor-unauthorized');
});

test('wrong passwords, accounts with a second factor and too many logins are told apart', async (t) => {
  for (const [login, code] of [
    [{ ...LOGIN, password: 'wrong' }, 'vendor-unauthorized'],
    [{ ...LOGIN, username: 'mfa@sandbox.example' }, 'vendor-unauthorized'],
  ] as const) {
    const { site } = await open(t, { login });
    const { end } = await drive(site, ORDER);
    assert.ok('error' in end && end.error.code === code && end.error.remedy === 'hold');
    assert.doesNotMatch(end.error.message, /wrong|sandbox/);
  }
  const { served, site } = await open(t, { login: LOGIN });
  served.faults.set(VENDOR, 'login-throttled-429');
  const { end, errors } = await drive(site, ORDER, { tries: 1 });
  assert.ok('done' in end && errors[0]?.code === 'vendor-busy' && errors[0].retryAfter === 60);
});

test('a private token that is refused holds the order', async (t) => {
  const { site } = await open(t, { token: 'another' });
  const { end } = await drive(site, ORDER);
  assert.ok('error' in end && end.error.code === 'vendor-unauthorized');
});

test('the doctor is told of a token that ends soon, has ended, and of a dataset that is not there', async (t) => {
  const { served, site } = await open(t, { token: 'sandbox-token', tokenExpires: '2026-12-31' });
  const at = (date: string) => check(site, new Date(date));
  assert.match(await at('2026-11-22'), /token works.*ends on 2026-12-31/);
  assert.doesNotMatch(await at('2026-11-22'), /WARNING/);
  assert.match(await at('2026-12-02'), /WARNING/);
  await assert.rejects(at('2027-01-01'), AdapterError);
  const elsewhere = { ...site.settings, datasetId: '00000000-0000-4000-8000-000000000000' };
  await assert.rejects(check({ ...site, settings: elsewhere }, new Date('2026-11-22')), /company or the dataset/);
  assert.equal(served.ledger.read()[VENDOR]?.billed.analyses ?? 0, 0);
});

test('settings name one way in, bare storage hosts and nothing unknown', () => {
  const good = { companyId, datasetId, token: 't' };
  const { baseUrl, storageHosts } = hautai.settings.parse(good);
  assert.deepEqual([baseUrl, storageHosts], ['https://saas.haut.ai', ['storage.googleapis.com']]);
  for (const bad of [
    { companyId, datasetId },
    { ...good, login: LOGIN },
    { companyId, datasetId, login: LOGIN, tokenExpires: '2027-01-01' },
    { ...good, companyId: 'north-clinic' },
    { ...good, storageHosts: ['https://storage.example/'] },
    { ...good, tokenExpires: 'soon' },
  ]) {
    assert.equal(hautai.settings.safeParse(bad).success, false, JSON.stringify(bad));
  }
  assert.notEqual(
    hautai.credential(hautai.settings.parse(good)),
    hautai.credential(hautai.settings.parse({ ...good, token: 'other' })),
  );
});
