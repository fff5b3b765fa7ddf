/** A loop that plays the engine for one Aignostics order against the simulator, on a clock that only the waits move. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { AdapterError } from '../../../src/errors.ts';
import { silentLog } from '../../../src/log.ts';
import { base64, crc32c } from '../../../src/slides/crc32c.ts';
import { streamOfBytes } from '../../../src/streams.ts';
import { aignostics } from '../../../src/vendors/aignostics/index.ts';
import type { Options, Settings } from '../../../src/vendors/aignostics/settings.ts';
import type { Result, State } from '../../../src/vendors/aignostics/state.ts';
import {
  type Answer,
  type Context,
  isRefusal,
  type Part,
  type Secrets,
  type Step,
  type VendorOrder,
} from '../../../src/vendors/contract.ts';
import { openVendorHttp } from '../../../src/vendors/http-client.ts';
import { serve } from '../../support/serve.ts';
import { type Served, serveAignostics } from './serve.ts';
import { SVS, serviceRequest, slideInput, specimen } from './slide.ts';

const MOST_STEPS = 600;

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

export function orderOf(
  options: Record<string, unknown> = {},
  more: Partial<VendorOrder<Options>> = {},
): VendorOrder<Options> {
  return {
    key: 'site/ServiceRequest/1/tme',
    site: 'site',
    route: 'tme',
    options: aignostics.options.parse({ application: 'he-tme', version: '1.4.0', ...options }),
    focus: serviceRequest('1'),
    patient: { resourceType: 'Patient', id: 'p1', birthDate: '1971-03-04', name: [{ family: 'Abendroth' }] },
    inputs: [slideInput()],
    specimens: [specimen],
    pseudonym: 'pseud-7f3a91',
    ...more,
  };
}

/** Secrets as a Map, single flight left to the caller. */
export function secretsOf(kept: Map<string, string> = new Map()): Secrets & { kept: Map<string, string> } {
  return {
    kept,
    get: async (name) => kept.get(name),
    put: async (name, value) => void kept.set(name, value),
    forget: async (name) => void kept.delete(name),
    async renew(name, make) {
      const made = await make(kept.get(name));
      kept.set(name, made);
      return made;
    },
  };
}

type Ending =
  | Extract<
      Step<State, Result>,
      { done: unknown } | { refuse: unknown } | { fail: unknown } | { hold: unknown } | { cancel: unknown }
    >
  | { error: AdapterError };

export interface Driven {
  end: Ending;
  effects: string[];
  published: Result[];
  statuses: string[];
  questions: string[];
  disclosed: string[][];
  files: Map<string, { contentType: string; bytes: Uint8Array }>;
  released: string[];
  /** Everything that the engine would have stored of it. */
  stored: string;
}

export interface Wish {
  answers?: Record<string, string | number>;
  /** Goes on after holds that have an end, and after so many errors that are not permanent. */
  tries?: number;
  /** Told of each state before its step. */
  before?: (state: State) => void;
  stage?: Context['slides']['stage'];
}

