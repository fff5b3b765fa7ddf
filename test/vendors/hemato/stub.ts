/** A scripted Hemato.AI without a network, and a loop that plays the engine of the vendor contract. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ServiceRequest } from '@medplum/fhirtypes';
import { z } from 'zod';
import { AdapterError } from '../../../src/errors.ts';
import { streamOfBytes } from '../../../src/streams.ts';
import type {
  Answer,
  Context,
  Memory,
  OrderInput,
  Part,
  ResultFile,
  Step,
  VendorOrder,
} from '../../../src/vendors/contract.ts';
import { DIAMETER_EXTENSION } from '../../../src/vendors/hemato/facts.ts';
import { hemato } from '../../../src/vendors/hemato/index.ts';
import type { Options, Settings } from '../../../src/vendors/hemato/settings.ts';
import type { Result, State } from '../../../src/vendors/hemato/state.ts';
import type { VendorHttp, VendorRequest, VendorResponse } from '../../../src/vendors/http.ts';
import { statusFailure } from '../../../src/vendors/http-failures.ts';
import { noSecrets } from '../../support/no-secrets.ts';
import { noSlides, withoutStorage } from '../../support/without-storage.ts';

export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/hemato/${name}.json`, import.meta.url), 'utf8'));
}

/** The `results` of a recorded answer. */
export const resultsOf = (name: string): unknown => z.object({ results: z.unknown() }).parse(fixture(name)).results;

export const STUDY = '111b4f06-e924-5b1b-949e-10181313781b';

export interface Reply {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Sent extends VendorRequest {
  /** `POST /pbs/{id}/files` */
  line: string;
}

export const lineOf = ({ method, path }: VendorRequest): string =>
  `${method} ${path.replace(/^(\/pbs)\/[^/]+/, '$1/{id}')}`;

/** Answers by `METHOD /path`: what the script says for the nth such call, else what the newest hosts would. */
export type Script = Record<string, (nth: number, request: VendorRequest) => Reply | undefined>;

const USUAL: Record<string, () => Reply> = {
  'GET /login/demo': () => ({ body: fixture('login_demo_legacy_200') }),
  'POST /auth/login': () => ({ status: 202, body: fixture('login_session_202') }),
  'POST /auth/hello': () => ({ body: { results: {} } }),
  'GET /heartbeat': () => ({ body: fixture('heartbeat_200') }),
  'POST /pbs': () => ({ status: 201, body: fixture('pbs_create_201') }),
  'POST /pbs/{id}/tasks': () => ({ status: 202, body: fixture('tasks_202') }),
  'GET /pbs/{id}/status': () => ({ body: fixture('status_ready_200') }),
  'GET /pbs/{id}/report': () => ({ body: fixture('report_pbs_v1_200') }),
};

async function bytesOf(body: VendorRequest['body']): Promise<Uint8Array> {
  return body instanceof Readable ? new Uint8Array(await buffer(body)) : (body ?? new Uint8Array());
}

function response({ status = 200, body, headers = {} }: Reply): VendorResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  return {
    status,
    headers,
    json: () => {
      try {
        return JSON.parse(text);
      } catch {
        throw new AdapterError('vendor-protocol', 'not JSON', { kind: 'transient' });
      }
    },
    bytes: () => new TextEncoder().encode(text),
  };
}

/** Classifies what the caller does not take as the real client does. */
export function scripted(script: Script = {}): { http: VendorHttp; sent: Sent[] } {
  const sent: Sent[] = [];
  const http: VendorHttp = {
    request: async (request) => {
      const line = lineOf(request);
      const nth = sent.filter((one) => one.line === line).length + 1;
      sent.push({ ...request, line });
      const bytes = await bytesOf(request.body);
      const file = createHash('sha224').update(bytes).digest('hex');
      const upload = { status: 202, body: { results: { pbs_study_id: STUDY, file_id: `sha224-i-${file}` } } };
      const usual: Reply | undefined = line === 'POST /pbs/{id}/files' ? upload : USUAL[line]?.();
      const reply: Reply = script[line]?.(nth, request) ?? usual ?? { status: 404, body: fixture('error_404') };
      const { status = 200, headers } = reply;
      const taken = request.accept?.includes(status) ?? (status >= 200 && status < 300);
      if (!taken) {
        throw statusFailure('Hemato.AI', status, headers?.['retry-after'], request.once ?? false, new Date());
      }
      return response(reply);
    },
  };
  return { http, sent };
}

