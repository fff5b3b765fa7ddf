/**
 * kill -9 of the adapter at random moments, many times, over one run of many orders; then everything is counted.
 *
 *   node test/kill/nine.ts --database pglite|postgres --manner medplum|hapi [--transactions atomic|batch] [--kills 50] [--orders 20]
 *     [--vendor healthsage|hemato|hautai] [--slow]
 *
 * The EHR and the vendor run in a process of their own (`npm run sandbox`), the adapter with a configuration of its own.
 * In the end: as many complete sets of results as orders, nothing twice, and every chunk that was billed once more stands
 * on its order's timeline as a doubt. With --slow every answer of the vendor takes its time, so that many kills fall into calls.
 * PostgreSQL: TEST_DATABASE_URL, in a schema of its own.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { checkBills, checkLedger, checkResults } from './count.ts';
import { noteOf, placeNote, placePatient } from './notes.ts';
import { placePicture } from './pictures.ts';
import type { OrderPage } from './reading.ts';
import { releaseHeld } from './release-held.ts';
import { isWardVendor, openWard } from './ward.ts';

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'pglite' },
    manner: { type: 'string', default: 'medplum' },
    transactions: { type: 'string', default: 'atomic' },
    kills: { type: 'string', default: '50' },
    orders: { type: 'string', default: '20' },
    'sandbox-port': { type: 'string', default: '18090' },
    port: { type: 'string', default: '18080' },
    vendor: { type: 'string', default: 'healthsage' },
    slow: { type: 'boolean', default: false },
    seed: { type: 'string' },
  },
});
const kills = Number(values.kills);
const orders = Number(values.orders);
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

const { vendor } = values;
assert.ok(isWardVendor(vendor), `There is no vendor ${vendor} here`);
const ward = await openWard({ ...values, vendor, sandboxPort: values['sandbox-port'] });
const { read, ehrUrl, sandboxUrl } = ward;

say(
  `seed ${seed}: ${orders} orders of ${vendor}, ${kills} kills, ${values.database}, EHR in the manner of ${values.manner} (${values.transactions})`,
);
try {
  if (values.slow) {
    await ward.fault({ vendor, fault: 'slow', times: 1_000_000 });
  }
  const notes = [];
  for (let index = 0; index < orders; index++) {
    const patient = vendor === 'healthsage' ? await placePatient(ehrUrl, index) : '';
    notes.push({ index, text: noteOf(index), patient, id: '' });
  }
  let placed = 0;
  let slowest = 0;
  for (let kill = 0; kill < kills; kill++) {
    // The orders come in while the adapter is being killed, not before.
    while (placed < orders && placed <= (kill * orders * 1.3) / kills) {
      const note = notes[placed++];
      if (note) {
        note.id =
          vendor === 'healthsage' ? await placeNote(ehrUrl, note) : await placePicture(ehrUrl, vendor, note.index);
      }
    }
    await pause(50 + random() * 1200);
    await ward.restart((adapter) => adapter.kill());
    slowest = Math.max(slowest, await secondsToProgress());
    process.stdout.write('.');
  }
  say(`\nkilled ${kills} times; slowest first progress after a restart: ${slowest.toFixed(1)} s`);
  const released = await letFinish();
  const pages = await allOrders();
  const results = await checkResults(ehrUrl, notes, pages);
  const ledger =
    vendor === 'healthsage' ? await checkLedger(sandboxUrl, notes, pages) : await checkBills(ward, vendor, pages);
  say(
    `${results.tasks} Tasks completed, ${results.resources} resources in ${results.sets} complete sets, nothing twice; ` +
      `${results.binaries} files, ${results.orphans} orphaned; ${ledger.chunks} jobs, ${ledger.billedAgain} billed once more, ${ledger.doubts} doubts on the timelines, ${released} holds released`,
  );
} finally {
  await ward.close();
}

async function allOrders(): Promise<OrderPage[]> {
  return Promise.all((await read.list()).map(({ id }) => read.order(id)));
}

/** Seconds from the restart until some open order moves; 0 where none is open or all wait for a person. */
async function secondsToProgress(): Promise<number> {
  const begun = Date.now();
  const before = (await read.list()).filter(({ status }) => !['completed', 'held'].includes(status));
  // Whether Haut.AI took an analysis, it may not say for two minutes.
  if (before.length === 0 || vendor === 'hautai') {
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
      const { list, released: now } = await releaseHeld(read, waitFor);
      released += now;
      return list.length === orders && list.every(({ status }) => status === 'completed');
    },
    vendor === 'hautai' ? 400 : 180,
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
