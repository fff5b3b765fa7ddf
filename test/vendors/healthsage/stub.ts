/** A small HealthSage on port 0, scripted by the tests, and a loop that plays the engine of the vendor contract. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AdapterError } from '../../../src/errors.ts';
import { silentLog } from '../../../src/log.ts';
import type { Answer, Context, Part, Step, VendorOrder } from '../../../src/vendors/contract.ts';
import { sha256 } from '../../../src/vendors/healthsage/chunk-text.ts';
import { healthsage } from '../../../src/vendors/healthsage/index.ts';
import type { Options, Settings } from '../../../src/vendors/healthsage/settings.ts';
import type { Result, State } from '../../../src/vendors/healthsage/state.ts';
import { openVendorHttp } from '../../../src/vendors/http-client.ts';
import { noSecrets } from '../../support/no-secrets.ts';
import { noSlides, withoutStorage } from '../../support/without-storage.ts';

export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/healthsage/${name}.json`, import.meta.url), 'utf8'));
}

export interface Call {
  method: string;
  url: string;
  key: string | undefined;
  body: unknown;
}
export type Reply = { status: number; body?: unknown; headers?: Record<string, string> } | 'cut';

/** Serves what `reply` says and keeps the calls. */
export async function serve(reply: (call: Call, calls: Call[]) => Reply) {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) {
      pieces.push(Buffer.from(piece));
    }
    const raw = Buffer.concat(pieces).toString('utf8');
    const header = request.headers['x-api-key'];
    const call: Call = {
      method: request.method ?? '',
      url: request.url ?? '',
      key: typeof header === 'string' ? header : undefined,
      body: raw ? JSON.parse(raw) : undefined,
    };
    calls.push(call);
    const answer = reply(call, calls);
    if (answer === 'cut') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? null));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    calls,
    baseUrl: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function orderOf(text: string, more: Partial<VendorOrder<Options>> = {}): VendorOrder<Options> {
  return {
    key: 'general/DocumentReference/1/note-coding',
    site: 'general',
    route: 'note-coding',
    options: healthsage.options.parse({}),
    focus: { resourceType: 'DocumentReference', status: 'current', content: [{ attachment: {} }] },
    patient: { resourceType: 'Patient', id: '77', birthDate: '1968-02-03' },
    inputs: [
      {
        name: 'note',
        kind: 'note',
        contentType: 'text/plain',
        sha256: sha256(text),
        size: Buffer.byteLength(text),
        characters: Array.from(text).length,
        date: '2026-11-20T10:00:00Z',
        reference: 'DocumentReference/1',
      },
    ],
    pseudonym: 'pseud-7f3a91',
    ...more,
  };
}

export interface Run {
  end:
    | Extract<
        Step<State, Result>,
        | { ask: unknown }
        | { hold: unknown }
        | { done: unknown }
        | { refuse: unknown }
        | { fail: unknown }
        | { cancel: unknown }
      >
    | { error: AdapterError };
  effects: string[];
  disclosed: string[][];
  parts: Map<string, unknown>;
  waits: number[];
}

/** Plays the engine: everything that is stored goes through JSON; time moves only by the waits that steps ask for. */
export async function drive(
  baseUrl: string,
  order: VendorOrder<Options>,
  text: string,
  answers: Record<string, string> = {},
): Promise<Run> {
  const settings: Settings = healthsage.settings.parse({ baseUrl, apiKey: 'key-of-the-site' });
  const http = openVendorHttp({ baseUrl, headers: () => ({}), log: silentLog, vendor: 'HealthSage' });
  const run: Omit<Run, 'end'> = { effects: [], disclosed: [], parts: new Map(), waits: [] };
  let clock = Date.parse('2026-11-22T10:00:00Z');
  const context = (answer: Answer | undefined): Context<Settings, Options> => ({
    settings,
    order,
    http,
    text: async () => text,
    picture: () => Promise.reject(new Error('there is no picture')),
    slides: noSlides,
    files: { ...withoutStorage, list: async () => [], put: async () => {} },
    parts: {
      list: async <Data>() =>
        [...run.parts]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, data]) => ({ name, data: structuredClone(data) as Data })),
      put: async (parts: Part[]) =>
        parts.forEach(({ name, data }) => void run.parts.set(name, JSON.parse(JSON.stringify(data)))),
    },
    memory: { get: async (_key, make) => (await make()).value, forget: async () => undefined },
    secrets: noSecrets,
    ...(answer ? { answer } : {}),
    disclose: async (fields) => void run.disclosed.push(fields),
    signal: new AbortController().signal,
    now: () => new Date(clock),
  });
  try {
    const begun = healthsage.begin(order);
    if ('refuse' in begun) {
      return { ...run, end: begun };
    }
    let state = begun;
    let answer: Answer | undefined;
    for (let step = 0; step < 3000; step++) {
      state = healthsage.state.parse(JSON.parse(JSON.stringify(state)));
      const given = context(answer);
      const next = await healthsage.advance(state, given);
      answer = undefined;
      if ('effect' in next) {
        run.effects.push(next.key);
        const value = await healthsage.effects.generate?.send(state, context(undefined), next.key);
        answer = { to: 'effect', key: next.key, value: JSON.parse(JSON.stringify(value)) };
      } else if ('ask' in next && answers[next.ask.id] !== undefined) {
        state = next.next;
        answer = {
          to: 'question',
          id: next.ask.id,
          value: answers[next.ask.id] ?? '',
          by: 'night-shift',
          at: '2026-11-22T10:00:00Z',
        };
      } else if ('next' in next && !('ask' in next)) {
        state = next.next;
        clock += (next.after ?? 0) * 1000;
        run.waits.push(next.after ?? 0);
      } else if ('done' in next) {
        return { ...run, end: { done: healthsage.result.parse(JSON.parse(JSON.stringify(next.done))) } };
      } else {
        return { ...run, end: next };
      }
    }
    throw new Error('the order never ends');
  } catch (thrown) {
    if (thrown instanceof AdapterError) {
      return { ...run, end: { error: thrown } };
    }
    throw thrown;
  } finally {
    await http.close();
  }
}
