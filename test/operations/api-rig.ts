/** The API over HTTP beside a running engine, with a note and a patient whose words must never come out of it. */
import assert from 'node:assert/strict';
import express from 'express';
import type { UserConfig } from '../../src/config.ts';
import { openLog } from '../../src/log.ts';
import { type ApiOptions, apiRouter } from '../../src/operations/api.ts';
import { healthRouter } from '../../src/operations/health.ts';
import { openLogins } from '../../src/operations/logins.ts';
import { openMeters } from '../../src/operations/metrics.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { serve } from '../support/serve.ts';
import type { Toy } from '../support/toy-vendor.ts';

/** A word of the note and the patient's family name: whatever holds it tells on the patient. */
export const MARKER = 'Quetzalcoatlus';

export const TOKENS = {
  viewer: 'viewer-token-1',
  operator: 'operator-token-1',
  approver: 'approver-token-1',
  everything: 'everything-token-1',
} as const;
type Who = keyof typeof TOKENS | undefined;

export const USERS: UserConfig[] = [
  { name: 'vera', token: TOKENS.viewer, roles: ['viewer'] },
  { name: 'otto', token: TOKENS.operator, roles: ['operator'] },
  { name: 'anna', token: TOKENS.approver, roles: ['approver'] },
  { name: 'emil', token: TOKENS.everything, roles: ['operator', 'approver'] },
];

export interface Answer {
  status: number;
  type: string;
  headers: Headers;
  text: string;
  json: unknown;
}

export interface ApiRig extends Rig {
  url: string;
  database: Database;
  get(path: string, who?: Who): Promise<Answer>;
  post(path: string, who: Who, body?: unknown): Promise<Answer>;
  /** Any request at all. */
  ask(path: string, init?: RequestInit): Promise<Answer>;
  /** Everything that was answered and logged so far. */
  said(): string;
  stopping: boolean;
  close(): Promise<void>;
}

export async function apiRig(
  database: Database,
  toy: Toy,
  more: { sweep?: ApiOptions['sweep']; limits?: Rig['route']['limits'] } = {},
): Promise<ApiRig> {
  const lines: string[] = [];
  const log = openLog('debug', { write: (line) => void lines.push(line) });
  const rig = await engineRig({
    database,
    vendor: toy.vendor,
    ehr: memoryEhr((id) => ({
      ...noteReading(id, `${MARKER} has gout.`),
      patient: { resourceType: 'Patient', id: 'p1', name: [{ family: MARKER }], birthDate: '1961-02-03' },
    })),
    ...(more.limits && { limits: more.limits }),
  });
  const meters = openMeters(database, () => rig.clock.now());
  rig.services.log = log;
  rig.services.meter = meters.engine;
  const app = express();
  app.use(
    healthRouter({
      database,
      meters,
      sites: () => ({ site: { ehr: 'ok', subscriptions: 'ok' } }),
      stopping: () => it.stopping,
    }),
  );
  const sweep = more.sweep ?? (async () => undefined);
  const logins = openLogins({ database, sites: rig.services.sites, clock: rig.clock, log });
  app.use(
    '/api',
    apiRouter({ database, clock: rig.clock, users: USERS, sites: ['site', 'quiet'], sweep, logins, log }),
  );
  const server = await serve(app);

  const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${server.url}${path}`, init);
    const text = await response.text();
    lines.push(text);
    const type = response.headers.get('content-type') ?? '';
    const json: unknown = /json/.test(type) ? JSON.parse(text) : undefined;
    return { status: response.status, type, headers: response.headers, text, json };
  };
  const auth = (who: Who): Record<string, string> => (who ? { Authorization: `Bearer ${TOKENS[who]}` } : {});
  const it: ApiRig = {
    ...rig,
    url: server.url,
    database,
    ask,
    get: (path, who = 'viewer') => ask(path, { headers: auth(who) }),
    post: (path, who, body) =>
      ask(path, {
        method: 'POST',
        headers: { ...auth(who), ...(body !== undefined && { 'Content-Type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    said: () => lines.join('\n'),
    stopping: false,
    async close() {
      await server.close();
      await rig.stop();
      await database.close();
    },
  };
  return it;
}

/** A problem document of this status and kind, and nothing else. */
export function assertProblem(answer: Answer, status: number, kind?: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.type, /^application\/problem\+json/);
  const { json } = answer;
  assert.ok(typeof json === 'object' && json !== null && 'type' in json && 'status' in json && 'detail' in json);
  assert.equal(json.status, status);
  assert.match(String(json.type), /^urn:fhir-ai-adapter:problem:/);
  assert.ok(String(json.detail).length > 0);
  if (kind !== undefined) {
    assert.equal(json.type, `urn:fhir-ai-adapter:problem:${kind}`);
  }
}
