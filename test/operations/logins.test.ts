/** What a login is for: orders held without one go on with it, and those who look see why they were held. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { loadConfig } from '../../src/config.ts';
import { openLog } from '../../src/log.ts';
import { openDoctorLogins } from '../../src/operations/commands/doctor-logins.ts';
import { holdCredential, listHolds } from '../../src/orders/store/credentials.ts';
import { openLeases } from '../../src/orders/store/leases.ts';
import { startWatch } from '../../src/orders/watch.ts';
import { configOf, file, vendors } from '../config/fixture.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { type DeviceServer, deviceServer, useLogin, vendorWithLogin } from '../support/device-flow.ts';
import { type ApiRig, apiRig, assertProblem, TOKENS } from './api-rig.ts';

const LOGIN = '/api/sites/site/vendors/toy/login';
const COMMAND = 'npm run login -- --site site --vendor toy';

onEveryDatabase('logins', ({ open }) => {
  let rig: ApiRig;
  let device: DeviceServer;
  let close: () => Promise<void>;
  afterEach(async () => {
    await rig.close();
    await close();
    await device.close();
  });

  async function begin(change: Partial<ReturnType<typeof vendorWithLogin>['vendor']> = {}): Promise<void> {
    device = await deviceServer();
    const { vendor, http } = vendorWithLogin(device.url);
    rig = await apiRig(await open(), { vendor: { ...vendor, ...change }, ledger: [], cancelled: [] });
    rig.route.http = http;
    close = () => http.close();
  }

  async function logIn(): Promise<unknown> {
    const { json } = await rig.post(LOGIN, 'operator');
    assert.ok(typeof json === 'object' && json !== null && 'login' in json, JSON.stringify(json));
    return (await rig.post(LOGIN, 'operator', { login: json.login })).json;
  }

  const stateOf = async () => {
    const { json } = await rig.get(LOGIN, 'operator');
    assert.ok(typeof json === 'object' && json !== null && 'state' in json && 'detail' in json && 'since' in json);
    return json;
  };

  test('an order is held until somebody logs in, goes on by itself, and is held again when the login is refused', async () => {
    await begin();
    await rig.start();
    await rig.admit('1');
    const held = await rig.settle('1');
    assert.deepEqual([held.status, held.reason?.code, held.heldBy], ['held', 'vendor-unauthorized', 'credential']);
    const page = await rig.get(`/api/orders/${held.publicId}`);
    assert.ok(page.text.includes(COMMAND), page.text);
    assert.match(
      (await rig.ask('/metrics')).text,
      /^fhir_ai_adapter_credentials_held\{site="site",vendor="toy",code="vendor-unauthorized"\} 1$/m,
    );
    assert.match(rig.said(), /"operator":"Log in again: npm run login -- --site site --vendor toy\..*order held/);

    assert.deepEqual(await logIn(), {
      state: 'done',
      as: 'dr.koch@hospital.example',
      until: '2027-03-01T12:00:00.000Z',
      released: true,
    });
    assert.equal((await rig.settle('1', ({ leg }) => leg === 'ended')).status, 'completed');
    assert.doesNotMatch((await rig.ask('/metrics')).text, /^fhir_ai_adapter_credentials_held\{/m);

    device.valid.clear();
    await rig.admit('2');
    const refused = await rig.settle('2');
    assert.deepEqual([refused.status, refused.reason?.code], ['held', 'vendor-unauthorized']);
    await logIn();
    assert.equal((await rig.settle('2', ({ leg }) => leg === 'ended')).status, 'completed');
    const said = rig.said();
    for (const secret of device.issued) {
      assert.ok(!said.includes(secret), secret);
    }
    assert.match(said, /"user":"otto".*"msg":"logged in"/);
  });

  test('a quota that is used up is not released by a login', async () => {
    await begin();
    const whose = { credential: 'credential', site: 'site', vendor: 'toy', now: rig.clock.now() };
    await holdCredential(rig.database, { ...whose, reason: { code: 'vendor-quota', text: 'used up' } });
    assert.match(JSON.stringify(await logIn()), /"released":false/);
    assert.equal((await listHolds(rig.database)).length, 1);
  });

  test('the state of a login is seen by asking the vendor', async () => {
    await begin();
    const none = await stateOf();
    assert.deepEqual([none.state, none.since], ['none', null]);
    assert.ok(String(none.detail).includes(COMMAND));
    await logIn();
    assert.deepEqual(await stateOf(), { state: 'works', detail: 'the login works', since: '2026-11-22T10:00:00.000Z' });
    device.valid.clear();
    const refused = await stateOf();
    assert.equal(refused.state, 'refused');
    assert.ok(String(refused.detail).includes(COMMAND));
    await device.close();
    assert.equal((await stateOf()).state, 'unknown');
  });

  test('the doctor asks the adapter, and says where there is none', async () => {
    await begin();
    const look = async (url = rig.url, site = 'site') => {
      const logins = openDoctorLogins({ ADAPTER_URL: url, ADAPTER_TOKEN: TOKENS.operator }, configOf(file()));
      const found = await logins.look(site, 'toy');
      await logins.close();
      return found;
    };
    assert.equal((await look()).state, 'wrong');
    await logIn();
    assert.deepEqual(await look(), { state: 'ok', detail: 'the login works' });
    device.valid.clear();
    const refused = await look();
    assert.equal(refused.state, 'wrong');
    assert.ok(refused.detail.includes(COMMAND), refused.detail);
    const nowhere = await look('http://127.0.0.1:1');
    assert.equal(nowhere.state, 'warning');
    assert.match(nowhere.detail, /^its login cannot be looked at: No adapter answers/);
    assert.equal((await look(rig.url, 'quiet')).state, 'warning');
  });

  test('a login is an operator’s matter, of a vendor that has one, and asked for as described', async () => {
    await begin();
    assertProblem(await rig.post(LOGIN, undefined), 401);
    assertProblem(await rig.post(LOGIN, 'viewer'), 403);
    assertProblem(await rig.get(LOGIN, 'viewer'), 403);
    assertProblem(await rig.post('/api/sites/site/vendors/other/login', 'operator'), 404);
    assertProblem(await rig.post('/api/sites/quiet/vendors/toy/login', 'operator'), 404);
    assertProblem(await rig.post(LOGIN, 'operator', { login: 'x y' }), 400);
    assertProblem(await rig.post(LOGIN, 'operator', { code: 'x' }), 400);
    assertProblem(await rig.ask(LOGIN, { method: 'DELETE' }), 405);
    assert.deepEqual((await rig.post(LOGIN, 'operator', { login: 'never-begun' })).json, { state: 'replaced' });
    assert.deepEqual(device.grants, []);
  });

  test('a page that is none of the web is not shown to anybody', async () => {
    await begin();
    const { vendor } = rig.route;
    const { login } = vendor;
    assert.ok(login);
    vendor.login = {
      ...login,
      begin: async (site) => ({ ...(await login.begin(site)), verificationUri: 'javascript:alert(1)' }),
    };
    assertProblem(await rig.post(LOGIN, 'operator'), 502, 'vendor-protocol');
  });

  test('a refusal that only the shared look meets holds the orders at once', async () => {
    let looks = 0;
    await begin({
      async watch(site) {
        looks++;
        await useLogin(site);
        return [];
      },
      advance: async (state) => ({ next: state, after: 3600 }),
    });
    await logIn();
    device.valid.clear();
    await rig.start();
    await rig.admit('1');
    await rig.settle('1', ({ nextAt, status }) => status === 'working' && nextAt !== null && nextAt > rig.clock.now(), {
      jump: false,
    });
    const lines: string[] = [];
    const { clock, database, services } = rig;
    const watch = startWatch(
      {
        ...{ database, clock, sites: services.sites },
        leases: openLeases(database, 'watch', () => clock.now()),
        log: openLog('debug', { write: (line) => void lines.push(line) }),
      },
      { everySeconds: 3600, page: 10 },
    );
    await watch.look();
    assert.equal(looks, 1);
    assert.deepEqual(
      (await listHolds(database)).map(({ reason }) => reason.code),
      ['vendor-unauthorized'],
    );
    assert.ok(lines.join('').includes(COMMAND), lines.join(''));
    assert.match(JSON.stringify(await logIn()), /"released":true/);
    clock.advance(600);
    await watch.look();
    assert.deepEqual([looks, await listHolds(database)], [2, []], 'with the new login it is looked at again');
    await watch.stop();
  });
});

test('a vendor that people log in with needs a key to keep the login under', () => {
  const known = { healthsage: { ...vendors.healthsage, login: {} } } as typeof vendors;
  const load = (security: object) =>
    loadConfig({
      text: JSON.stringify(file({ security })),
      path: 'adapter.json',
      env: {},
      readFile: () => '',
      vendors: known,
    });
  const loaded = load({});
  assert.ok('problems' in loaded);
  assert.deepEqual(
    loaded.problems.map(({ path, message }) => `${path} ${message}`),
    ["security.encryptionKey is missing: sites[0].vendors.healthsage needs a person's login, which is kept encrypted"],
  );
  assert.ok('config' in load({ encryptionKey: 'a key of sixteen characters' }));
});
