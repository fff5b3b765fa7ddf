/**
 * kill -9 of the adapter at random moments, many times, over one run of many orders; then everything is counted.
 *
 *   node test/kill/nine.ts --database pglite|postgres --manner medplum|hapi [--transactions atomic|batch] [--kills 50] [--orders 20] [--slow]
 *
 * The EHR and the vendor run in a process of their own (`npm run sandbox`), the adapter with a configuration of its own.
 * In the end: as many complete sets of results as orders, nothing twice, and every chunk that was billed once more stands
 * on its order's timeline as a doubt. With --slow every answer of the vendor takes its time, so that many kills fall into calls.
 * PostgreSQL: TEST_DATABASE_URL, in a schema of its own.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { checkLedger, checkResults } from './count.ts';
import { noteOf, placeNote, placePatient } from './notes.ts';
import { type Process, run } from './process.ts';
import { api, type OrderPage } from './reading.ts';

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'pglite' },
    manner: { type: 'string', default: 'medplum' },
    transactions: { type: 'string', default: 'atomic' },
    kills: { type: 'string', default: '50' },
    orders: { type: 'string', default: '20' },
    'sandbox-port': { type: 'string', default: '18090' },
    port: { type: 'string', default: '18080' },
    slow: { type: 'boolean', default: false },
    seed: { type: 'string' },
  },
});
const kills = Number(values.kills);
const orders = Number(values.orders);
const sandboxUrl = `http://127.0.0.1:${values['sandbox-port']}`;
const adapterUrl = `http://127.0.0.1:${values.port}`;
const ehrUrl = `${sandboxUrl}/fhir/R4`;
const seed = values.seed ?? randomBytes(4).toString('hex');
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** A small generator (mulberry32), so that a run can be repeated by its seed. */
let state = Number.parseInt(seed, 16);
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

const folder = await mkdtemp(join(tmpdir(), 'kill-nine-'));
const schema = `kill_${randomBytes(5).toString('hex')}`;
const token = 'operator-token-of-the-kill-run';
const database =
  values.database === 'postgres'
    ? `url: '${process.env.TEST_DATABASE_URL ?? assert.fail('TEST_DATABASE_URL is not set')}', schema: ${schema}`
    : `folder: '${join(folder, 'data')}'`;
const config = join(folder, 'config.yaml');
await writeFile(
  config,
  `http: { port: ${values.port}, publicUrl: '${adapterUrl}' }
database: { ${database} }
console: { users: [{ name: script, token: ${token}, roles: [operator, approver] }] }
sites:
  - name: ward
    fhir: { baseUrl: '${ehrUrl}', auth: { type: none } }
    subscriptions: { secret: ${randomBytes(12).toString('hex')}, sweep: '* * * * *' }
    vendors: { healthsage: { baseUrl: '${sandboxUrl}/healthsage', apiKey: sandbox-kill } }
    routes: [{ id: coding, on: 'DocumentReference?status=current&type=http://loinc.org|11506-3', vendor: healthsage }]
`,
);

const sandbox = await run(
  'sandbox/main.ts',
  {
    SANDBOX_PORT: values['sandbox-port'],
    SANDBOX_EHR_MANNER: values.manner,
    SANDBOX_TRANSACTIONS: values.transactions,
  },
  `${ehrUrl}/metadata`,
);
const startAdapter = (): Promise<Process> =>
  run('src/main.ts', { ADAPTER_CONFIG: config, LOG_LEVEL: 'error' }, `${adapterUrl}/readyz`);
const read = api(adapterUrl, token);