/** `bytes` of a picture, by the name of its input. */
export function pictureInput(place: number, bytes: Uint8Array, more: Partial<OrderInput> = {}): OrderInput {
  return {
    name: `picture/${String(place).padStart(3, '0')}`,
    kind: 'picture',
    contentType: 'image/jpeg',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    size: bytes.byteLength,
    date: '2026-11-21T09:00:00Z',
    reference: `Media/${place}`,
    picture: { contentType: 'image/jpeg', pictures: 1, width: 1600, height: 1200, extension: [] },
    ...more,
  };
}

export const withDiameter = (input: OrderInput, valueDecimal: number): OrderInput => ({
  ...input,
  ...(input.picture && {
    picture: { ...input.picture, extension: [{ url: DIAMETER_EXTENSION, valueDecimal }] },
  }),
});

export const FOCUS: ServiceRequest = {
  resourceType: 'ServiceRequest',
  id: '1',
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/77' },
  specimen: [{ reference: 'Specimen/s1' }],
};

export const BYTES = new TextEncoder().encode('a picture of a smear');
/** A demonstration host in the manner of the oldest documents, on this machine. */
export const LEGACY = { baseUrl: 'http://127.0.0.1:9', profile: 'legacy', auth: { type: 'demo' } };
export const NEWER = {
  ...LEGACY,
  profile: '2023',
  auth: { type: 'session', user: 'lab@example.org', password: 'pass' },
};
export const NEWEST = { ...NEWER, profile: '2024' };

export function orderOf(more: Partial<VendorOrder<Options>> = {}, options: Record<string, unknown> = {}) {
  const order: VendorOrder<Options> = {
    key: 'general/ServiceRequest/1/smear',
    site: 'general',
    route: 'smear',
    options: hemato.options.parse(options),
    focus: FOCUS,
    patient: { resourceType: 'Patient', id: '77' },
    inputs: [pictureInput(1, BYTES)],
    pseudonym: 'pseud-7f3a91',
    ...more,
  };
  return order;
}

export function memoryOf(known = new Map<string, unknown>()): Memory & { known: Map<string, unknown> } {
  return {
    known,
    get: async <T>(key: string, make: () => Promise<{ value: T }>) => {
      if (!known.has(key)) {
        known.set(key, (await make()).value);
      }
      return known.get(key) as T;
    },
    forget: async (key) => void known.delete(key),
  };
}

export interface Run {
  end: Step<State, Result> | { error: AdapterError };
  sent: Sent[];
  lines: string[];
  disclosed: string[][];
  effects: string[];
  files: Map<string, ResultFile>;
  waits: number[];
  order: VendorOrder<Options>;
  memory: ReturnType<typeof memoryOf>;
}

export interface Play {
  script?: Script;
  http?: { http: VendorHttp; sent: Sent[] };
  settings?: Record<string, unknown>;
  order?: VendorOrder<Options>;
  answers?: Record<string, string | number>;
  pictures?: ReadonlyMap<string, Uint8Array>;
  memory?: ReturnType<typeof memoryOf>;
  callbackUrl?: string;
  /** Begins here instead of at the beginning. */
  state?: State;
  /** How often an order that is held is looked at again. */
  resumes?: number;
}

