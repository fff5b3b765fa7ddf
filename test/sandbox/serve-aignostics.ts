/** An Aignostics simulator of its own on a free port, slides to be fetched, a clock that stands, and the calls of its tests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import express from 'express';
import { z } from 'zod';
import { AIGNOSTICS_DEFAULTS } from '../../sandbox/aignostics/defaults.ts';
import type { AignosticsFault } from '../../sandbox/aignostics/faults.ts';
import type { AignosticsOptions } from '../../sandbox/aignostics/options.ts';
import { aignosticsRoutes } from '../../sandbox/aignostics/routes.ts';
import { createFaults } from '../../sandbox/faults.ts';
import { createLedger } from '../../sandbox/ledger.ts';
import { assertDescribed } from './openapi-aignostics.ts';

export const START = '2026-11-22T09:14:00.000Z';
/** The content of every slide, and its CRC-32C: the check value of the algorithm. */
export const SLIDE = '123456789';
export const SLIDE_CHECKSUM = '4waSgw==';

const run = z.looseObject({
  run_id: z.uuid(),
  state: z.string(),
  output: z.string(),
  termination_reason: z.string().nullable(),
  error_code: z.string().nullable(),
  statistics: z.record(z.string(), z.int()),
  submitted_at: z.string(),
  terminated_at: z.string().nullable(),
  custom_metadata_checksum: z.string().nullable(),
  num_preceding_items_org: z.int().nullable(),
  num_preceding_items_platform: z.int().nullable(),
});
const output = z.looseObject({
  output_artifact_id: z.uuid(),
  name: z.string(),
  output: z.string(),
  metadata: z.record(z.string(), z.unknown()).nullable(),
  download_url: z.string().nullable(),
});
export type Output = z.infer<typeof output>;
const item = z.looseObject({
  item_id: z.uuid(),
  external_id: z.string(),
  state: z.string(),
  output: z.string(),
  termination_reason: z.string().nullable(),
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
  queue_position_org: z.int().nullable(),
  output_artifacts: z.array(output),
});

export interface Answer {
  status: number;
  text: string;
  bytes: Buffer;
  headers: Headers;
  json(): ReturnType<typeof JSON.parse>;
}

async function answerOf(response: Response): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString('utf8');
  return { status: response.status, text, bytes, headers: response.headers, json: () => JSON.parse(text) };
}

/** Statuses that no description declares for every call: those of the gateway, of quotas and of faults. */
const UNDECLARED = [401, 402, 405, 409, 410, 429, 500, 503];

