/** `npm run login` as a person meets it, against the API over HTTP and a server of the device flow. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { type Environment, runCommand } from '../../src/operations/commands/command.ts';
import { loginWith } from '../../src/operations/commands/login.ts';
import { type Database, openDatabase } from '../../src/orders/store/database.ts';
import { type DeviceServer, deviceServer, type Mood, vendorWithLogin } from '../support/device-flow.ts';
import { until } from '../support/until.ts';
import { type ApiRig, apiRig, TOKENS } from './api-rig.ts';

let database: Database;
let device: DeviceServer;
let rig: ApiRig;
let close: () => Promise<void>;
before(async () => {
  database = await openDatabase({ folder: 'memory://', schema: 'public' });
});
after(() => database.close());
beforeEach(async () => {
  await database.query('truncate orders, secrets, credentials, leases cascade');
  device = await deviceServer();
  const { vendor, http } = vendorWithLogin(device.url);
  rig = await apiRig({ ...database, close: async () => {} }, { vendor, ledger: [], cancelled: [] });
  rig.route.http = http;
  close = () => http.close();
});
afterEach(async () => {
  await rig.close();
  await close();
  await device.close();
});

const WORDS = ['--site', 'site', '--vendor', 'toy'];
const env = (): Environment => ({ ADAPTER_URL: rig.url, ADAPTER_TOKEN: TOKENS.operator });

/** Runs it with a clock that only counts; `during` happens at each wait. */
async function run(words: string[], more: { env?: Environment; during?: (waits: number[]) => unknown } = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const waits: number[] = [];
  const command = loginWith(async (seconds) => {
    waits.push(seconds);
    await more.during?.(waits);
  });
  const code = await runCommand(command, words, more.env ?? env(), {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
  });
  return { code, out: out.join('\n'), err: err.join('\n'), waits };
}

async function withMoods(...moods: Mood[]) {
  device.moods = moods;
  return run(WORDS);
}

test('shows page and code, waits as long as it is asked to, and says as whom', async () => {
  const { code, out, err, waits } = await withMoods('pending', 'slow_down', 'pending', 'confirmed');
  assert.deepEqual([code, err], [0, '']);
  assert.ok(out.includes(`  ${device.url}/activate?user_code=ABCD-EFGH\nIt must show the code ABCD-EFGH.`), out);
  assert.match(out, /The code counts until 2026-11-22 10:15 UTC\./);
  assert.match(
    out,
    /Logged in with toy for site as dr\.koch@hospital\.example\.\nIt counts until 2027-03-01 12:00 UTC\.$/,
  );
  assert.doesNotMatch(out, /held/);
  assert.deepEqual(waits, [5, 5, 10, 10], 'slow_down holds from then on');
  const kept = JSON.stringify(await database.query('select * from secrets'));
  assert.match(kept, /"name":"token"/);
  assert.doesNotMatch(kept, /under-way/, 'what was under way is forgotten');
  for (const secret of device.issued) {
    assert.ok(![out, kept, rig.said()].some((text) => text.includes(secret)), secret);
  }
});

test('no, too late and overtaken are said in words, with exit code 1, and keep nothing', async () => {
  const denied = await withMoods('pending', 'denied');
  assert.deepEqual([denied.code, denied.err], [1, 'Not logged in: it was refused at the vendor.']);
  const unknown = await withMoods('expired');
  assert.match(unknown.err, /nobody confirmed the code in time\. Run it again/);
  device.grants.length = 0;
  const late = await run(WORDS, { during: () => rig.clock.advance(901) });
  assert.match(late.err, /nobody confirmed the code in time/);
  assert.deepEqual([late.code, device.grants], [1, []], 'our own clock is enough to know');
  const overtaken = await run(WORDS, {
    during: (waits) => waits.length === 1 && rig.post('/api/sites/site/vendors/toy/login', 'operator', {}),
  });
  assert.deepEqual([overtaken.code, /somebody has begun another login/.test(overtaken.err)], [1, true]);
  assert.deepEqual(await database.query("select name from secrets where name = 'token'"), []);
});

test('a vendor that does not answer is asked again, more patiently, and that is said once', async () => {
  const { code, out, err, waits } = await withMoods('pending', 'broken', 'broken', 'busy', 'pending', 'confirmed');
  assert.equal(code, 0);
  assert.match(out, /Logged in/);
  assert.deepEqual(err.split('\n'), [
    'The connection to Toy Vendor broke. It is asked again.',
    'Toy Vendor asked to wait (503). It is asked again.',
  ]);
  assert.deepEqual(waits, [5, 5, 10, 10, 10, 5]);
});

test('--json prints the answers, one a line', async () => {
  device.moods = ['pending', 'confirmed'];
  const { out } = await run([...WORDS, '--json']);
  const [begun, done, ...more] = out.split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(
    [begun.state, begun.userCode, begun.seconds, begun.expiresAt],
    ['begun', 'ABCD-EFGH', 5, '2026-11-22T10:15:00.000Z'],
  );
  assert.deepEqual(done, {
    state: 'done',
    as: 'dr.koch@hospital.example',
    until: '2027-03-01T12:00:00.000Z',
    released: false,
  });
  assert.deepEqual(more, []);
});

test('what cannot be begun is said in a line', async () => {
  for (const [words, more, code, said] of [
    [['--site', 'site'], {}, 64, /^Usage: npm run login/],
    [['--colour', 'red'], {}, 64, /--help/],
    [['--site', 'site', '--vendor', 'other'], {}, 1, /no route to a vendor of that name that people log in with/],
    [['--site', 'quiet', '--vendor', 'toy'], {}, 1, /no route/],
    [WORDS, { ADAPTER_TOKEN: TOKENS.viewer }, 1, /needs the role operator/],
    [WORDS, { ADAPTER_URL: 'http://127.0.0.1:1' }, 1, /No adapter answers/],
  ] as const) {
    const tried = await run([...words], { env: { ...env(), ...more } });
    assert.deepEqual([tried.code, tried.out, tried.err.split('\n').length], [code, '', 1], words.join(' '));
    assert.match(tried.err, said);
  }
  const help = await run(['--help']);
  assert.match(help.out, /64 wrong usage/);
  await device.close();
  assert.match((await run(WORDS)).err, /^Toy Vendor cannot be reached\. Check the network/);
});

test('Ctrl-C ends the process with a sentence, and nothing has changed', async () => {
  device.moods = ['pending'];
  const child = spawn(process.execPath, ['src/operations/commands/login.ts', ...WORDS], {
    env: { PATH: process.env.PATH, ...env() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complained = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  child.stderr.on('data', (text) => {
    complained += text;
  });
  const ended = once(child, 'exit');
  await until('the invitation', () => said.includes('Ctrl-C ends it') || child.exitCode !== null);
  child.kill('SIGINT');
  assert.deepEqual(await ended, [1, null], complained);
  assert.equal(complained, 'Stopped. Nothing has changed; run it again for a new code.\n');
  assert.deepEqual(await database.query("select name from secrets where name = 'token'"), []);
});
