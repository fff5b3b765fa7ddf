/**
 * A thousand orders wait for their runs at Aignostics, and others end meanwhile: what two adapters on one PostgreSQL ask of
 * the vendor for it, by the ledger of its simulator. Time is everybody's, and moved on. `node bench/waiting-runs.ts`; ADAPTERS
 * says another number of them.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import { openSandbox } from '../sandbox/index.ts';
import type { LedgerCall } from '../sandbox/ledger.ts';
import type { Log } from '../src/log.ts';
import { admitOrder } from '../src/orders/store/admit-order.ts';
import { nextDue } from '../src/orders/store/claim-orders.ts';
import { openDatabase } from '../src/orders/store/database.ts';
import { WATCH_DEFAULTS } from '../src/orders/watch.ts';
import { openFolderStorage } from '../src/storage/folder.ts';
import { openWaitingAdapter, ROUTE, SITE } from './waiting-adapter.ts';
import { judged, type WaitingResult, waitingLines } from './waiting-figures.ts';

const WAITING = 1000;
const ENDING = 90;
const ADAPTERS = Number(process.env.ADAPTERS ?? 2);
/** Minutes. First those come that end while it is counted, then those that outlast it; then it is counted. */
const RUN = 60;
const COUNTED = 30;
/**
 * The last run ends so many minutes before the counting does: there has to be time to notice it. The last order comes so
 * long before the counting begins: each asks once of its own, fifteen seconds after its run was sent.
 */
const SPARE = 2;
/** Seconds between two shared looks of one adapter; the adapters take turns. */
const LOOK = WATCH_DEFAULTS.everySeconds;

/** A log that counts warnings by what they say. */
function countingLog(warnings: Record<string, number>): Log {
  const count = (fields: { code?: unknown }, message: string): void => {
    const said = `${message} (${String(fields.code)})`;
    warnings[said] = (warnings[said] ?? 0) + 1;
  };
  const log: Log = { debug() {}, info() {}, warn: count, error: count, child: () => log };
  return log;
}

/** A folder storage whose files are there for whoever knows their key. */
async function servedFolder(root: string) {
  const server = createServer((request, response) => {
    storage
      .read(request.url?.slice(1) ?? '')
      .then((body) => pipeline(body, response))
      .catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const storage = openFolderStorage({ root, watermark: 0, url: (key) => `http://127.0.0.1:${port}/${key}` });
  return {
    storage,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** When each order comes, in seconds from the beginning: those that end first, then those that outlast it. */
function arrivals(): number[] {
  const before = (RUN - COUNTED) * 60;
  const evenly = (count: number, from: number, seconds: number) =>
    Array.from({ length: count }, (_, index) => from + (index * seconds) / count);
  return [...evenly(ENDING, 0, (COUNTED - SPARE) * 60), ...evenly(WAITING, before, (COUNTED - SPARE) * 60)];
}

export async function benchWaiting(url: string): Promise<WaitingResult> {
  const schema = `bench_${randomBytes(5).toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`create schema ${schema}`);
  const begin = Date.parse('2026-11-22T10:00:00Z');
  let time = begin;
  const clock = { now: () => new Date(time) };
  const warnings: Record<string, number> = {};
  const log = countingLog(warnings);
  const small = { cellRows: 20, polygons: 5, mapSize: 48 };
  const sandbox = await openSandbox({ now: clock.now, aignostics: { ...small, secondsUntilDone: RUN * 60 } });
  const served = await servedFolder(folder);
  const common = { database: { url, schema }, sandbox: sandbox.url, storage: served.storage, clock, log };
  const database = await openDatabase({ url, schema, folder: '', connections: 2 });
  const adapters: Awaited<ReturnType<typeof openWaitingAdapter>>[] = [];

  /** Lets the adapters do what there is to do now. */
  const settle = async (): Promise<void> => {
    for (;;) {
      const due = await nextDue(database);
      const isDue = due !== undefined && due <= clock.now();
      if (!isDue && adapters.every((adapter) => !adapter.isBusy())) {
        return;
      }
      if (isDue) {
        for (const adapter of adapters) {
          adapter.wake();
        }
      }
      await pause(2);
    }
  };
  /** Moves time on; where an order is due before, by way of that. */
  const reach = async (to: number): Promise<void> => {
    for (;;) {
      const due = await nextDue(database);
      time = Math.max(time, Math.min(to, due?.getTime() ?? to));
      await settle();
      if (time >= to) {
        return;
      }
    }
  };

  try {
    for (let index = 0; index < ADAPTERS; index++) {
      adapters.push(await openWaitingAdapter(common));
    }
    const coming = arrivals();
    const calls: LedgerCall[] = [];
    const end = (RUN + COUNTED) * 60;
    const step = LOOK / ADAPTERS;
    for (let tick = 0; tick * step < end; tick++) {
      const at = tick * step;
      await reach(begin + at * 1000);
      while ((coming[0] ?? Number.POSITIVE_INFINITY) <= at) {
        await admit(database, String(WAITING + ENDING - coming.length + 1), clock.now());
        coming.shift();
      }
      await settle();
      await adapters[tick % ADAPTERS]?.look();
      await settle();
      // The ledger keeps the last ten thousand calls one by one.
      calls.push(...(sandbox.ledger.read().aignostics?.calls ?? []));
      sandbox.ledger.reset();
    }
    const figures = judged(calls, { from: begin + RUN * 60_000, minutes: COUNTED, run: RUN });
    return { waiting: WAITING, adapters: ADAPTERS, minutes: COUNTED, ...figures, warnings };
  } finally {
    await Promise.all(adapters.map((adapter) => adapter.close()));
    await database.close();
    served.close();
    await sandbox.close();
    await client.query(`drop schema if exists ${schema} cascade`);
    await client.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function admit(database: Parameters<typeof admitOrder>[0], id: string, now: Date): Promise<void> {
  const about = { site: SITE, route: ROUTE, vendor: 'aignostics', resourceType: 'ServiceRequest', resourceId: id };
  const seen = { generation: 1, seenVersion: '1', seenUpdated: null, events: [] };
  await admitOrder(database, { baseKey: `${SITE}/ServiceRequest/${id}/${ROUTE}`, ...about, ...seen }, now);
}

if (import.meta.main) {
  const url = process.env.TEST_DATABASE_URL;
  if (!url) {
    process.stdout.write('Set TEST_DATABASE_URL to a PostgreSQL on this machine.\n');
    process.exit(64);
  }
  const result = await benchWaiting(url);
  const machine = { at: new Date().toISOString(), node: process.version, cpus: cpus().length };
  await mkdir(new URL('results/', import.meta.url), { recursive: true });
  await writeFile(
    new URL('results/waiting-runs.json', import.meta.url),
    `${JSON.stringify({ ...machine, ...result }, null, 2)}\n`,
  );
  process.stdout.write(`${waitingLines(result).join('\n')}\n`);
}
