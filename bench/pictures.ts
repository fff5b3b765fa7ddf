/**
 * Pictures: the adapter's memory while it works on ten large ones, and how fast one goes through it. Part of `npm run
 * bench`; alone: `node bench/pictures.ts`.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import pg from 'pg';
import { noisyJpeg } from './picture-file.ts';
import { benchMemory, type MemoryResult } from './picture-memory.ts';
import { benchUpload, type UploadResult } from './picture-upload.ts';
import { median } from './processes.ts';

const MEGABYTES = 30;

/** Measures, writes `bench/results/pictures.json` and gives the lines of the table. */
export async function benchPictures(url: string): Promise<string[]> {
  const jpeg = await noisyJpeg(MEGABYTES);
  const upload = await benchUpload(jpeg);
  const memory = await inSchema(url, (schema) => benchMemory({ url, schema }, jpeg));
  const results = { at: new Date().toISOString(), node: process.version, cpus: cpus().length, upload, memory };
  await mkdir(new URL('results/', import.meta.url), { recursive: true });
  await writeFile(new URL('results/pictures.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
  return [...uploadLines(upload), '', memoryLine(memory)];
}

function uploadLines({ megabytes, direct, ours, ratio }: UploadResult): string[] {
  const row = (name: string, times: number[]): string => {
    const ms = median(times);
    return `${name.padEnd(33)} ${ms.toFixed(0).padStart(12)} ${((megabytes / ms) * 1000).toFixed(0).padStart(8)}`;
  };
  return [
    `One picture of ${megabytes.toFixed(1)} MB from an EHR to a vendor on this machine, median of ${direct.length} rounds of five`,
    '',
    '                                            ms     MB/s',
    row('piped with undici', direct),
    row('adapter (checked, de-identified)', ours),
    '',
    `ratio ${ratio.toFixed(2)} (goal: at least 0.8)`,
  ];
}

function memoryLine({ orders, megabytes, before, peak, seconds }: MemoryResult): string {
  const size = `${orders} orders with ${megabytes.toFixed(0)} MB each at once, on PostgreSQL`;
  return `${size}: at most ${peak} MB resident (goal: below 250), ${before} MB before; done in ${seconds.toFixed(0)} s`;
}

async function inSchema<T>(url: string, work: (schema: string) => Promise<T>): Promise<T> {
  const schema = `bench_${randomBytes(5).toString('hex')}`;
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(`create schema ${schema}`);
    return await work(schema);
  } finally {
    await client.query(`drop schema if exists ${schema} cascade`);
    await client.end();
  }
}

if (import.meta.main) {
  const url = process.env.TEST_DATABASE_URL;
  if (!url) {
    process.stdout.write('Set TEST_DATABASE_URL to a PostgreSQL on this machine.\n');
    process.exit(64);
  }
  process.stdout.write(`${(await benchPictures(url)).join('\n')}\n`);
}
