/** A Hemato.AI simulator of its own on a free port, with a clock that its test turns, and the few calls that tests make. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import express from 'express';
import { z } from 'zod';
import { createFaults } from '../../sandbox/faults.ts';
import { type HematoOptions, hematoRoutes, SANDBOX_USER } from '../../sandbox/hemato/routes.ts';
import { createLedger } from '../../sandbox/ledger.ts';

export const SMEAR = readFileSync(new URL('../../sandbox/examples/smear.jpg', import.meta.url));

/** A fixture file as JSON. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/hemato/${name}.json`, import.meta.url), 'utf8'));
}

/** The hash that a login takes in place of the password. */
export const passHash = (password: string) => createHash('sha256').update(password).digest('hex');

export interface Call {
  /** Default: a good session's, as Bearer. `null`: no header. */
  authorization?: string | null;
  json?: unknown;
  body?: Uint8Array | string;
  type?: string;
}

const loggedIn = z.object({
  results: z.union([
    z.object({ hemato_ai_auth_token: z.string() }).transform(({ hemato_ai_auth_token: token }) => token),
    z.object({ token: z.object({ HY_APP_AUTH_v1: z.string() }) }).transform(({ token }) => token.HY_APP_AUTH_v1),
  ]),
});
const named = z
  .object({ results: z.object({ pbs_id: z.string().optional(), pbs_study_id: z.string().optional() }) })
  .transform(({ results }) => results.pbs_study_id ?? results.pbs_id ?? '');
const progress = z
  .object({ results: z.looseObject({ report_status: z.string(), progress: z.number(), progress_message: z.string() }) })
  .transform(({ results }) => results);

/** Serves the simulator until the test ends. */
export async function serveHemato(test: TestContext, options: HematoOptions = {}) {
  const faults = createFaults();
  let at = Date.parse('2026-11-22T09:00:00Z');
  const now = () => new Date(at);
  const ledger = createLedger(now);
  const parts = { faults: faults.of('hemato'), ledger: ledger.of('hemato'), now };
  const server = createServer(express().use(hematoRoutes({ ...parts, options }))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const host = `127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}`;
  let session: string | undefined;

  async function call(method: string, path: string, init: Call = {}) {
    const { json, body = json === undefined ? undefined : JSON.stringify(json) } = init;
    const { authorization = `Bearer ${await token()}` } = init;
    const response = await fetch(`http://${host}${path}`, {
      method,
      headers: {
        ...(authorization !== null && { Authorization: authorization }),
        ...(init.type !== undefined && { 'Content-Type': init.type }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : Buffer.from(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers, json: (): unknown => JSON.parse(text) };
  }

  const login = () => {
    const json = { user: SANDBOX_USER.email, pass_hash: passHash(SANDBOX_USER.password) };
    return call('POST', '/auth/login', { authorization: null, json });
  };
  async function token(): Promise<string> {
    session ??= loggedIn.parse((await login()).json()).results;
    return session;
  }

  const vendor = {
    host,
    now,
    faults,
    account: () => ledger.read().hemato,
    set: (fault: string, times = 1) => faults.set('hemato', fault, times),
    turn(seconds: number) {
      at += seconds * 1000;
    },
    call,
    login,
    token,
    readToken: (answer: unknown) => loggedIn.parse(answer).results,
    create: (init: Call = {}) => call('POST', '/pbs', init),
    /** A new study's id. */
    study: async () => named.parse((await call('POST', '/pbs')).json()),
    upload: (study: string, body: Uint8Array = SMEAR, query = 'file_name=a.jpg&rbc_diameter=84', type = 'image/jpeg') =>
      call('POST', `/pbs/${study}/files?${query}`, { body, type }),
    tasks: (study: string, tasks = ['pbs_v1'], more: object = {}) =>
      call('POST', `/pbs/${study}/tasks`, { json: { diagnostic_tasks: tasks, ...more } }),
    status: async (study: string, task = '') => {
      const answer = await call('GET', `/pbs/${study}/status${task}`);
      return progress.parse(answer.json());
    },
    report: (study: string, path = '/report') => call('GET', `/pbs/${study}${path}`),
    /** A study with one picture whose tasks are taken, and whose report is ready. */
    async done(tasks = ['pbs_v1'], picture: Uint8Array = SMEAR): Promise<string> {
      const id = await vendor.study();
      const isPng = picture[0] === 0x89;
      const query = `file_name=a.${isPng ? 'png' : 'jpg'}&rbc_diameter=84`;
      const uploaded = await vendor.upload(id, picture, query, isPng ? 'image/png' : 'image/jpeg');
      const taken = await vendor.tasks(id, tasks);
      assert.ok(uploaded.status < 300 && taken.status < 300);
      vendor.turn(options.secondsUntilReady ?? 2);
      return id;
    },
  };
  return vendor;
}
