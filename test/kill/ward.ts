/** A sandbox and an adapter, each a process of its own, with one site and a configuration in a temporary folder. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FACE_ORDER } from '../../sandbox/examples/face.ts';
import { HAUTAI_DEFAULTS } from '../../sandbox/hautai/defaults.ts';
import { SANDBOX_USER } from '../../sandbox/hemato/routes.ts';
import { dropSchema } from '../support/whole.ts';
import { type Process, run } from './process.ts';
import { api } from './reading.ts';

export interface WardWish {
  /** `pglite`, or `postgres`: TEST_DATABASE_URL, in a schema of its own. */
  database: string;
  /** As SANDBOX_EHR_MANNER and SANDBOX_TRANSACTIONS say it. */
  manner: string;
  transactions?: string;
  port: string;
  sandboxPort: string;
  /** Whose work is ordered; default healthsage. */
  vendor?: WardVendor;
}

/** Settings and the route of each vendor, as the configuration has them; the sandbox's URL goes in at `@`. */
const VENDORS = {
  healthsage: {
    settings: "{ baseUrl: '@/healthsage', apiKey: sandbox-ward }",
    on: 'DocumentReference?status=current&type=http://loinc.org|11506-3',
  },
  hemato: {
    settings: `{ baseUrl: '@/hemato', auth: { type: session, user: ${SANDBOX_USER.email}, password: ${SANDBOX_USER.password} } }`,
    on: 'ServiceRequest?status=active&code=http://loinc.org|5909-7',
  },
  hautai: {
    settings: `{ baseUrl: '@/hautai', token: ${HAUTAI_DEFAULTS.token}, companyId: ${HAUTAI_DEFAULTS.companyId}, datasetId: ${HAUTAI_DEFAULTS.datasetId}, storageHosts: [localhost] }`,
    on: `ServiceRequest?status=active&code=${FACE_ORDER.system}|${FACE_ORDER.code}`,
  },
} as const;
export type WardVendor = keyof typeof VENDORS;
export const isWardVendor = (name: string): name is WardVendor => name in VENDORS;

export interface Ward {
  ehrUrl: string;
  sandboxUrl: string;
  read: ReturnType<typeof api>;
  /** Sets a fault of the sandbox. */
  fault(fault: object): Promise<void>;
  /** Ends the adapter as `end` says, and starts it again. */
  restart(end: (adapter: Process) => void): Promise<void>;
  /** kill -9 of both, and nothing of them is left. */
  close(): Promise<void>;
}

const TOKEN = 'operator-token-of-the-run';

/** Starts both; ready once our Subscription is active. */
export async function openWard(wish: WardWish): Promise<Ward> {
  const sandboxUrl = `http://127.0.0.1:${wish.sandboxPort}`;
  const adapterUrl = `http://127.0.0.1:${wish.port}`;
  const ehrUrl = `${sandboxUrl}/fhir/R4`;
  const { vendor = 'healthsage' } = wish;
  const isPostgres = wish.database === 'postgres';
  const databaseUrl = isPostgres ? (process.env.TEST_DATABASE_URL ?? assert.fail('TEST_DATABASE_URL is not set')) : '';
  const folder = await mkdtemp(join(tmpdir(), 'ward-'));
  const schema = `ward_${randomBytes(5).toString('hex')}`;
  const database = isPostgres ? `url: '${databaseUrl}', schema: ${schema}` : `folder: '${join(folder, 'data')}'`;
  const config = join(folder, 'config.yaml');
  await writeFile(
    config,
    `http: { port: ${wish.port}, publicUrl: '${adapterUrl}' }
security: { signingKey: ${randomBytes(16).toString('hex')} }
database: { ${database} }
console: { users: [{ name: script, token: ${TOKEN}, roles: [operator, approver] }] }
sites:
  - name: ward
    fhir: { baseUrl: '${ehrUrl}', auth: { type: none } }
    subscriptions: { secret: ${randomBytes(12).toString('hex')}, sweep: '* * * * *' }
    vendors: { ${vendor}: ${VENDORS[vendor].settings.replace('@', sandboxUrl)} }
    routes: [{ id: coding, on: '${VENDORS[vendor].on}', vendor: ${vendor} }]
`,
  );
  const settings = {
    SANDBOX_PORT: wish.sandboxPort,
    SANDBOX_EHR_MANNER: wish.manner,
    SANDBOX_TRANSACTIONS: wish.transactions,
  };
  const sandbox = await run('sandbox/main.ts', settings, `${ehrUrl}/metadata`);
  const start = (): Promise<Process> =>
    run('src/main.ts', { ADAPTER_CONFIG: config, LOG_LEVEL: 'error' }, `${adapterUrl}/readyz`);
  let adapter = await start();
  const active = `${ehrUrl}/Subscription?status=active`;
  while (!(await (await fetch(active)).text()).includes('"active"')) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    ehrUrl,
    sandboxUrl,
    read: api(adapterUrl, TOKEN),
    async fault(fault) {
      const headers = { 'Content-Type': 'application/json' };
      const response = await fetch(`${sandboxUrl}/faults`, { method: 'POST', headers, body: JSON.stringify(fault) });
      assert.ok(response.ok, `POST /faults answered ${response.status}`);
    },
    async restart(end) {
      end(adapter);
      await adapter.ended;
      adapter = await start();
    },
    async close() {
      adapter.kill();
      sandbox.kill();
      await Promise.all([adapter.ended, sandbox.ended]);
      await rm(folder, { recursive: true, force: true });
      if (isPostgres) {
        await dropSchema(databaseUrl, schema);
      }
    },
  };
}
