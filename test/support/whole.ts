/** Sandboxes and the adapter in one process, put together as `npm start` does it; configured in words, as a user would. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe } from 'node:test';
import pg from 'pg';
import { stringify } from 'yaml';
import { openSandbox, PATHS, type Sandbox, type SandboxOptions } from '../../sandbox/index.ts';
import { startAdapter } from '../../src/adapter.ts';
import { loadConfig } from '../../src/config.ts';
import { type Log, silentLog } from '../../src/log.ts';
import { vendors } from '../../src/vendors/index.ts';
import { type PictureWish, pictureVendors } from './picture-sites.ts';
import { assertSound } from './sound.ts';
import { until } from './until.ts';

export const MANNERS = ['medplum', 'hapi'] as const;

export interface SiteWish extends Pick<SandboxOptions, 'manner' | 'transactions' | 'ehr'>, PictureWish {
  /** Other hosts that attachments may lie on. */
  storageHosts?: readonly string[];
  /** HealthSage's key; default: one of the site's own. */
  apiKey?: string;
  limits?: { perDay?: number; perOrder?: number };
  /** `websocket`: the EHR cannot reach us, and there is no public URL. */
  channel?: 'websocket';
  /** Words of the site's `subscriptions`. */
  subscriptions?: { register?: boolean } & Record<string, unknown>;
  /** Also a route of ServiceRequests for coding, REQUEST_ROUTE. */
  requests?: true;
  owners?: readonly string[];
  /** Also a route that orders from Tasks themselves, TASK_ROUTE: the search. */
  tasks?: string;
  policy?: object;
  /** Words of the search after those that every note of the tests has. */
  on?: string;
}

/** One site: its own sandbox, and what the adapter was told of it. */
export interface Place {
  name: string;
  sandbox: Sandbox;
  ehrUrl: string;
  secret: string;
  /** Where this site's notifications go. */
  notifyUrl: string;
  whole: Whole;
}

export interface Whole {
  url: string;
  token: string;
  /** Of the configuration: `url` and `schema` where it is PostgreSQL. */
  database: object;
  place(name: string): Place;
  close(): Promise<void>;
}

export type Sites = Record<string, SiteWish>;

export const ROUTE = 'note-coding';
export const REQUEST_ROUTE = 'request-coding';
export const TASK_ROUTE = 'task-coding';
export const SIGNING_KEY = 'the-signing-key-of-the-tests';

/** A port that nobody has at the moment: the adapter has to know its public address before it listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

function siteText(name: string, { sandbox, secret }: Pick<Place, 'sandbox' | 'secret'>, wish: SiteWish): object {
  const pictures = pictureVendors(sandbox.url, wish);
  return {
    name,
    fhir: {
      baseUrl: `${sandbox.url}${PATHS.ehr}`,
      auth: { type: 'none' },
      ...(wish.owners && { owners: wish.owners }),
      ...(wish.storageHosts && { storageHosts: wish.storageHosts }),
    },
    ...(wish.policy && { policy: wish.policy }),
    subscriptions: { secret, ...(wish.channel && { channel: wish.channel }), ...wish.subscriptions },
    vendors: {
      healthsage: {
        baseUrl: `${sandbox.url}${PATHS.healthsage}`,
        apiKey: wish.apiKey ?? `sandbox-${name}`,
        ...(wish.limits && { limits: wish.limits }),
      },
      ...pictures.vendors,
    },
    routes: [
      {
        id: ROUTE,
        on: `DocumentReference?status=current&type=http://loinc.org|11506-3${wish.on ?? ''}`,
        vendor: 'healthsage',
      },
      ...(wish.requests
        ? [
            {
              id: REQUEST_ROUTE,
              on: 'ServiceRequest?status=active&code=http://loinc.org|11506-3',
              vendor: 'healthsage',
            },
          ]
        : []),
      ...(wish.tasks ? [{ id: TASK_ROUTE, on: wish.tasks, vendor: 'healthsage' }] : []),
      ...pictures.routes,
    ],
  };
}

/** A sandbox in which nothing takes longer than it has to. */
export function quickSandbox(wish: SandboxOptions = {}): Promise<Sandbox> {
  return openSandbox({
    ...wish,
    healthsage: { pollsUntilDone: 0, slowMs: 300 },
    // Long enough for a callback to find its order waiting.
    hemato: { secondsUntilReady: 0.4, slowMs: 300, ...wish.hemato },
    hautai: { secondsUntilReady: 0, slowMs: 300, ...wish.hautai },
    histai: { secondsUntilBuilt: 0, secondsUntilExported: 0, slowMs: 300, ...wish.histai },
    ehr: { retryUnit: 50, activationMs: 1, faultMs: 300, ...wish.ehr },
  });
}

/** The configuration's text for these sites; what is secret stands in the environment. */
export function configText(options: {
  port: number;
  token: string;
  database: object;
  sites: object[];
  /** Nobody can reach us. */
  hidden?: boolean;
}): string {
  return stringify({
    http: { port: options.port, ...(!options.hidden && { publicUrl: `http://127.0.0.1:${options.port}` }) },
    security: { signingKey: SIGNING_KEY },
    database: options.database,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own expression
    console: { users: [{ name: 'night-shift', token: '${CONSOLE_TOKEN}', roles: ['operator', 'approver'] }] },
    sites: options.sites,
  });
}