/** The simulator, a host that gives the slides, and a connection of ours. */
export async function site(options: Parameters<typeof serveAignostics>[1] = {}, time: Clock = clock()) {
  const served: Served = await serveAignostics(time.now, options);
  const secret = randomBytes(16).toString('hex');
  const slides = await serve((request, response) =>
    request.url?.startsWith(`/${secret}/`) ? response.end(SVS) : response.writeHead(404).end(),
  );
  const settings = aignostics.settings.parse(served.settings);
  const http = openVendorHttp({ baseUrl: settings.baseUrl, headers: () => ({}), log: silentLog, vendor: 'Aignostics' });
  const memory = new Map<string, unknown>();
  const secrets = secretsOf();

  /** Runs an order until it has ended, or waits for what the wish does not give. */
  async function drive(order = orderOf(), wish: Wish = {}, own: Partial<Settings> = {}): Promise<Driven> {
    const run: Omit<Driven, 'end' | 'stored'> = {
      ...{ effects: [], published: [], statuses: [], questions: [], disclosed: [] },
      ...{ files: new Map(), released: [] },
    };
    const parts = new Map<string, Part>();
    const stored: unknown[] = [];
    const checksum = base64(crc32c(SVS));
    const context = (answer: Answer | undefined): Context<Settings, Options> => ({
      settings: { ...settings, ...own },
      order,
      http,
      text: () => Promise.reject(new Error('there is no text')),
      picture: () => Promise.reject(new Error('there is no picture')),
      slides: {
        stage: wish.stage ?? (async () => ({ done: true, bytes: SVS.length, crc32c: checksum })),
        url: async (input) => `${slides.url}/${secret}/${input}`,
        release: async (input) => void run.released.push(input),
      },
      files: {
        list: async () => [...run.files.keys()],
        put: async ({ name, contentType, bytes }) => void run.files.set(name, { contentType, bytes }),
        async keep({ name, contentType }, body, expected) {
          const bytes = new Uint8Array(await buffer(body));
          const is = base64(crc32c(bytes));
          if (expected && expected.crc32c !== is) {
            throw new AdapterError('vendor-protocol', 'damaged', { kind: 'transient' });
          }
          run.files.set(name, { contentType, bytes });
          return { size: bytes.length, crc32c: is };
        },
        keepOn: () => Promise.reject(new Error('nothing is kept part by part')),
        read: async (name) => streamOfBytes(run.files.get(name)?.bytes ?? new Uint8Array()),
      },
      parts: {
        list: async <Data>() => [...parts.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) as Part<Data>[],
        async put(more) {
          for (const part of more) {
            parts.set(part.name, JSON.parse(JSON.stringify(part)));
          }
        },
      },
      memory: {
        async get<T>(key: string, make: () => Promise<{ value: T }>) {
          if (!memory.has(key)) {
            memory.set(key, (await make()).value);
          }
          return memory.get(key) as T;
        },
        forget: async (key) => void memory.delete(key),
      },
      secrets,
      ...(answer && { answer }),
      disclose: async (fields) => void run.disclosed.push(fields),
      signal: new AbortController().signal,
      now: time.now,
    });
    const ended = (end: Ending): Driven => ({
      ...run,
      end,
      stored: JSON.stringify([stored, [...memory], [...parts]]),
    });
    const begun = aignostics.begin(order);
    if (isRefusal(begun)) {
      return ended(begun);
    }
    let state = begun as State;
    let answer: Answer | undefined;
    let left = wish.tries ?? 0;
    for (let step = 0; step < MOST_STEPS; step++) {
      try {
        const parsed = aignostics.state.parse(JSON.parse(JSON.stringify(state)));
        assert.deepEqual(parsed, JSON.parse(JSON.stringify(state)), 'a state does not survive its schema');
        stored.push(parsed);
        wish.before?.(parsed);
        const next = await aignostics.advance(parsed, context(answer));
        answer = undefined;
        if ('status' in next && next.status !== undefined) {
          run.statuses.push(next.status);
        }
        if ('effect' in next) {
          const value = await aignostics.effects[next.effect]?.send(parsed, context(undefined), next.key);
          run.effects.push(next.key);
          answer = { to: 'effect', key: next.key, value: JSON.parse(JSON.stringify(value)) };
          stored.push(answer);
        } else if ('ask' in next) {
          const { id } = next.ask;
          run.questions.push(id);
          const value = wish.answers?.[id];
          assert.ok(value !== undefined, `nobody answers ${id}: ${next.ask.text}`);
          answer = { to: 'question', id, value, by: 'test', at: time.now().toISOString() };
          state = next.next;
        } else if ('next' in next) {
          if ('publish' in next) {
            run.published.push(aignostics.result.parse(JSON.parse(JSON.stringify(next.publish))));
          }
          state = next.next;
          time.advance(next.after ?? 0);
        } else if ('done' in next) {
          return ended({ done: aignostics.result.parse(JSON.parse(JSON.stringify(next.done))) });
        } else if ('hold' in next && next.until && left-- > 0) {
          time.advance((next.until.getTime() - time.now().getTime()) / 1000);
        } else {
          return ended(next);
        }
      } catch (thrown) {
        if (!(thrown instanceof AdapterError)) {
          throw thrown;
        }
        if (thrown.kind === 'permanent' || left-- <= 0) {
          return ended({ error: thrown });
        }
        time.advance(thrown.retryAfter ?? 1);
      }
    }
    throw new Error('the order never ends');
  }

  return {
    served,
    settings,
    http,
    secrets,
    memory,
    time,
    drive,
    async close() {
      await Promise.all([served.close(), slides.close(), http.close()]);
    },
  };
}

export type Site = Awaited<ReturnType<typeof site>>;
