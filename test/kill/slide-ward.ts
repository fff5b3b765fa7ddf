/** An EHR, the Aignostics simulator, a slide's host and a storage in this process, and an adapter in one of its own. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import pg from 'pg';
import { stringify } from 'yaml';
import { writeSparseSlide } from '../../bench/slide-file.ts';
import { AIGNOSTICS_DEFAULTS } from '../../sandbox/aignostics/defaults.ts';
import { placeExample } from '../../sandbox/examples/place-order.ts';
import { exampleSlide, SLIDE_ORDER } from '../../sandbox/examples/slide.ts';
import { openSandbox, PATHS, type Sandbox } from '../../sandbox/index.ts';
import { until } from '../support/until.ts';
import { dropSchema, freePort } from '../support/whole.ts';
import { type Process, run } from './process.ts';
import { api } from './reading.ts';
import { openRunGate, type RunGate } from './run-gate.ts';
import { openSlideHost, type SlideHost } from './slide-host.ts';
import { openSlideStore, SITE, type SlideStore } from './slide-store.ts';

/** What the adapter has noted of a copy. */
export interface Noted {
  key: string;
  bytes: number;
  done: boolean;
}

export interface SlideWard {
  ehrUrl: string;
  sandbox: Sandbox;
  host: SlideHost;
  gate: RunGate;
  store: SlideStore;
  read: ReturnType<typeof api>;
  /** The newest row of the adapter's table; undefined: it has none. */
  noted(): Promise<Noted | undefined>;
  /** Places an order: of the slide on the host, or of the small one that stands in the EHR. */
  place(which: 'hosted' | 'small'): Promise<void>;
  /** Keys of the result files that the adapter knows of. */
  kept(): Promise<string[]>;
  /** kill -9; settles when it is dead. */
  kill(): Promise<void>;
  /** Starts the adapter again after it was killed. */
  revive(): Promise<void>;
  close(): Promise<void>;
}

const TOKEN = 'operator-token-of-the-run';

/** Of a slide of `size` bytes; ready once our Subscription is active. */
export async function openSlideWard(size: number, storage: 'folder' | 's3'): Promise<SlideWard> {
  const url = process.env.TEST_DATABASE_URL ?? assert.fail('TEST_DATABASE_URL is not set');
  const folder = await mkdtemp(join(tmpdir(), 'slide-ward-'));
  const schema = `ward_${randomBytes(5).toString('hex')}`;
  const database = new pg.Client(url);
  const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of ends.toReversed()) {
      await end();
    }
  };
  try {
    await database.connect();
    ends.push(() => dropSchema(url, schema));
    ends.push(() => database.end());
    const noted = async (): Promise<Noted | undefined> => {
      const { rows } = await database.query<Noted>(
        `select key, (progress->>'bytes')::float8 as bytes, done from ${schema}.staged order by order_id desc limit 1`,
      );
      return rows[0];
    };
    const slide = join(folder, 'slide.svs');
    await writeSparseSlide(slide, size);
    const host = await openSlideHost(slide, size, async () => (await noted())?.bytes ?? 0);
    ends.push(host.close);
    const sandbox = await openSandbox({ aignostics: { cellRows: 20, polygons: 5, mapSize: 48 } });
    ends.push(sandbox.close);
    const gate = await openRunGate(`${sandbox.url}${PATHS.aignostics}`);
    ends.push(gate.close);
    const store = await openSlideStore(storage, join(folder, 'files'));
    ends.push(store.close);

    const ehrUrl = `${sandbox.url}${PATHS.ehr}`;
    const port = await freePort();
    const adapterUrl = `http://127.0.0.1:${port}`;
    const config = join(folder, 'config.yaml');
    await writeFile(config, stringify(configOf({ url, schema, port, host, sandbox, gate, store })));
    const start = (): Promise<Process> =>
      run('src/main.ts', { ADAPTER_CONFIG: config, LOG_LEVEL: 'error' }, `${adapterUrl}/readyz`);
    let adapter = await start();
    ends.push(async () => {
      adapter.kill();
      await adapter.ended;
    });
    await until('our Subscription', async () => {
      const { entry = [] } = await sandbox.ehr.search('Subscription?status=active');
      return entry.length > 0;
    });
    return {
      ...{ ehrUrl, sandbox, host, gate, store, noted, close },
      read: api(adapterUrl, TOKEN),
      async place(which) {
        const own = exampleSlide();
        await placeExample(ehrUrl, which === 'small' ? own : own.map((one) => hosted(one, host.url, size)));
      },
      async kept() {
        const { rows } = await database.query<{ key: string }>(`select key from ${schema}.stored_files`);
        return rows.map(({ key }) => key);
      },
      async kill() {
        adapter.kill();
        await adapter.ended;
      },
      async revive() {
        adapter = await start();
      },
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** The example's slide as one that lies elsewhere. */
function hosted(resource: Resource, url: string, size: number): Resource {
  if (resource.resourceType !== 'DocumentReference') {
    return resource;
  }
  const attachment = { contentType: 'image/tiff', url, size, title: 'slide.svs' };
  return { ...resource, content: [{ attachment }] };
}

interface Parts extends Pick<SlideWard, 'host' | 'sandbox' | 'gate' | 'store'> {
  url: string;
  schema: string;
  port: number;
}

function configOf({ url, schema, port, host, sandbox, gate, store }: Parts): object {
  const { clientId, audience, refreshToken } = AIGNOSTICS_DEFAULTS;
  const tenant = `${sandbox.url}${PATHS.aignostics}/auth0`;
  return {
    http: { port, publicUrl: `http://127.0.0.1:${port}` },
    security: { signingKey: randomBytes(16).toString('hex'), encryptionKey: randomBytes(32).toString('base64') },
    database: { url, schema },
    console: { users: [{ name: 'script', token: TOKEN, roles: ['operator', 'approver'] }] },
    sites: [
      {
        name: SITE,
        fhir: { baseUrl: `${sandbox.url}${PATHS.ehr}`, auth: { type: 'none' }, storageHosts: [host.host] },
        subscriptions: { secret: randomBytes(12).toString('hex'), sweep: '* * * * *' },
        storage: store.settings,
        vendors: {
          aignostics: {
            baseUrl: `${gate.url}/api/v1`,
            auth: { clientId, tenant, audience, refreshToken },
            storageHosts: ['localhost'],
          },
        },
        routes: [
          {
            id: 'slides',
            on: `ServiceRequest?status=active&code=${SLIDE_ORDER.system}|${SLIDE_ORDER.code}`,
            vendor: 'aignostics',
            options: { application: 'he-tme', version: '1.4.0' },
          },
        ],
      },
    ],
  };
}
