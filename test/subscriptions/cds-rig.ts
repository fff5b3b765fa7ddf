/** CDS services over HTTP, with a small EHR, two vendors and a database; and a client that signs tokens. */
import { randomUUID } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import express from 'express';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { configSchema } from '../../src/config/schema.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import { openLog } from '../../src/log.ts';
import type { RouteRuntime } from '../../src/orders/site.ts';
import type { Database } from '../../src/orders/store/database.ts';
import type { CdsSite } from '../../src/subscriptions/cds/facts.ts';
import { cdsRouter } from '../../src/subscriptions/cds/router.ts';
import type { Vendor } from '../../src/vendors/contract.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { noSecrets } from '../support/no-secrets.ts';
import { serve } from '../support/serve.ts';
import { toyVendor } from '../support/toy-vendor.ts';
import { fakeClient } from './doubles.ts';

export const SMEAR = { system: 'http://loinc.org', code: '32700-7', display: 'Malaria smear' };
export const NOTE = { system: 'http://loinc.org', code: '11506-3', display: 'Note coding' };
export const PUBLIC_URL = 'https://adapter.example/base';
export const ISSUER = 'https://ehr.example';

export interface Answer {
  status: number;
  headers: Headers;
  json: unknown;
}

export interface CdsRig {
  url: string;
  clock: ReturnType<typeof fakeClock>;
  /** Resources of the EHR by reference. */
  ehr: Map<string, Resource>;
  /** What was asked of the EHR. */
  asked: string[];
  calls: string[];
  routes: Map<string, RouteRuntime>;
  logged(): string;
  ask(path: string, init?: RequestInit): Promise<Answer>;
  post(service: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export interface CdsWish {
  clients?: unknown;
  policy?: object;
  owners?: string[];
  routes?: { id: string; on: string; vendor: string }[];
  client?: Partial<FhirClient>;
  limits?: RouteRuntime['limits'];
  requireConsent?: boolean;
  publicUrl?: string | undefined;
}

const ROUTES = [
  { id: 'smear', on: `ServiceRequest?status=active&code=${SMEAR.system}|${SMEAR.code}`, vendor: 'derma' },
  { id: 'coding', on: `ServiceRequest?status=active&code=${NOTE.system}|${NOTE.code}`, vendor: 'scribe' },
  { id: 'asks', on: 'ServiceRequest?status=active&code:in=http://valuesets.example/ai', vendor: 'scribe' },
];

const { vendor: toy } = toyVendor([], { effects: { bill: {} } });
const VENDORS: Record<string, Vendor> = {
  derma: { ...toy, name: 'derma', title: 'Derma AI', needs: ['picture'] },
  scribe: { ...toy, name: 'scribe', title: 'Scribe AI', needs: ['note'] },
};

export async function cdsRig(database: Database, wish: CdsWish = {}): Promise<CdsRig> {
  const clock = fakeClock();
  const ehr = new Map<string, Resource>();
  const asked: string[] = [];
  const calls: string[] = [];
  const lines: string[] = [];
  const read = async <T extends Resource>(type: string, id: string) => {
    asked.push(`${type}/${id}`);
    return ehr.get(`${type}/${id}`) as T | undefined;
  };
  const capabilities = async () => ({ fhirVersion: '4.0.1', transaction: true, batch: true, atomic: true, types: {} });
  const client = fakeClient(ehr, { read, capabilities, ...wish.client });
  const base = {
    name: 'general',
    subscriptions: { secret: 'a-secret-of-the-hospital' },
    routes: wish.routes ?? ROUTES,
  };
  const { sites } = configSchema.parse({
    sites: [
      {
        ...base,
        fhir: { baseUrl: client.baseUrl, owners: wish.owners ?? [] },
        cdsHooks: { clients: wish.clients ?? 'none' },
        policy: wish.policy ?? {},
      },
      { ...base, name: 'without', fhir: { baseUrl: client.baseUrl } },
    ],
  });
  const routes = new Map<string, RouteRuntime>();
  for (const { id, on, vendor: name, options } of base.routes.map((route) => ({ options: {}, ...route }))) {
    const vendor = VENDORS[name];
    if (vendor) {
      const memory = { get: () => Promise.reject(new Error('no memory')), forget: async () => {} };
      const http = { request: () => Promise.reject(new Error('no HTTP')) };
      const limits = wish.limits ?? {};
      const credential = `key of ${name}`;
      routes.set(id, {
        ...{ id, on, vendor, settings: {}, options, http, memory, credential, limits, secrets: noSecrets },
        requireConsent: wish.requireConsent ?? false,
      });
    }
  }
  const runtimes = sites.map((config): [string, CdsSite] => [
    config.name,
    { name: config.name, config, client, routes },
  ]);
  const app = express();
  app.use(
    cdsRouter({
      sites: new Map(runtimes),
      publicUrl: 'publicUrl' in wish ? wish.publicUrl : PUBLIC_URL,
      database,
      log: openLog('debug', { write: (line) => void lines.push(line) }),
      now: () => clock.now(),
      onCall: (site) => void calls.push(site),
      patience: 200,
    }),
  );
  const server = await serve(app);
  const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${server.url}${path}`, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, json: text === '' ? undefined : JSON.parse(text) };
  };
  return {
    url: server.url,
    clock,
    ehr,
    asked,
    calls,
    routes,
    logged: () => lines.join('\n'),
    ask,
    post: (service, body, headers = {}) =>
      ask(`/sites/general/cds-services/${service}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    close: server.close,
  };
}

export const order = (coding: object, more: object = {}): object => ({
  resourceType: 'ServiceRequest',
  id: 'draft-1',
  status: 'draft',
  intent: 'order',
  subject: { reference: 'Patient/p1' },
  code: { coding: [coding] },
  ...more,
});

/** A request of the hook `order-sign`. */
export const signing = (orders: object[], more: object = {}): object => ({
  hook: 'order-sign',
  hookInstance: randomUUID(),
  context: {
    userId: 'Practitioner/1',
    patientId: 'p1',
    draftOrders: { resourceType: 'Bundle', type: 'collection', entry: orders.map((resource) => ({ resource })) },
  },
  ...more,
});

export interface Signer {
  /** The key set's address. */
  jwksUrl: string;
  /** How often the key set was asked for. */
  served(): number;
  /** The status with which the key set is answered from now on. */
  answer(status: number): void;
  rotate(kid: string): Promise<void>;
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

/** A CDS client with its key set. `now` in seconds. */
export async function signer(now: () => number, alg = 'ES384'): Promise<Signer> {
  let status = 200;
  let served = 0;
  let keys: object[] = [];
  let pair = await generateKeyPair(alg);
  let current = '';
  const rotate = async (kid: string): Promise<void> => {
    pair = await generateKeyPair(alg);
    current = kid;
    keys = [{ ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' }];
  };
  await rotate('one');
  const server = await serve((_request, response) => {
    served += 1;
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ keys }));
  });
  const jwksUrl = `${server.url}/jwks.json`;
  return {
    jwksUrl,
    served: () => served,
    answer(next) {
      status = next;
    },
    rotate,
    token: (claims = {}, header = {}) =>
      new SignJWT({
        iss: ISSUER,
        aud: `${PUBLIC_URL}/sites/general/cds-services/order-sign`,
        exp: now() + 300,
        iat: now(),
        jti: randomUUID(),
        ...claims,
      })
        .setProtectedHeader({ alg, kid: current, typ: 'JWT', jku: jwksUrl, ...header })
        .sign(pair.privateKey),
    close: server.close,
  };
}
