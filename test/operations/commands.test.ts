import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openSandbox, PATHS, type Sandbox } from '../../sandbox/index.ts';
import { check } from '../../src/operations/commands/check.ts';
import { type Command, type Environment, runCommand } from '../../src/operations/commands/command.ts';
import { orders } from '../../src/operations/commands/orders.ts';
import { sweep } from '../../src/operations/commands/sweep.ts';
import { formatTable } from '../../src/operations/commands/table.ts';
import { admitOrder } from '../../src/orders/store/admit-order.ts';
import { type Database, openDatabase } from '../../src/orders/store/database.ts';
import { lockFolder } from '../../src/orders/store/folder-lock.ts';
import { findOrder } from '../../src/orders/store/list-orders.ts';
import { toyVendor } from '../support/toy-vendor.ts';
import { type ApiRig, apiRig, MARKER, TOKENS } from './api-rig.ts';

async function run(command: Command, words: string[], env: Environment) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await runCommand(command, words, env, terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('a table is aligned and cannot steer the terminal', () => {
  assert.equal(
    formatTable([
      ['A', 'B'],
      ['long \u001b[31mé', 'x'],
      ['s', ''],
    ]),
    'A            B\nlong  [31mé  x\ns',
  );
});

test('wrong usage ends with 64 and one line, a missing configuration with 78', async () => {
  for (const [command, words] of [
    [orders, ['--colour', 'red']],
    [orders, ['retry']],
    [orders, ['answer', 'id', 'question']],
    [orders, ['one', 'two']],
    [sweep, ['--site', 'general']],
    [sweep, ['--site', 'general', '--since', 'yesterday']],
    [check, ['now']],
  ] as const) {
    const { code, out, err } = await run(command, [...words], {});
    assert.deepEqual([code, out, err.split('\n').length], [64, '', 1], words.join(' '));
  }
  for (const command of [orders, sweep, check]) {
    const { code, out } = await run(command, ['--help'], {});
    assert.equal(code, 0);
    assert.match(out, /64 wrong usage/);
  }
  assert.equal((await run(check, [], {})).code, 78);
  assert.equal((await run(orders, [], { ADAPTER_URL: 'ftp://x' })).code, 78);
  const nowhere = await run(orders, [], { ADAPTER_URL: 'http://127.0.0.1:1', ADAPTER_TOKEN: 'x' });
  assert.deepEqual([nowhere.code, nowhere.err.split('\n').length], [1, 1]);
});

describe('orders and sweep ask the running adapter', () => {
  let rig: ApiRig;
  let env: Environment;
  before(async () => {
    const toy = toyVendor(
      [
        (state, { order }) =>
          order.key.includes('/3/')
            ? { next: { ...state, at: 1 }, tell: ['40 cases of 212 fit.'] }
            : { ask: { id: 'size', text: 'How large?', number: { unit: 'um', minimum: -9 } }, next: state },
      ],
      { deadline: () => ({ at: '2026-12-09T10:00:00.000Z', what: 'the download of the slides' }) },
    );
    rig = await apiRig(await openDatabase({ folder: 'memory://', schema: 'public' }), toy, {
      sweep: async (site, _since, go) =>
        site === 'general' ? { counts: [{ route: 'r', vendor: 'toy', count: 7 }], orders: go ? 5 : 0 } : undefined,
    });
    env = { ADAPTER_URL: rig.url, ADAPTER_TOKEN: TOKENS.operator };
    await rig.start();
    for (const id of ['1', '2']) {
      await rig.admit(id);
      await rig.settle(id);
    }
  });
  after(() => rig.close());

  test('to list, show and answer', async () => {
    const { publicId } = await rig.order('1');
    const list = await run(orders, ['--status', 'waiting'], env);
    assert.equal(list.code, 0, list.err);
    assert.ok(
      list.out.includes(publicId) && list.out.includes('DocumentReference/2') && list.out.includes('How large?'),
    );
    assert.equal((await run(orders, ['--site', 'nowhere'], env)).out, 'No orders.');
    const json = JSON.parse((await run(orders, ['--json', '--limit', '1'], env)).out);
    assert.equal(json.orders.length, 1);
    const one = await run(orders, [publicId], env);
    assert.match(one.out, /a number in um, -9 to any; by an operator/);
    assert.match(one.out, /^Timeline$/m);
    assert.equal((await run(orders, ['answer', publicId, 'size', 'big'], env)).code, 1);
    assert.match((await run(orders, ['answer', publicId, 'size', '-10'], env)).err, /value must be a number/);
    const answered = await run(orders, ['answer', publicId, 'size', '-3'], env);
    assert.deepEqual([answered.code, answered.out], [0, `Asked to answer: ${publicId}`]);
    await rig.settle('1', (order) => order.status === 'completed');
    assert.ok(![list, one, answered].some(({ out }) => out.includes(MARKER)));
  });

  test('to see until when something has to be done, and what the vendor tells', async () => {
    await rig.admit('3');
    const { publicId } = await rig.settle('3');
    const { out } = await run(orders, [publicId], env);
    assert.match(out, /^Until +2026-12-09 10:00 UTC: the download of the slides$/m);
    assert.match(out, / vendor-note +adapter +40 cases of 212 fit\.$/m);
  });

  test('to retry and cancel, and say why not', async () => {
    const { publicId } = await rig.order('2');
    const refused = await run(orders, ['retry', publicId], env);
    assert.deepEqual([refused.code, refused.err], [1, 'An order that is waiting cannot be told to retry.']);
    assert.equal((await run(orders, ['cancel', publicId, '--reason', 'Wrong patient.'], env)).code, 0);
    assert.equal((await rig.settle('2', (order) => order.status === 'cancelled')).reason?.text, 'Wrong patient.');
    for (const id of ['nobody', '-A23456789012345', '../../metrics']) {
      assert.match((await run(orders, [id], env)).err, /no order with this id/);
    }
    const stranger = await run(orders, [], { ...env, ADAPTER_TOKEN: 'unknown-token' });
    assert.deepEqual([stranger.code, stranger.err.includes('unknown-token')], [1, false]);
    assert.match((await run(orders, ['--status', 'lost'], env)).err, /status: /);
  });

  test('to count first and to go only when told', async () => {
    const counted = await run(sweep, ['--site', 'general', '--since', '2026-01-01'], env);
    assert.equal(counted.code, 0);
    assert.match(counted.out, /Up to 7 orders/);
    assert.match(counted.out, /again with --yes/);
    const went = await run(sweep, ['--site', 'general', '--since', '2026-01-01', '--go'], env);
    assert.match(went.out, /5 new orders/);
    assert.equal((await run(sweep, ['--site', 'other', '--since', '2026-01-01'], env)).code, 1);
  });
});

describe('check', () => {
  let sandbox: Sandbox;
  let folder: string;
  before(async () => {
    sandbox = await openSandbox();
    folder = await mkdtemp(join(tmpdir(), 'check-'));
  });
  after(async () => {
    await sandbox.close();
    await rm(folder, { recursive: true });
  });

  const configure = async (changes: { apiKey?: string; baseUrl?: string } = {}): Promise<Environment> => {
    const path = join(folder, 'adapter.json');
    const config = {
      http: { port: 1, publicUrl: 'http://127.0.0.1:9' },
      database: { folder: join(folder, 'data') },
      console: { users: [{ name: 'otto', token: TOKENS.operator, roles: ['operator'] }] },
      sites: [
        {
          name: 'general',
          fhir: { baseUrl: changes.baseUrl ?? `${sandbox.url}${PATHS.ehr}` },
          subscriptions: { secret: 'a-secret-of-the-site' },
          vendors: {
            healthsage: { baseUrl: `${sandbox.url}${PATHS.healthsage}`, apiKey: changes.apiKey ?? 'sandbox-key' },
          },
          routes: [{ id: 'note-coding', on: 'DocumentReference?status=current', vendor: 'healthsage' }],
        },
      ],
    };
    await writeFile(path, JSON.stringify(config));
    return { ADAPTER_CONFIG: path };
  };

  test('finds the sandbox well, and tells no secret', async () => {
    const { code, out, err } = await run(check, [], await configure());
    assert.equal(code, 0, out + err);
    assert.match(out, /^SITE +SUBJECT +STATE +DETAIL$/m);
    assert.match(out, /^general +fhir server +ok +transactions are atomic$/m);
    assert.match(out, /^general +healthsage +ok +the key works/m);
    assert.match(out, /^- +database +ok +embedded; /m);
    for (const secret of ['sandbox-key', 'a-secret-of-the-site', TOKENS.operator]) {
      assert.ok(!out.includes(secret));
    }
  });

  test('ends with 1 where a key or a server is wrong', async () => {
    const key = await run(check, [], await configure({ apiKey: 'no-good-key' }));
    assert.equal(key.code, 1);
    assert.match(key.out, /^general +healthsage +wrong/m);
    assert.ok(!key.out.includes('no-good-key'));
    const server = await run(check, ['--json'], await configure({ baseUrl: 'http://127.0.0.1:1/fhir' }));
    assert.equal(server.code, 1);
    const rows: { subject: string; state: string }[] = JSON.parse(server.out);
    assert.equal(rows.find(({ subject }) => subject === 'fhir server')?.state, 'wrong');
    assert.equal(rows.find(({ subject }) => subject === 'healthsage')?.state, 'ok');
  });

  test('asks the running adapter where it holds the embedded database, and looks itself where none does', async () => {
    const env = await configure();
    const data = join(folder, 'data');
    await (await openDatabase({ folder: data, schema: 'public' })).close();
    assert.match((await run(check, [], env)).out, /^- +database +ok +the tables are up to date$/m);
    const unlock = await lockFolder(data);
    const rig = await apiRig(await openDatabase({ folder: 'memory://', schema: 'public' }), toyVendor([]));
    try {
      const asked = await run(check, [], { ...env, ADAPTER_URL: rig.url });
      assert.match(asked.out, /^- +database +ok +.*in use by a running adapter, which says: ready$/m);
      const silent = await run(check, [], env);
      assert.match(silent.out, /^- +database +warning +.*does not answer at http:\/\/127\.0\.0\.1:1;/m);
    } finally {
      await rig.close();
      await unlock();
    }
  });

  test('lists the problems of a bad configuration and ends with 78', async () => {
    const path = join(folder, 'bad.yaml');
    await writeFile(path, 'sites:\n  - name: NOT GOOD\n');
    const { code, out, err } = await run(check, [], { ADAPTER_CONFIG: path });
    assert.deepEqual([code, out], [78, '']);
    assert.match(err, /^sites\[0\]\.name: /m);
    assert.ok(err.split('\n').length >= 3);
  });
});

describe('with PostgreSQL and no adapter running', { skip: !process.env.TEST_DATABASE_URL }, () => {
  const schema = `commands_${randomBytes(6).toString('hex')}`;
  const url = process.env.TEST_DATABASE_URL ?? '';
  let database: Database;
  let folder: string;
  let env: Environment;
  before(async () => {
    database = await openDatabase({ url, folder: '', schema, connections: 2 });
    folder = await mkdtemp(join(tmpdir(), 'orders-'));
    const path = join(folder, 'adapter.json');
    const site = {
      name: 'general',
      fhir: { baseUrl: 'http://127.0.0.1:1/fhir' },
      subscriptions: { secret: 'a-secret-of-the-site', register: false },
      vendors: { healthsage: { apiKey: 'sandbox-key' } },
      routes: [{ id: 'note-coding', on: 'DocumentReference?status=current', vendor: 'healthsage' }],
    };
    await writeFile(path, JSON.stringify({ http: { port: 1 }, database: { url, schema }, sites: [site] }));
    env = { ADAPTER_CONFIG: path };
    const order = {
      baseKey: 'general/DocumentReference/1/note-coding',
      generation: 1,
      site: 'general',
      route: 'note-coding',
      vendor: 'healthsage',
      resourceType: 'DocumentReference',
      resourceId: '1',
      seenVersion: '1',
      seenUpdated: null,
      events: [{ event: 'admitted' }],
    };
    await admitOrder(database, order, new Date());
  });
  after(async () => {
    await database.query(`drop schema ${schema} cascade`);
    await database.close();
    await rm(folder, { recursive: true });
  });

  test('orders are listed and told all the same', async () => {
    const list = await run(orders, [], env);
    assert.equal(list.code, 0, list.err);
    const id = /^(\S{16}) +received /m.exec(list.out)?.[1] ?? assert.fail(list.out);
    assert.equal((await run(orders, ['cancel', id], env)).code, 0);
    const order = await findOrder(database, id);
    assert.equal(order?.cancel?.by, 'command line');
    assert.match((await run(orders, [id], env)).out, /^Asked for +cancel$/m);
  });

  test('the doctor looks at the database, and a sweep says that the EHR is away', async () => {
    const { out } = await run(check, [], env);
    assert.match(out, /^- +database +ok +PostgreSQL 1\d/m);
    assert.match(out, /^- +database +ok +the tables are up to date$/m);
    await database.query("insert into migrations (name) values ('9999-later.sql')");
    assert.match((await run(check, [], env)).out, /^- +database +wrong +the tables belong to a later version/m);
    await database.query("delete from migrations where name = '9999-later.sql'");
    const swept = await run(sweep, ['--site', 'general', '--since', '2026-01-01'], env);
    assert.deepEqual([swept.code, swept.out.includes('the server cannot say')], [0, true]);
  });
});
