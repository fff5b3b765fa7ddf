/**
 * Orders placed steadily for ten minutes while notifications are lost, doubled and late, the adapter is restarted twice
 * (once in peace, once by kill -9) and the server switches our Subscription off; then everything is counted.
 *
 *   node test/soak/ten-minutes.ts [--minutes 10] [--manner medplum|hapi|backport] [--database pglite|postgres] [--every 4]
 *
 * In the end: every order done once, as `node test/kill/nine.ts` counts it, and a table of how they reached us.
 * PostgreSQL: TEST_DATABASE_URL, in a schema of its own.
 */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { checkLedger, checkResults } from '../kill/count.ts';
import { noteOf, type PlacedNote, placeNote, placePatient } from '../kill/notes.ts';
import type { OrderPage } from '../kill/reading.ts';
import { openWard } from '../kill/ward.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    manner: { type: 'string', default: 'medplum' },
    database: { type: 'string', default: 'pglite' },
    every: { type: 'string', default: '4' },
    'sandbox-port': { type: 'string', default: '18290' },
    port: { type: 'string', default: '18280' },
  },
});
const seconds = Number(values.minutes) * 60;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** What happens to notifications all the while: per cent, and milliseconds at most. */
const MISHAPS = { 'notifications-lost': 20, 'notifications-doubled': 20, 'notifications-delayed': 60_000 };
/** What happens once, at which share of the time. */
const EVENTS: { at: number; what: string; happen(): Promise<void> }[] = [
  { at: 0.3, what: 'adapter restarted by SIGTERM', happen: () => ward.restart((adapter) => adapter.stop()) },
  {
    at: 0.5,
    what: 'Subscription switched off by the server',
    happen: () => ward.fault({ vendor: 'ehr', fault: 'subscription-off', times: 1 }),
  },
  { at: 0.7, what: 'adapter restarted by kill -9', happen: () => ward.restart((adapter) => adapter.kill()) },
];

const ward = await openWard({ ...values, sandboxPort: values['sandbox-port'] });
const { read, ehrUrl, sandboxUrl } = ward;

async function waitFor(what: string, condition: () => Promise<unknown>, most: number): Promise<void> {
  const end = Date.now() + most * 1000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `waited ${most} s in vain for ${what}`);
    await pause(200);
  }
}

interface Placed extends PlacedNote {
  at: number;
}

async function placeSteadily(): Promise<Placed[]> {
  const begun = Date.now();
  const elapsed = (): number => (Date.now() - begun) / 1000;
  const notes: Placed[] = [];
  const events = [...EVENTS];
  while (elapsed() < seconds) {
    const index = notes.length;
    const note: Placed = {
      index,
      text: noteOf(index),
      patient: await placePatient(ehrUrl, index),
      id: '',
      at: Date.now(),
    };
    note.id = await placeNote(ehrUrl, note);
    notes.push(note);
    const [next] = events;
    if (next && elapsed() >= next.at * seconds) {
      events.shift();
      say(`${elapsed().toFixed(0).padStart(4)} s  ${next.what}; ${notes.length} orders placed`);
      await next.happen();
    }
    await pause(Math.max(0, begun + notes.length * Number(values.every) * 1000 - Date.now()));
  }
  return notes;
}

/** A share of sorted numbers: 0.5 the middle, 1 the largest. */
function quantile(numbers: number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function table(notes: Placed[], pages: OrderPage[]): void {
  const waited = notes.map(({ id, at }) => {
    const page = pages.find(({ resource }) => resource === `DocumentReference/${id}`);
    return (Date.parse(page?.endedAt ?? '') - at) / 1000;
  });
  const sources = pages.flatMap(({ timeline }) =>
    timeline.flatMap(({ event, detail }) => (event === 'admitted' ? [String(detail.source)] : [])),
  );
  const rows: [string, string][] = [...Map.groupBy(sources, (source) => source)].map(([source, all]) => [
    `came by ${source}`,
    String(all.length),
  ]);
  for (const [name, share] of [
    ['middle', 0.5],
    ['95 %', 0.95],
    ['longest', 1],
  ] as const) {
    rows.push([`order to results, ${name}`, `${quantile(waited, share).toFixed(1)} s`]);
  }
  for (const [name, value] of rows) {
    say(`  ${name.padEnd(28)} ${value}`);
  }
}

try {
  say(
    `${values.minutes} minutes, EHR in the manner of ${values.manner}, ${values.database}; ${JSON.stringify(MISHAPS)}`,
  );
  for (const [name, level] of Object.entries(MISHAPS)) {
    await ward.fault({ vendor: 'ehr', fault: name, level });
  }
  const notes = await placeSteadily();
  await waitFor(
    'all orders',
    async () => {
      const list = await read.list();
      return list.length === notes.length && list.every(({ status }) => status === 'completed');
    },
    240,
  );
  // What is still on its way must not do anything again.
  await pause(seconds > 120 ? 65_000 : 5000);
  const pages = await Promise.all((await read.list()).map(({ id }) => read.order(id)));
  const results = await checkResults(ehrUrl, notes, pages);
  const ledger = await checkLedger(sandboxUrl, notes, pages);
  say(
    `${notes.length} orders placed: ${results.tasks} Tasks completed, ${results.resources} resources in ${results.sets} complete sets, nothing twice; ` +
      `${ledger.chunks} chunks, ${ledger.billedAgain} billed once more, ${ledger.doubts} doubts on the timelines`,
  );
  table(notes, pages);
} finally {
  await ward.close();
}