/** Serves the simulator until the test ends. Every call and answer in the API's 1.8 generation is held against the description. */
export async function serveAignostics(test: TestContext, options: AignosticsOptions = {}) {
  let at = Date.parse(START);
  const now = () => new Date(at);
  const faults = createFaults();
  const ledger = createLedger(now);
  let port = 0;
  const { api, oauth, storage } = aignosticsRoutes({
    faults: faults.of('aignostics'),
    ledger: ledger.of('aignostics'),
    now,
    options: { slowMs: 100, ...options },
    storageUrl: () => `http://localhost:${port}/storage/aignostics`,
    oauthUrl: () => `http://127.0.0.1:${port}/auth0`,
  });
  const slides: { name: string; authorization: string | undefined }[] = [];
  const app = express();
  app.get('/slides/:name', (request, response) => {
    slides.push({ name: request.params.name, authorization: request.get('authorization') });
    response.status(request.params.name.startsWith('missing') ? 404 : 200).send(SLIDE);
  });
  app.use('/storage/aignostics', storage).use('/auth0', oauth).use('/api', api);
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  ({ port } = z.object({ port: z.number() }).parse(server.address()));
  const base = `http://127.0.0.1:${port}`;

  async function call(
    method: string,
    path: string,
    body?: unknown,
    token: string | null = AIGNOSTICS_DEFAULTS.accessToken,
  ): Promise<Answer> {
    const response = await fetch(`${base}/api${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token !== null && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const answer = await answerOf(response);
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    if (options.spec !== '1.4' && !UNDECLARED.includes(answer.status) && isWhole(answer, isJson)) {
      const { status } = answer;
      await assertDescribed({ method, path, body, status, answer: isJson ? answer.json() : undefined });
    }
    return answer;
  }

  const slideUrl = (name: string) => `${base}/slides/${encodeURIComponent(name)}.tiff`;

  /** A body for the version with the items of these names; each named `missing…` has a slide that cannot be fetched. */
  function creation(names: readonly string[] = ['a'], changes: Record<string, unknown> = {}) {
    return {
      application_id: 'he-tme',
      version_number: '1.4.0',
      custom_metadata: { order_key: 'order-1' },
      items: names.map((external_id) => ({
        external_id,
        input_artifacts: [{ name: 'whole_slide_image', download_url: slideUrl(external_id), metadata: metadata() }],
      })),
      ...changes,
    };
  }

  async function create(names?: readonly string[], changes?: Record<string, unknown>): Promise<string> {
    const answer = await call('POST', '/v1/runs', creation(names, changes));
    assert.equal(answer.status, 201, answer.text);
    return z.strictObject({ run_id: z.uuid() }).parse(answer.json()).run_id;
  }

  const readRun = async (id: string) => run.parse((await call('GET', `/v1/runs/${id}`)).json());
  const readItems = async (id: string, query = '?sort=external_id') =>
    z.array(item).parse((await call('GET', `/v1/runs/${id}/items${query}`)).json());

  return {
    base,
    oauth: `${base}/auth0`,
    faults,
    call,
    slides,
    slideUrl,
    creation,
    create,
    readRun,
    readItems,
    now,
    account: () => ledger.read().aignostics ?? assert.fail('no account'),
    billed: (unit: 'runs' | 'slides') => ledger.read().aignostics?.billed[unit] ?? 0,
    set: (fault: AignosticsFault, times = 1) => faults.set('aignostics', fault, times),
    level: (fault: AignosticsFault, level: number) => faults.setLevel('aignostics', fault, level),
    pass: (seconds: number) => {
      at += seconds * 1000;
    },
    get: async (url: string, headers: Record<string, string> = {}) => answerOf(await fetch(url, { headers })),
    form: async (path: string, fields: Record<string, string>) =>
      answerOf(await fetch(`${base}/auth0${path}`, { method: 'POST', body: new URLSearchParams(fields) })),
    /** A run of these items that has come to its end. */
    async finished(names?: readonly string[], changes?: Record<string, unknown>): Promise<string> {
      const id = await create(names, changes);
      at += 600_000;
      assert.equal((await readRun(id)).state, 'TERMINATED');
      return id;
    },
    /** The file of an artifact, by way of the redirection. */
    async file(runId: string, { output_artifact_id }: Output): Promise<Answer> {
      const answer = await call('GET', `/v1/runs/${runId}/artifacts/${output_artifact_id}/file`);
      assert.equal(answer.status, 307, answer.text);
      return answerOf(await fetch(answer.headers.get('location') ?? ''));
    },
  };
}

export type Vendor = Awaited<ReturnType<typeof serveAignostics>>;

/** What version 1.4.0 wants to know of the slide. */
export const metadata = () => ({
  checksum_base64_crc32c: SLIDE_CHECKSUM,
  width_px: 98_304,
  height_px: 71_680,
  resolution_mpp: 0.2522,
  staining_method: 'H&E',
  specimen: { disease: 'LUNG_CANCER', tissue: 'LUNG' },
  media_type: 'image/tiff',
});

/** JSON that was cut off is looked at by the test that cut it. */
function isWhole(answer: Answer, isJson: boolean): boolean {
  try {
    return !isJson || answer.json() !== undefined;
  } catch {
    return false;
  }
}
