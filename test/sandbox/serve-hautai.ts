/** A Haut.AI simulator of its own on a free port, its storage under another name, a clock that stands, and the calls of its tests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import express from 'express';
import { z } from 'zod';
import { createFaults } from '../../sandbox/faults.ts';
import { HAUTAI_DEFAULTS } from '../../sandbox/hautai/defaults.ts';
import type { HautaiFault } from '../../sandbox/hautai/faults.ts';
import type { HautaiOptions } from '../../sandbox/hautai/options.ts';
import { hautaiRoutes } from '../../sandbox/hautai/routes.ts';
import { createLedger } from '../../sandbox/ledger.ts';

export const COMPANY = `/api/v1/companies/${HAUTAI_DEFAULTS.companyId}`;
export const COMPANY_V3 = `/api/v3/companies/${HAUTAI_DEFAULTS.companyId}`;
export const SUBJECTS = `${COMPANY}/datasets/${HAUTAI_DEFAULTS.datasetId}/subjects/`;
/** The example's photo. */
export const PHOTO = readFileSync(new URL('../../sandbox/examples/face-front.jpg', import.meta.url));

/** A fixture file as JSON. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/hautai/${name}.json`, import.meta.url), 'utf8'));
}

const withId = z.looseObject({ id: z.uuid() });
const upload = z.strictObject({
  url: z.url(),
  method: z.literal('PUT'),
  headers: z.record(z.string(), z.string()),
  content_type: z.literal('application/octet-stream'),
  id: z.uuid(),
});
export type Upload = z.infer<typeof upload>;
const opened = z.strictObject({
  front: upload.optional(),
  left: upload.optional(),
  right: upload.optional(),
  image_batch_id: z.uuid(),
});
const variants = z.strictObject({ original: z.url(), anonymised: z.url(), aligned_face: z.url() });
const sides = z.partialRecord(z.enum(['front', 'left', 'right']), variants);
export const parameter = z.looseObject({ tag: z.string(), score: z.number().optional(), masks: sides.optional() });
export const block = z.strictObject({
  image_batch_id: z.uuid(),
  subject_id: z.uuid(),
  parameters: z.record(z.string(), parameter),
  survey_results: z.array(z.never()),
  all_algorithms_calculated: z.boolean(),
  sc_app_id: z.literal(''),
  can_watch_predicted_images: z.literal(true),
  predicted_images: sides,
  detection_errors: z.record(z.string(), z.string()),
});
export type Block = z.infer<typeof block>;
const results = z.strictObject({ face_skin_metrics_3: block.optional() });

export interface Answer {
  status: number;
  text: string;
  headers: Headers;
  json(): unknown;
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, text, headers: response.headers, json: () => JSON.parse(text) };
}

/** Serves the simulator until the test ends. */
export async function serveHautai(test: TestContext, options: HautaiOptions = {}) {
  let at = Date.parse('2026-11-22T09:00:10.000Z');
  const now = () => new Date(at);
  const planned: { run: () => void; milliseconds: number }[] = [];
  const faults = createFaults();
  const ledger = createLedger(now);
  let port = 0;
  const { api, storage } = hautaiRoutes({
    faults: faults.of('hautai'),
    ledger: ledger.of('hautai'),
    now,
    options: { slowMs: 100, ...options },
    storageUrl: () => `http://localhost:${port}/storage/hautai`,
    later: (run, milliseconds) => planned.push({ run, milliseconds }),
  });
  const server = createServer(express().use('/storage/hautai', storage).use(api)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  ({ port } = z.object({ port: z.number() }).parse(server.address()));
  const base = `http://127.0.0.1:${port}`;

  async function call(method: string, path: string, json?: unknown, token: string | null = HAUTAI_DEFAULTS.token) {
    const response = await fetch(`${base}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token !== null && { Authorization: `Bearer ${token}` }),
        ...(json !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: json === undefined ? null : JSON.stringify(json),
    });
    return answerOf(response);
  }

  /** As the vendor's documentation says: exactly the headers of the answer, without the host, which the client sets. */
  async function put({ url, headers }: Upload, bytes: Uint8Array, others: Record<string, string> = {}) {
    const { Host: _, ...signed } = headers;
    const body = new Uint8Array(bytes);
    return answerOf(await fetch(url, { method: 'PUT', headers: { ...signed, ...others }, body }));
  }

  async function subject(name = 'pseud-7f3a91'): Promise<string> {
    const made = await call('POST', SUBJECTS, { name });
    assert.equal(made.status, 201);
    return withId.parse(made.json()).id;
  }

  async function open(subjectId: string, body: object = { front: 'front.jpg' }) {
    const answer = await call('POST', `${COMPANY_V3}/subjects/${subjectId}/upload/`, body);
    assert.equal(answer.status, 200, answer.text);
    return opened.parse(answer.json());
  }

  const compute = (batch: string) => call('POST', `${COMPANY_V3}/batches/${batch}/compute/`, { app_args: null });
  const readResults = (batch: string, query = '') => call('GET', `${COMPANY_V3}/batches/${batch}/results/${query}`);

  return {
    base,
    faults,
    call,
    put,
    subject,
    open,
    compute,
    readResults,
    account: () => ledger.read().hautai ?? assert.fail('no account'),
    analyses: () => ledger.read().hautai?.billed.analyses ?? 0,
    set: (fault: HautaiFault, times = 1) => faults.set('hautai', fault, times),
    level: (fault: HautaiFault, level: number) => faults.setLevel('hautai', fault, level),
    pass: (seconds: number) => {
      at += seconds * 1000;
    },
    /** What was to be done later; taken out of the list. */
    planned: () => planned.splice(0),
    get: async (url: string, headers: Record<string, string> = {}) => answerOf(await fetch(url, { headers })),
    /** Opens a batch with the pictures and uploads them. */
    async uploaded(
      pictures: { front?: Uint8Array; left?: Uint8Array; right?: Uint8Array } = { front: PHOTO },
      subjectId?: string,
    ) {
      const names = Object.fromEntries(Object.keys(pictures).map((side) => [side, `${side}.jpg`]));
      const batch = await open(subjectId ?? (await subject()), names);
      for (const side of ['front', 'left', 'right'] as const) {
        const [place, bytes] = [batch[side], pictures[side]];
        if (place && bytes) {
          assert.equal((await put(place, bytes)).status, 200);
        }
      }
      return batch.image_batch_id;
    },
    /** The Block of a batch; undefined as long as its key is missing. */
    block: async (batch: string, query = '') =>
      results.parse((await readResults(batch, query)).json()).face_skin_metrics_3,
    /** The Block of a batch that is computed now, at its end. */
    async finished(batch: string, query = ''): Promise<Block> {
      assert.equal((await compute(batch)).status, 200);
      at += 2_000;
      const { face_skin_metrics_3: found } = results.parse((await readResults(batch, query)).json());
      return found ?? assert.fail('there are no results');
    },
  };
}

export type Vendor = Awaited<ReturnType<typeof serveHautai>>;

/** What kind of value stands where: names and types, the values left out; null is of any type. */
export function assertShape(actual: unknown, wanted: unknown, path = '$'): void {
  if (wanted === null || actual === null) {
    assert.notEqual(actual, undefined, path);
  } else if (Array.isArray(wanted)) {
    assert.ok(Array.isArray(actual), path);
    wanted.slice(0, 1).forEach((first) => {
      actual.forEach((one, index) => {
        assertShape(one, first, `${path}[${index}]`);
      });
    });
  } else if (typeof wanted === 'object') {
    assert.ok(typeof actual === 'object', path);
    assert.deepEqual(Object.keys(actual).sort(), Object.keys(wanted).sort(), path);
    for (const [key, value] of Object.entries(wanted)) {
      assertShape(Reflect.get(actual, key), value, `${path}.${key}`);
    }
  } else {
    assert.equal(typeof actual, typeof wanted, path);
  }
}