/** Starts a sandbox for each site and one adapter for all of them; ready once every site's Subscription is active. */
export async function openWhole(wishes: Sites, database: object, log: Log = silentLog): Promise<Whole> {
  const token = randomBytes(12).toString('hex');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const places = new Map<string, Place>();
  const sites: object[] = [];
  let close = async (): Promise<void> => {
    await Promise.all([...places.values()].map(({ sandbox }) => sandbox.close()));
  };
  const whole: Whole = {
    url,
    token,
    database,
    place(name) {
      const place = places.get(name);
      if (!place) {
        throw new Error(`There is no site ${name}`);
      }
      return place;
    },
    close: () => close(),
  };
  try {
    for (const [name, wish] of Object.entries(wishes)) {
      const { manner, transactions, ehr } = wish;
      const sandbox = await quickSandbox({
        ...(manner && { manner }),
        ...(transactions && { transactions }),
        ...(ehr && { ehr }),
        ...(wish.profile && { hemato: { profile: wish.profile } }),
      });
      const secret = randomBytes(12).toString('hex');
      sites.push(siteText(name, { sandbox, secret }, wish));
      const ehrUrl = `${sandbox.url}${PATHS.ehr}`;
      places.set(name, { name, sandbox, ehrUrl, secret, notifyUrl: `${url}/notify/${name}`, whole });
    }
    const hidden = Object.values(wishes).every(({ channel }) => channel === 'websocket');
    const text = configText({ port, token, database, sites, hidden });
    const env = { CONSOLE_TOKEN: token };
    const readFile = (): never => {
      throw new Error('The configuration names no files');
    };
    const loaded = loadConfig({ text, path: 'adapter.yaml', env, readFile, vendors });
    if ('problems' in loaded) {
      throw new Error(JSON.stringify(loaded.problems));
    }
    const adapter = await startAdapter({ config: loaded.config, log });
    const closeSandboxes = close;
    close = async () => {
      await adapter.stop(9);
      await closeSandboxes();
    };
    const registered = [...places.values()].filter(({ name }) => wishes[name]?.subscriptions?.register !== false);
    for (const { name, sandbox } of registered) {
      await until(`the Subscription of ${name}`, async () => {
        const found = await sandbox.ehr.search('Subscription?status=active');
        return (found.entry ?? []).length > 0 || sandbox.ehr.webSockets.count().bound > 0;
      });
    }
    return whole;
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

export interface WholeOptions {
  /** Whether tests and databases run side by side; default: they do, for most of the time is waiting. */
  concurrency?: boolean;
  /** References to what the tests have deleted. */
  gone?: ReadonlySet<string>;
  /** Default: silence. */
  log?: Log;
  /** On PostgreSQL alone where there is one, unless EVERY_DATABASE=1 says otherwise; see onOneWhole. */
  oneDatabase?: boolean;
}

/**
 * The same on one database: for suites of what is read from and written to an EHR, in which the database has no part of its
 * own. Whatever may be lost, doubled or overtaken is tried on both.
 */
export function onOneWhole(
  name: string,
  sites: Sites,
  tests: (whole: () => Whole) => void,
  options: WholeOptions = {},
): void {
  onEveryWhole(name, sites, tests, { ...options, oneDatabase: process.env.EVERY_DATABASE === undefined });
}

/**
 * Runs the same tests on PGlite and, where TEST_DATABASE_URL names one, on PostgreSQL in a schema of their own. In the end,
 * everything that was written at any site has to be sound.
 */
export function onEveryWhole(
  name: string,
  sites: Sites,
  tests: (whole: () => Whole) => void,
  { concurrency = true, gone, log, oneDatabase = false }: WholeOptions = {},
): void {
  const url = process.env.TEST_DATABASE_URL;
  const withWhole = (database: string, settings: object, clear: () => Promise<void>): void => {
    describe(database, { concurrency }, () => {
      let whole: Whole | undefined;
      before(async () => {
        whole = await openWhole(sites, settings, log);
      });
      after(async () => {
        try {
          for (const site of Object.keys(whole ? sites : {})) {
            await (whole && assertSound(whole.place(site), gone));
          }
        } finally {
          await whole?.close();
          await clear();
        }
      });
      tests(() => {
        if (!whole) {
          throw new Error('The adapter has not started');
        }
        return whole;
      });
    });
  };
  describe(name, { concurrency }, () => {
    if (!oneDatabase || !url) {
      withWhole('PGlite', { folder: 'memory://' }, async () => {});
    }
    if (url) {
      const schema = `whole_${randomBytes(6).toString('hex')}`;
      withWhole('PostgreSQL', { url, schema }, () => dropSchema(url, schema));
    }
  });
}

export async function dropSchema(url: string, schema: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`drop schema if exists ${schema} cascade`);
  await client.end();
}
