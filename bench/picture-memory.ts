/** Ten orders with a picture of 30 MB each, all at once: how much memory the adapter takes until the last is written. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { PATHS } from '../sandbox/index.ts';
import { variant } from './picture-file.ts';
import { openProcesses, ready, resident, watchResident } from './processes.ts';

const ORDERS = 10;
const ADAPTER_PORT = 18284;
const SANDBOX_PORT = 18285;
const TOKEN = 'token-of-the-benchmark';
/** Seconds for everything. */
const PATIENCE = 180;
const CODE = { system: 'http://loinc.org', code: '5909-7' };

export interface MemoryResult {
  orders: number;
  megabytes: number;
  /** MB resident before the orders, and at most while they are worked on; undefined where there is no /proc. */
  before: number | undefined;
  peak: number | undefined;
  seconds: number;
}

/** Works in `schema` of the PostgreSQL at `url`. The EHR and the vendor are processes of their own. */
export async function benchMemory(database: { url: string; schema: string }, jpeg: Buffer): Promise<MemoryResult> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const config = join(folder, 'config.yaml');
  const sandbox = `http://127.0.0.1:${SANDBOX_PORT}`;
  const ehr = `${sandbox}${PATHS.ehr}`;
  const adapterUrl = `http://127.0.0.1:${ADAPTER_PORT}`;
  await writeFile(config, configText(database, sandbox));
  const processes = openProcesses();
  try {
    processes.start(['sandbox/main.ts'], { SANDBOX_PORT: String(SANDBOX_PORT) });
    await ready(`${ehr}/metadata`);
    const adapter = await processes.startAdapter({ ADAPTER_CONFIG: config, LOG_LEVEL: 'error' });
    await ready(`${adapterUrl}/readyz`);
    await until('our Subscription', async () =>
      (await (await fetch(`${ehr}/Subscription?status=active`)).text()).includes('"active"'),
    );
    const media = [];
    for (let index = 0; index < ORDERS; index++) {
      media.push(await placePicture(ehr, variant(jpeg, index)));
    }
    const before = await resident(adapter);
    const watching = watchResident(adapter);
    const begun = performance.now();
    await Promise.all(media.map((each) => placeOrder(ehr, each)));
    await until('all orders', () => allDone(adapterUrl));
    const seconds = (performance.now() - begun) / 1000;
    return { orders: ORDERS, megabytes: jpeg.length / 1e6, before, peak: await watching.stop(), seconds };
  } finally {
    await processes.end();
    await rm(folder, { recursive: true, force: true });
  }
}

function configText({ url, schema }: { url: string; schema: string }, sandbox: string): string {
  return `http: { port: ${ADAPTER_PORT}, publicUrl: 'http://127.0.0.1:${ADAPTER_PORT}' }
database: { url: '${url}', schema: ${schema} }
security: { signingKey: ${randomBytes(16).toString('hex')} }
console: { users: [{ name: bench, token: ${TOKEN}, roles: [operator] }] }
sites:
  - name: bench
    fhir: { baseUrl: '${sandbox}${PATHS.ehr}' }
    subscriptions: { secret: ${randomBytes(12).toString('hex')} }
    vendors:
      hemato:
        baseUrl: '${sandbox}/hemato'
        profile: '2023'
        auth: { type: session, user: sandbox@example.com, password: sandbox-password }
    routes:
      - id: smear
        on: 'ServiceRequest?status=active&code=${CODE.system}|${CODE.code}'
        vendor: hemato
        options: { rbcDiameter: 84 }
`;
}

/** Patient, Binary and Media; what an order needs to name. */
async function placePicture(ehr: string, jpeg: Buffer): Promise<{ patient: string; media: string }> {
  const patient = await create(ehr, { resourceType: 'Patient', name: [{ family: 'Bench' }] });
  const binary = await send(`${ehr}/Binary`, 'image/jpeg', new Uint8Array(jpeg));
  const media = await create(ehr, {
    resourceType: 'Media',
    status: 'completed',
    subject: { reference: patient },
    createdDateTime: '2026-11-21T09:40:00Z',
    content: { contentType: 'image/jpeg', url: `Binary/${binary}` },
  });
  return { patient, media };
}

function placeOrder(ehr: string, { patient, media }: { patient: string; media: string }): Promise<string> {
  return create(ehr, {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    code: { coding: [CODE] },
    subject: { reference: patient },
    supportingInfo: [{ reference: media }],
  });
}

async function create(ehr: string, resource: { resourceType: string; [element: string]: unknown }): Promise<string> {
  const id = await send(`${ehr}/${resource.resourceType}`, 'application/fhir+json', JSON.stringify(resource));
  return `${resource.resourceType}/${id}`;
}

async function send(url: string, contentType: string, body: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const headers = { 'Content-Type': contentType, Accept: 'application/fhir+json' };
  const response = await fetch(url, { method: 'POST', headers, body });
  const location = response.headers.get('location') ?? '';
  await response.arrayBuffer();
  const id = /\/([A-Za-z0-9.-]+)\/_history\//.exec(location)?.[1];
  if (!response.ok || id === undefined) {
    throw new Error(`The EHR answered ${response.status}`);
  }
  return id;
}

const page = z.object({
  orders: z.array(z.object({ status: z.string(), reason: z.object({ code: z.string() }).nullish() })),
});

async function allDone(adapterUrl: string): Promise<boolean> {
  const response = await fetch(`${adapterUrl}/api/orders`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  const { orders } = page.parse(await response.json());
  const stuck = orders.find(({ status }) => ['failed', 'rejected', 'held', 'waiting', 'cancelled'].includes(status));
  if (stuck) {
    throw new Error(`An order is ${stuck.status}: ${stuck.reason?.code ?? 'for no reason'}`);
  }
  return orders.length === ORDERS && orders.every(({ status }) => status === 'completed');
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE * 1000;
  while (!(await condition())) {
    if (Date.now() > end) {
      throw new Error(`Waited ${PATIENCE} s in vain for ${what}`);
    }
    await pause(200);
  }
}