say(
  `seed ${seed}: ${orders} orders, ${kills} kills, ${values.database}, EHR in the manner of ${values.manner} (${values.transactions})`,
);
if (values.slow) {
  await fetch(`${sandboxUrl}/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ vendor: 'healthsage', fault: 'slow', times: 1_000_000 }),
  });
}
let adapter = await startAdapter();
try {
  await waitFor('the Subscription', async () => {
    const found = await (await fetch(`${ehrUrl}/Subscription?status=active`)).json();
    return (found as { entry?: unknown[] }).entry?.length;
  });
  const notes = [];
  for (let index = 0; index < orders; index++) {
    const patient = await placePatient(ehrUrl, index);
    notes.push({ index, text: noteOf(index), patient, id: '' });
  }
  let placed = 0;
  let slowest = 0;
  for (let kill = 0; kill < kills; kill++) {
    // The orders come in while the adapter is being killed, not before.
    while (placed < orders && placed <= (kill * orders * 1.3) / kills) {
      const note = notes[placed++];
      if (note) {
        note.id = await placeNote(ehrUrl, note);
      }
    }
    await pause(50 + random() * 1200);
    adapter.kill();
    await adapter.ended;
    adapter = await startAdapter();
    slowest = Math.max(slowest, await secondsToProgress());
    process.stdout.write('.');
  }
  say(`\nkilled ${kills} times; slowest first progress after a restart: ${slowest.toFixed(1)} s`);
  const released = await letFinish();
  const pages = await allOrders();
  const results = await checkResults(ehrUrl, notes, pages);
  const ledger = await checkLedger(sandboxUrl, notes, pages);
  say(
    `${results.tasks} Tasks completed, ${results.resources} resources in ${results.sets} complete sets, nothing twice; ` +
      `${ledger.chunks} chunks, ${ledger.billedAgain} billed once more, ${ledger.doubts} doubts on the timelines, ${released} holds released`,
  );
} finally {
  adapter.kill();
  sandbox.kill();
  await Promise.all([adapter.ended, sandbox.ended]);
  await rm(folder, { recursive: true, force: true });
  if (values.database === 'postgres') {
    const { default: pg } = await import('pg');
    const client = new pg.Client(process.env.TEST_DATABASE_URL);
    await client.connect();
    await client.query(`drop schema if exists ${schema} cascade`);
    await client.end();
  }
}

async function allOrders(): Promise<OrderPage[]> {
  return Promise.all((await read.list()).map(({ id }) => read.order(id)));
}

/** Seconds from the restart until some open order moves; 0 where none is open or all wait for a person. */
async function secondsToProgress(): Promise<number> {
  const begun = Date.now();
  const before = (await read.list()).filter(({ status }) => !['completed', 'held'].includes(status));
  if (before.length === 0) {
    return 0;
  }
  const events = async (): Promise<number> => {
    const pages = await Promise.all(before.map(({ id }) => read.order(id)));
    return pages.reduce((sum, page) => sum + page.timeline.length, 0);
  };
  const at = await events();
  await waitFor('progress', async () => (await events()) > at, 12);
  return (Date.now() - begun) / 1000;
}

/** Waits for all orders to complete; a second doubt holds an order, which a person (this script) releases. */
async function letFinish(): Promise<number> {
  let released = 0;
  await waitFor(
    'all orders',
    async () => {
      const list = await read.list();
      for (const { id, status, reason } of list) {
        if (status === 'held') {
          assert.equal(reason?.code, 'effect-unknown', `order ${id} is held for another reason`);
          await read.retry(id);
          released++;
          await waitFor('the release', async () => (await read.order(id)).status !== 'held');
        }
        assert.ok(!['failed', 'rejected', 'cancelled'].includes(status), `order ${id} ended as ${status}`);
      }
      return list.length === orders && list.every(({ status }) => status === 'completed');
    },
    180,
  );
  return released;
}

async function waitFor(what: string, condition: () => Promise<unknown>, seconds = 30): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) {
      for (const page of await allOrders().catch(() => [])) {
        say(
          `${page.id} ${page.status} ${JSON.stringify(page.lastError)} ${page.timeline
            .slice(-4)
            .map(({ event }) => event)
            .join(' ')}`,
        );
      }
      throw new Error(`Waited ${seconds} s in vain for ${what} (seed ${seed})`);
    }
    await pause(100);
  }
}
