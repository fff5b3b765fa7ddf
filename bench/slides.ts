/**
 * Slides: one of 4 GB from an EHR into the site's folder, against reading, hashing and writing it with node streams alone.
 * `node bench/slides.ts`; SLIDE_GB says another size.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { median, openProcesses, ready, watchResident } from './processes.ts';
import { writeSparseSlide } from './slide-file.ts';

const ROUNDS = 3;
const PORT = 18286;

export interface SlidesResult {
  gigabytes: number;
  /** Milliseconds, a round each. */
  floor: number[];
  ours: number[];
  /** Our throughput by that of plain streams, of the medians. */
  ratio: number;
  /** MB resident at most, of a process that does nothing but copy. */
  peak: { floor: number | undefined; ours: number | undefined };
}

const said = z.object({ ms: z.number(), checksum: z.string() });

async function once(which: 'floor' | 'ours', env: Record<string, string>) {
  const args = ['--max-semi-space-size=4'];
  const child: ChildProcess = fork('bench/slide-stager.ts', {
    execArgv: args,
    env: { ...process.env, ...env, STAGER: which },
  });
  const watching = watchResident(child);
  try {
    const ended = new Promise<never>((_, reject) => {
      child.once('exit', (code) => reject(new Error(`The ${which} process ended with ${code}`)));
    });
    const told = new Promise<unknown>((resolve) => child.once('message', resolve));
    ended.catch(() => undefined);
    return { ...said.parse(await Promise.race([told, ended])), peak: await watching.stop() };
  } finally {
    child.kill('SIGKILL');
  }
}

export async function benchSlides(url: string, gigabytes = Number(process.env.SLIDE_GB ?? 4)): Promise<SlidesResult> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const slide = join(folder, 'slide.svs');
  const SCHEMA = `bench_${randomBytes(5).toString('hex')}`;
  const client = new pg.Client(url);
  const processes = openProcesses();
  await client.connect();
  try {
    await client.query(`create schema ${SCHEMA}`);
    await writeSparseSlide(slide, gigabytes * 1e9);
    processes.start(['bench/slide-host.ts'], { HOST_PORT: String(PORT), SLIDE: slide });
    const EHR = `http://127.0.0.1:${PORT}/fhir`;
    await ready(`${EHR}/metadata`);
    const rounds: Record<'floor' | 'ours', Awaited<ReturnType<typeof once>>[]> = { floor: [], ours: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const which of ['floor', 'ours'] as const) {
        const target = join(folder, which);
        rounds[which].push(await once(which, { EHR, FOLDER: target, DATABASE: url, SCHEMA }));
        await rm(target, { recursive: true, force: true });
      }
    }
    const times = (which: 'floor' | 'ours') => rounds[which].map(({ ms }) => ms);
    const most = (which: 'floor' | 'ours') => Math.max(...rounds[which].map(({ peak }) => peak ?? Number.NaN));
    const [floor, ours] = [times('floor'), times('ours')];
    const peak = { floor: most('floor'), ours: most('ours') };
    return { gigabytes, floor, ours, ratio: median(floor) / median(ours), peak };
  } finally {
    await processes.end();
    await client.query(`drop schema if exists ${SCHEMA} cascade`);
    await client.end();
    await rm(folder, { recursive: true, force: true });
  }
}

export function slideLines({ gigabytes, floor, ours, ratio, peak }: SlidesResult): string[] {
  const row = (name: string, times: number[], most: number | undefined): string => {
    const ms = median(times);
    const rate = ((gigabytes * 1e6) / ms).toFixed(0).padStart(8);
    return `${name.padEnd(33)} ${ms.toFixed(0).padStart(12)} ${rate} ${String(most).padStart(8)}`;
  };
  return [
    `One slide of ${gigabytes} GB from an EHR into a folder, on PostgreSQL, median of ${floor.length} rounds`,
    '',
    '                                            ms     MB/s   MB RSS',
    row('read, hashed, written (streams)', floor, peak.floor),
    row('adapter (in parts, de-identified)', ours, peak.ours),
    '',
    `ratio ${ratio.toFixed(2)} (goal: at least 0.8), resident memory below 200 MB wanted`,
  ];
}

if (import.meta.main) {
  const url = process.env.TEST_DATABASE_URL;
  if (!url) {
    process.stdout.write('Set TEST_DATABASE_URL to a PostgreSQL on this machine.\n');
    process.exit(64);
  }
  const result = await benchSlides(url);
  const machine = { at: new Date().toISOString(), node: process.version, cpus: cpus().length };
  await mkdir(new URL('results/', import.meta.url), { recursive: true });
  await writeFile(
    new URL('results/slides.json', import.meta.url),
    `${JSON.stringify({ ...machine, ...result }, null, 2)}\n`,
  );
  process.stdout.write(`${slideLines(result).join('\n')}\n`);
}
