/**
 * Tables of results: one of a million cells, from a host into the site's folder and the order's rows, and a slide's
 * readouts read back: how much memory that takes. `node bench/readouts.ts`; READOUT_ROWS says another number of cells.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import { openProcesses, ready } from './processes.ts';

const ROUNDS = 3;
const PORT = 18287;
/** Milliseconds between two looks at the memory. */
const SAMPLE = 5;
const ROOT = new URL('../', import.meta.url);
const JOBS = ['keep', 'read', 'keep the slide', 'read the slide'] as const;
type Job = (typeof JOBS)[number];

const said = z.object({ ms: z.number(), size: z.number().optional(), columns: z.number().optional() });

/** MB resident before a job and at most during it; what it took. */
interface Figures {
  before: number;
  peak: number;
  /** The most that the kernel has seen. */
  highest: number;
  ms: number;
  size?: number | undefined;
  columns?: number | undefined;
}

export interface ReadoutsResult {
  rows: number;
  rounds: Record<Job, Figures>[];
}

const withStart = z.object({ scripts: z.object({ start: z.string() }) });

/** The keeper with the flags and the environment of `npm start`: they are part of what is measured. */
async function startKeeper(env: Record<string, string>): Promise<ChildProcess> {
  const { scripts } = withStart.parse(JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')));
  const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);
  return spawn('sh', ['-c', scripts.start.replace('src/main.ts', 'bench/readouts-keeper.ts')], {
    cwd: ROOT,
    env: { ...process.env, ...env, PATH: path },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** What it says next; throws where it ends instead. */
async function heard(child: ChildProcess): Promise<z.infer<typeof said>> {
  const over = new AbortController();
  const ended = once(child, 'exit', { signal: over.signal }).then(([code]): never => {
    throw new Error(`The keeper ended with ${code}`);
  });
  ended.catch(() => undefined);
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: over.signal }), ended]);
    return said.parse(message);
  } finally {
    over.abort();
  }
}

/** MB of a line of /proc/<pid>/status: `VmRSS` now, `VmHWM` the most since it was reset. */
async function memory({ pid }: ChildProcess, line: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)?.[1]) / 1000;
}

async function measured(child: ChildProcess, job: Job): Promise<Figures> {
  await writeFile(`/proc/${child.pid}/clear_refs`, '5');
  const before = await memory(child, 'VmRSS');
  let peak = before;
  let over = false;
  const watching = (async () => {
    while (!over) {
      peak = Math.max(peak, await memory(child, 'VmRSS'));
      await pause(SAMPLE);
    }
  })();
  const told = heard(child);
  child.send(job);
  const figures = await told.finally(() => {
    over = true;
  });
  await watching;
  return { before, peak, highest: await memory(child, 'VmHWM'), ...figures };
}

async function round(env: Record<string, string>): Promise<Record<Job, Figures>> {
  const child = await startKeeper(env);
  try {
    await heard(child);
    return {
      keep: await measured(child, 'keep'),
      read: await measured(child, 'read'),
      'keep the slide': await measured(child, 'keep the slide'),
      'read the slide': await measured(child, 'read the slide'),
    };
  } finally {
    child.kill('SIGKILL');
  }
}

export async function benchReadouts(
  url: string,
  rows = Number(process.env.READOUT_ROWS ?? 1_000_000),
): Promise<ReadoutsResult> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const schema = `bench_${randomBytes(5).toString('hex')}`;
  const client = new pg.Client(url);
  const processes = openProcesses();
  await client.connect();
  try {
    processes.start(['bench/readouts-host.ts'], { HOST_PORT: String(PORT), ROWS: String(rows) });
    const host = `http://127.0.0.1:${PORT}`;
    await ready(host);
    const rounds: ReadoutsResult['rounds'] = [];
    for (let index = 0; index < ROUNDS; index++) {
      await client.query(`create schema ${schema}`);
      rounds.push(await round({ HOST: host, FOLDER: folder, DATABASE: url, SCHEMA: schema }));
      await client.query(`drop schema ${schema} cascade`);
    }
    return { rows, rounds };
  } finally {
    await processes.end();
    await client.query(`drop schema if exists ${schema} cascade`);
    await client.end();
    await rm(folder, { recursive: true, force: true });
  }
}

export function readoutsLines({ rows, rounds }: ReadoutsResult): string[] {
  const growth = ({ before, highest, peak }: Figures): number => Math.max(highest, peak) - before;
  const row = (name: string, job: Job): string => {
    // The round in which it took the most.
    const [worst] = rounds.map((one) => one[job]).sort((a, b) => growth(b) - growth(a));
    if (!worst) {
      return name;
    }
    const figures = [worst.ms, worst.before, Math.max(worst.highest, worst.peak), growth(worst)];
    return `${name.padEnd(33)} ${figures.map((figure) => figure.toFixed(0).padStart(8)).join(' ')}`;
  };
  const size = (rounds[0]?.keep.size ?? 0) / 1e6;
  const columns = rounds[0]?.['read the slide'].columns;
  return [
    `A table of ${rows} cells (${size.toFixed(0)} MB) into a folder, on PostgreSQL; the worst of ${rounds.length} rounds`,
    '',
    '                                        ms   before     peak   growth (MB resident)',
    row('cells: fetched, checked, kept', 'keep'),
    row('cells: read as readouts', 'read'),
    row('slide: fetched, checked, kept', 'keep the slide'),
    row(`slide: read (${columns} columns)`, 'read the slide'),
    '',
    'growth below 50 MB wanted',
  ];
}

if (import.meta.main) {
  const url = process.env.TEST_DATABASE_URL;
  if (!url) {
    process.stdout.write('Set TEST_DATABASE_URL to a PostgreSQL on this machine.\n');
    process.exit(64);
  }
  const result = await benchReadouts(url);
  const machine = { at: new Date().toISOString(), node: process.version, cpus: cpus().length };
  await mkdir(new URL('results/', import.meta.url), { recursive: true });
  await writeFile(
    new URL('results/readouts.json', import.meta.url),
    `${JSON.stringify({ ...machine, ...result }, null, 2)}\n`,
  );
  process.stdout.write(`${readoutsLines(result).join('\n')}\n`);
}
