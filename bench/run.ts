/** `npm run bench`: a table for people, and JSON in bench/results/. Needs PostgreSQL in TEST_DATABASE_URL. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { type LoadResult, load } from './load.ts';
import { benchPictures } from './pictures.ts';
import { openProcesses, ready, resident } from './processes.ts';

const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 32;
const FLOOR_PORT = 18281;
const ADAPTER_PORT = 18282;
const database = process.env.TEST_DATABASE_URL;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
if (!database) {
  say('Set TEST_DATABASE_URL to a PostgreSQL on this machine.');
  process.exit(64);
}

const schema = `bench_${randomBytes(5).toString('hex')}`;
const secret = randomBytes(16).toString('hex');
const folder = await mkdtemp(join(tmpdir(), 'bench-'));
const config = join(folder, 'config.yaml');
await writeFile(
  config,
  `http: { port: ${ADAPTER_PORT} }
database: { url: '${database}', schema: ${schema} }
sites:
  - name: bench
    fhir: { baseUrl: 'http://127.0.0.1:1/fhir' }
    subscriptions: { secret: ${secret}, register: false, sweep: 'off' }
    vendors: { healthsage: { baseUrl: 'http://127.0.0.1:1', apiKey: none-needed } }
    routes: [{ id: coding, on: 'DocumentReference?status=current', vendor: healthsage }]
`,
);
const client = new pg.Client(database);
await client.connect();
await client.query(`create schema ${schema}`);
const { start, startAdapter, end } = openProcesses();
try {
  start(['bench/floor.ts'], { FLOOR_DATABASE: database, FLOOR_SCHEMA: schema, FLOOR_PORT: String(FLOOR_PORT) });
  const adapter = await startAdapter({ ADAPTER_CONFIG: config, LOG_LEVEL: 'warn' });
  await Promise.all([FLOOR_PORT, ADAPTER_PORT].map((port) => ready(`http://127.0.0.1:${port}/readyz`)));
  await pause(5000);
  const idleMegabytes = await resident(adapter);

  const floor: LoadResult[] = [];
  const intake: LoadResult[] = [];
  const common = { connections: CONNECTIONS, secret };
  const floorLoad = { ...common, url: `http://127.0.0.1:${FLOOR_PORT}`, path: '/notify' };
  const intakeLoad = { ...common, url: `http://127.0.0.1:${ADAPTER_PORT}`, path: '/notify/bench' };
  await load({ ...floorLoad, seconds: 1 });
  await load({ ...intakeLoad, seconds: 1 });
  for (let round = 0; round < ROUNDS; round++) {
    floor.push(await load({ ...floorLoad, seconds: SECONDS }));
    intake.push(await load({ ...intakeLoad, seconds: SECONDS }));
  }
  const { rows } = await client.query(`select count(*)::int as stored from ${schema}.notifications`);
  const middle = (results: LoadResult[]): LoadResult =>
    [...results].sort((a, b) => a.perSecond - b.perSecond)[Math.floor(results.length / 2)] ?? {
      perSecond: 0,
      p50: 0,
      p99: 0,
    };
  const ratio = middle(intake).perSecond / middle(floor).perSecond;

  say(
    `Notifications stored per second, ${CONNECTIONS} connections, 2 kB each, median of ${ROUNDS} rounds of ${SECONDS} s\n`,
  );
  say('                                   per second   p50 ms   p99 ms');
  row('bare handler, one INSERT each', middle(floor));
  row('adapter (verified and batched)', middle(intake));
  say(`\nratio ${ratio.toFixed(2)} (goal: at least 1.0); ${rows[0]?.stored} rows stored`);
  say(`idle adapter on PostgreSQL: ${idleMegabytes} MB resident (goal: at most 150)`);
  const results = {
    at: new Date().toISOString(),
    node: process.version,
    cpus: cpus().length,
    floor,
    intake,
    ratio,
    idleMegabytes,
  };
  await mkdir(new URL('results/', import.meta.url), { recursive: true });
  await writeFile(new URL('results/intake.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
} finally {
  await end();
  await client.query(`drop schema ${schema} cascade`);
  await client.end();
  await rm(folder, { recursive: true, force: true });
}
say(`\n${(await benchPictures(database)).join('\n')}`);

function row(name: string, { perSecond, p50, p99 }: LoadResult): void {
  say(
    `${name.padEnd(33)} ${perSecond.toFixed(0).padStart(12)} ${p50.toFixed(1).padStart(8)} ${p99.toFixed(1).padStart(8)}`,
  );
}
