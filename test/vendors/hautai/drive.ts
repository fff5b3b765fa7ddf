/** A loop that plays the engine for one Haut.AI order against the simulator, on a clock that only the waits move. */
import assert from 'node:assert/strict';
import { AdapterError } from '../../../src/errors.ts';
import { silentLog } from '../../../src/log.ts';
import { streamOfBytes } from '../../../src/streams.ts';
import type { Answer, Context, OrderInput, ResultFile, Step, VendorOrder } from '../../../src/vendors/contract.ts';
import { isRefusal } from '../../../src/vendors/contract.ts';
import { hautai } from '../../../src/vendors/hautai/index.ts';
import type { Options, Settings } from '../../../src/vendors/hautai/settings.ts';
import type { Result, State } from '../../../src/vendors/hautai/state.ts';
import type { VendorHttp } from '../../../src/vendors/http.ts';
import { openVendorHttp } from '../../../src/vendors/http-client.ts';
import { noSecrets } from '../../support/no-secrets.ts';
import { noSlides, withoutStorage } from '../../support/without-storage.ts';
import { photo } from './photo.ts';
import { companyId, datasetId, type Served, token } from './serve.ts';

const MOST_STEPS = 400;

export interface Clock {
  now(): Date;
  advance(seconds: number): void;
}

export function clock(start = '2026-11-22T10:00:00Z'): Clock {
  let at = Date.parse(start);
  return {
    now: () => new Date(at),
    advance(seconds) {
      at += seconds * 1000;
    },
  };
}

export function input(side: string, more: Partial<OrderInput> = {}): OrderInput {
  return {
    name: `picture/${side}`,
    kind: 'picture',
    contentType: 'image/png',
    sha256: '0'.repeat(64),
    size: 100,
    date: '2026-11-20T10:30:00+01:00',
    reference: `Media/${side}`,
    picture: { contentType: 'image/png', pictures: 1, width: 60, height: 80, view: { text: side }, extension: [] },
    ...more,
  };
}

export function orderOf(
  sides: string[] = ['front'],
  options: Record<string, unknown> = {},
  more: Partial<VendorOrder<Options>> = {},
): VendorOrder<Options> {
  return {
    key: 'site/ServiceRequest/1/skin',
    site: 'site',
    route: 'skin',
    options: hautai.options.parse(options),
    focus: { resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject: {} },
    patient: { resourceType: 'Patient', id: 'p1', birthDate: '1971-03-04', name: [{ family: 'Abendroth' }] },
    inputs: sides.map((side) => input(side)),
    pseudonym: 'pseud-7f3a91',
    ...more,
  };
}

export function settingsOf(served: Served, more: Record<string, unknown> = { token }): Settings {
  return hautai.settings.parse({
    baseUrl: served.baseUrl,
    companyId,
    datasetId,
    storageHosts: ['localhost'],
    ...more,
  });
}

export interface Run {
  end:
    | Extract<Step<State, Result>, { done: unknown } | { refuse: unknown } | { fail: unknown }>
    | { error: AdapterError };
  effects: string[];
  disclosed: string[][];
  files: Map<string, ResultFile>;
  /** Everything that the engine would have stored of it. */
  stored: string;
  errors: AdapterError[];
}

export interface Site {
  settings: Settings;
  http: VendorHttp;
  clock: Clock;
  /** What `context.memory` remembers between orders. */
  memory: Map<string, unknown>;
}

export function siteOf(served: Served, time: Clock, more?: Record<string, unknown>): Site & { close(): Promise<void> } {
  const settings = settingsOf(served, more);
  const http = openVendorHttp({ baseUrl: served.baseUrl, headers: () => ({}), log: silentLog, vendor: 'Haut.AI' });
  return { settings, http, clock: time, memory: new Map(), close: () => http.close() };
}

/** Runs an order to its end. `tries`: how many errors that are not permanent are tried again, as the engine would. */
export async function drive(
  site: Site,
  order: VendorOrder<Options>,
  { tries = 0, from, before }: { tries?: number; from?: State; before?: (state: State) => void } = {},
): Promise<Run> {
  const run: Omit<Run, 'end' | 'stored'> = { effects: [], disclosed: [], files: new Map(), errors: [] };
  const stored: unknown[] = [];
  const context = (answer: Answer | undefined): Context<Settings, Options> => ({
    settings: site.settings,
    order,
    http: site.http,
    text: () => Promise.reject(new Error('there is no text')),
    async picture(name) {
      const bytes = photo(name.length * 10);
      return { contentType: 'image/png', size: bytes.byteLength, body: streamOfBytes(bytes) };
    },
    slides: noSlides,
    files: {
      ...withoutStorage,
      list: async () => [...run.files.keys()],
      put: async (file) => void run.files.set(file.name, file),
    },
    parts: { list: async () => [], put: async () => {} },
    memory: {
      async get<T>(key: string, make: () => Promise<{ value: T }>) {
        if (!site.memory.has(key)) {
          site.memory.set(key, (await make()).value);
        }
        return site.memory.get(key) as T;
      },
      forget: async (key) => void site.memory.delete(key),
    },
    secrets: noSecrets,
    ...(answer ? { answer } : {}),
    disclose: async (fields) => void run.disclosed.push(fields),
    signal: new AbortController().signal,
    now: () => site.clock.now(),
  });
  const ended = (end: Run['end']): Run => ({ ...run, end, stored: JSON.stringify([stored, [...site.memory]]) });
  const begun = from ?? hautai.begin(order);
  if (isRefusal(begun)) {
    return ended(begun);
  }
  let state = begun as State;
  let answer: Answer | undefined;
  let left = tries;
  for (let step = 0; step < MOST_STEPS; step++) {
    try {
      const parsed = hautai.state.parse(JSON.parse(JSON.stringify(state)));
      assert.deepEqual(parsed, JSON.parse(JSON.stringify(state)), 'a state does not survive its schema');
      stored.push(parsed);
      before?.(parsed);
      const next = await hautai.advance(parsed, context(answer));
      if ('effect' in next) {
        const value = await hautai.effects[next.effect]?.send(parsed, context(undefined), next.key);
        run.effects.push(next.key);
        answer = { to: 'effect', key: next.key, value: JSON.parse(JSON.stringify(value)) };
        stored.push(answer);
      } else if ('next' in next) {
        state = next.next;
        answer = undefined;
        site.clock.advance('after' in next ? (next.after ?? 0) : 0);
      } else if ('done' in next) {
        return ended({ done: hautai.result.parse(JSON.parse(JSON.stringify(next.done))) });
      } else if ('refuse' in next || 'fail' in next) {
        return ended(next);
      }
    } catch (thrown) {
      if (!(thrown instanceof AdapterError)) {
        throw thrown;
      }
      run.errors.push(thrown);
      if (thrown.kind === 'permanent' || left-- <= 0) {
        return ended({ error: thrown });
      }
      site.clock.advance(thrown.retryAfter ?? 1);
    }
  }
  throw new Error('the order never ends');
}
