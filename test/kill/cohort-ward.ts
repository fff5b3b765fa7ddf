/** An EHR and the HistAI simulator in this process, a door between, and adapters in processes of their own. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { exampleCohort } from '../../sandbox/examples/cohort.ts';
import { placeExample } from '../../sandbox/examples/place-order.ts';
import { HISTAI_DEFAULTS } from '../../sandbox/histai/defaults.ts';
import { openSandbox, PATHS, type Sandbox } from '../../sandbox/index.ts';
import { until } from '../support/until.ts';
import { dropSchema, freePort } from '../support/whole.ts';
import { openPayGate, type PayGate } from './pay-gate.ts';
import { type Process, run } from './process.ts';

const TOKEN = 'approver-token-of-the-run';

export interface Adapter {
  /** POST or GET below `/api`; the status, and the body parsed. */
  call(path: string, body?: object): Promise<{ status: number; body: unknown }>;
  /** kill -9; settles when it is dead. */
  kill(): Promise<void>;
}

export interface CohortWard {
  sandbox: Sandbox;
  gate: PayGate;
  /** What the vendor has charged so far. */
  charges(): number;
  /** Starts an adapter; several share the database. */
  start(): Promise<Adapter>;
  /** Places the example order in the EHR. */
  place(): Promise<string>;
  close(): Promise<void>;
}

/** With the database of TEST_DATABASE_URL, in a schema of its own. */
export async function openCohortWard(): Promise<CohortWard> {
  const url = process.env.TEST_DATABASE_URL ?? assert.fail('TEST_DATABASE_URL is not set');
  const folder = await mkdtemp(join(tmpdir(), 'cohort-ward-'));
  const schema = `ward_${randomBytes(5).toString('hex')}`;
  const sandbox = await openSandbox({ histai: { balanceUsd: 1_000_000 } });
  const gate = await openPayGate(`${sandbox.url}${PATHS.histai}`);
  const keys = { signingKey: randomBytes(16).toString('hex'), encryptionKey: randomBytes(32).toString('base64') };
  const secret = randomBytes(12).toString('hex');
  const ehrUrl = `${sandbox.url}${PATHS.ehr}`;
  const running = new Set<Process>();

  const configOf = (port: number): object => ({
    http: { port, publicUrl: `http://127.0.0.1:${port}` },
    security: keys,
    database: { url, schema },
    console: { users: [{ name: 'script', token: TOKEN, roles: ['operator', 'approver'] }] },
    sites: [
      {
        name: 'ward',
        fhir: { baseUrl: ehrUrl, auth: { type: 'none' } },
        subscriptions: { secret, sweep: '* * * * *' },
        vendors: { histai: { baseUrl: gate.url, apiKey: HISTAI_DEFAULTS.apiKey, storageHosts: ['localhost'] } },
        routes: [{ id: 'cohort', on: 'ServiceRequest?status=active', vendor: 'histai' }],
      },
    ],
  });

  return {
    sandbox,
    gate,
    charges: () => sandbox.ledger.read().histai?.billed.charges ?? 0,
    async start() {
      const port = await freePort();
      const adapterUrl = `http://127.0.0.1:${port}`;
      const config = join(folder, `config-${port}.yaml`);
      await writeFile(config, stringify(configOf(port)));
      const env = { ADAPTER_CONFIG: config, LOG_LEVEL: 'error' };
      const adapter = await run('src/main.ts', env, `${adapterUrl}/readyz`);
      running.add(adapter);
      return {
        async call(path, body) {
          const response = await fetch(`${adapterUrl}/api${path}`, {
            headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
            ...(body && { method: 'POST', body: JSON.stringify(body) }),
          });
          return { status: response.status, body: await response.json().catch(() => undefined) };
        },
        async kill() {
          adapter.kill();
          running.delete(adapter);
          await adapter.ended;
        },
      };
    },
    async place() {
      await until('our Subscription', async () => {
        const { entry = [] } = await sandbox.ehr.search('Subscription?status=active');
        return entry.length > 0;
      });
      return (await placeExample(ehrUrl, exampleCohort())).order;
    },
    async close() {
      for (const adapter of running) {
        adapter.kill();
        await adapter.ended;
      }
      await gate.close();
      await sandbox.close();
      await dropSchema(url, schema);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