/** Plays the engine: everything that is stored goes through JSON; time moves only by the waits that steps ask for. */
export async function play(options: Play): Promise<Run> {
  const { order = orderOf(), pictures = new Map(), memory = memoryOf() } = options;
  const { http, sent } = options.http ?? scripted(options.script);
  const settings: Settings = hemato.settings.parse(options.settings ?? LEGACY);
  const parts = new Map<string, unknown>();
  const run: Run = {
    end: { refuse: { code: 'unexpected', text: '' } },
    sent,
    lines: [],
    disclosed: [],
    effects: [],
    files: new Map(),
    waits: [],
    order,
    memory,
  };
  let clock = Date.parse('2026-11-22T10:00:00Z');
  const context = (answer?: Answer): Context<Settings, Options> => ({
    settings,
    order,
    http,
    text: () => Promise.reject(new Error('there is no note')),
    picture: async (name) => {
      const input = order.inputs.find((one) => one.name === name);
      const bytes = new Uint8Array(pictures.get(name) ?? BYTES);
      const contentType = input?.contentType === 'image/png' ? 'image/png' : 'image/jpeg';
      return { contentType, size: bytes.byteLength, body: streamOfBytes(bytes) };
    },
    parts: {
      list: async <Data>() =>
        [...parts]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, data]) => ({ name, data: structuredClone(data) as Data })),
      put: async (rows: Part[]) =>
        rows.forEach(({ name, data }) => void parts.set(name, JSON.parse(JSON.stringify(data)))),
    },
    slides: noSlides,
    files: {
      ...withoutStorage,
      list: async () => [...run.files.keys()],
      put: async (file) => void run.files.set(file.name, file),
    },
    memory,
    secrets: noSecrets,
    ...(answer && { answer }),
    ...(options.callbackUrl !== undefined && { callbackUrl: options.callbackUrl }),
    disclose: async (fields) => void run.disclosed.push(fields),
    signal: new AbortController().signal,
    now: () => new Date(clock),
  });
  const ended = (end: Run['end']): Run => ({ ...run, end, lines: sent.map(({ line }) => line) });
  let resumes = options.resumes ?? 0;
  try {
    const begun = options.state ?? hemato.begin(order);
    if ('refuse' in begun) {
      return ended(begun);
    }
    let state: State = begun;
    let answer: Answer | undefined;
    for (let step = 0; step < 2000; step++) {
      state = hemato.state.parse(JSON.parse(JSON.stringify(state)));
      const next = await hemato.advance(state, context(answer));
      answer = undefined;
      if ('effect' in next) {
        run.effects.push(next.key);
        const value = await hemato.effects[next.effect]?.send(state, context(), next.key);
        answer = { to: 'effect', key: next.key, value: JSON.parse(JSON.stringify(value)) };
      } else if ('ask' in next && options.answers?.[next.ask.id] !== undefined) {
        state = next.next;
        answer = {
          to: 'question',
          id: next.ask.id,
          value: options.answers[next.ask.id] ?? '',
          by: 'night-shift',
          at: '2026-11-22T10:00:00Z',
        };
      } else if ('hold' in next && next.until && resumes > 0) {
        resumes--;
        clock = next.until.getTime();
      } else if ('next' in next && !('ask' in next)) {
        state = next.next;
        clock += (next.after ?? 0) * 1000;
        run.waits.push(next.after ?? 0);
      } else if ('done' in next) {
        return ended({ done: hemato.result.parse(JSON.parse(JSON.stringify(next.done))) });
      } else {
        return ended(next);
      }
    }
    throw new Error('the order never ends');
  } catch (thrown) {
    if (thrown instanceof AdapterError) {
      return ended({ error: thrown });
    }
    throw thrown;
  }
}

/** The result of a run that is done. */
export function doneOf({ end }: Run): Result {
  if (!('done' in end)) {
    const why = 'error' in end ? `${end.error.code}: ${end.error.message}` : JSON.stringify(end);
    throw new Error(`the order is not done: ${why}`);
  }
  return end.done;
}
