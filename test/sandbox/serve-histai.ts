/** A HistAI simulator of its own on a free port, its storage under another name, a clock that stands, and the calls of its tests. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import express from 'express';
import { z } from 'zod';
import { createFaults } from '../../sandbox/faults.ts';
import { HISTAI_DEFAULTS } from '../../sandbox/histai/defaults.ts';
import type { ErrorCode } from '../../sandbox/histai/errors.ts';
import type { HistaiFault } from '../../sandbox/histai/faults.ts';
import type { HistaiOptions } from '../../sandbox/histai/options.ts';
import { histaiRoutes } from '../../sandbox/histai/routes.ts';
import { createLedger } from '../../sandbox/ledger.ts';

export const CASES = '/v1/datahub/cases';
export const COHORTS = '/v1/datahub/cohorts';
export const TOPUP = '/v1/billing/topup/charge';
export const { otherApiKey: OTHER } = HISTAI_DEFAULTS;

const slide = z.strictObject({
  slideId: z.uuid(),
  stainName: z.string(),
  stainType: z.enum(['Routine', 'IHC', 'Special']),
  magnification: z.number(),
  scanner: z.string(),
  fileSizeBytes: z.int().positive(),
});
export const wholeCase = z.strictObject({
  caseId: z.uuid(),
  primaryDiagnosis: z.array(z.string()).nonempty(),
  cancerType: z.array(z.string()),
  isCancer: z.boolean(),
  organ: z.array(z.string()).nonempty(),
  organSystem: z.array(z.string()).nonempty(),
  age: z.int(),
  gender: z.enum(['m', 'f']),
  icd10: z.string(),
  biopsyRegimen: z.array(z.string()),
  scanners: z.array(z.string()),
  magnifications: z.array(z.number()),
  stainNames: z.array(z.string()),
  stainTypes: z.array(z.string()),
  macroProtocol: z.string(),
  microProtocol: z.string(),
  conclusion: z.string(),
  ihcStudies: z.record(z.string(), z.string()),
  slides: z.array(slide).min(1).max(6),
});
export type WholeCase = z.infer<typeof wholeCase>;
const page = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    content: z.array(item),
    page: z.int(),
    size: z.int(),
    totalElements: z.int(),
    totalPages: z.int(),
  });
export const casePage = page(wholeCase);
const listed = z.strictObject({
  cohortId: z.uuid(),
  name: z.string(),
  status: z.enum(['PENDING', 'BUILDING', 'UNPAID', 'PAID', 'FAILED']),
  createdDate: z.iso.datetime(),
  paidDate: z.iso.datetime().nullable(),
  caseCount: z.int(),
  slideCount: z.int(),
  heSlideCount: z.int(),
  otherSlideCount: z.int(),
  totalPriceUsd: z.number(),
  currency: z.string(),
});
export const cohortPage = page(listed);
const whole = listed.extend({
  cases: z.array(z.strictObject({ caseId: z.uuid(), slideIds: z.array(z.uuid()).min(1) })),
});
export const paid = z.strictObject({
  cohortId: z.uuid(),
  status: z.literal('PAID'),
  amountUsd: z.number(),
  balanceUsd: z.number(),
  paidDate: z.iso.datetime(),
});
const manifest = z.strictObject({
  cohortId: z.uuid(),
  manifestUrl: z.url(),
  metadataUrl: z.url(),
  archiveUrl: z.url().nullable(),
  expiresAt: z.iso.datetime(),
});
const files = z.strictObject({
  files: z.array(
    z.strictObject({
      fileId: z.uuid(),
      caseId: z.uuid(),
      slideId: z.uuid(),
      fileName: z.string().endsWith('.svs'),
      sizeBytes: z.int().positive(),
    }),
  ),
});
const fileUrl = z.strictObject({ fileId: z.uuid(), url: z.url(), expiresAt: z.iso.datetime() });

export interface Answer {
  status: number;
  text: string;
  bytes: Buffer;
  headers: Headers;
  json(): unknown;
}

export interface Call {
  json?: unknown;
  /** Instead of `json`. */
  text?: string;
  /** Null: none. */
  key?: string | null;
  headers?: Record<string, string>;
}

async function answerOf(response: Response): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString();
  return { status: response.status, text, bytes, headers: response.headers, json: () => JSON.parse(text) };
}

/** Serves the simulator until the test ends. */
export async function serveHistai(test: TestContext, options: HistaiOptions = {}) {
  let at = Date.parse('2026-11-22T09:00:00.000Z');
  const now = () => new Date(at);
  const faults = createFaults();
  const ledger = createLedger(now);
  let port = 0;
  const { api, storage } = histaiRoutes({
    faults: faults.of('histai'),
    ledger: ledger.of('histai'),
    now,
    options: { slowMs: 100, ...options },
    storageUrl: () => `http://localhost:${port}/storage/histai`,
  });
  const server = express().use('/storage/histai', storage).use(api).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  ({ port } = z.object({ port: z.number() }).parse(server.address()));
  const account = () => ledger.read().histai ?? assert.fail('no account');
  const pass = (seconds: number) => {
    at += seconds * 1000;
  };

  async function call(method: string, path: string, { json, text, key, headers }: Call = {}): Promise<Answer> {
    const body = text ?? (json === undefined ? null : JSON.stringify(json));
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        ...(key !== null && { 'X-API-KEY': key ?? HISTAI_DEFAULTS.apiKey }),
        ...(body !== null && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body,
    });
    return answerOf(response);
  }

  async function read<T>(schema: z.ZodType<T>, path: string): Promise<T> {
    const answer = await call('GET', path);
    assert.equal(answer.status, 200, answer.text);
    return schema.parse(answer.json());
  }

  const create = (cases: object[], name = 'HER2 pilot') => call('POST', COHORTS, { json: { name, cases } });
  const pay = (id: string, key = randomUUID() as string, other: Call = {}) =>
    call('POST', `${COHORTS}/${id}/pay`, { ...other, headers: { 'Idempotency-Key': key } });

  async function search(filter: object): Promise<WholeCase[]> {
    const answer = await call('POST', `${CASES}/search?size=1000`, { json: filter });
    assert.equal(answer.status, 200, answer.text);
    return casePage.parse(answer.json()).content;
  }

  /** A cohort that can be paid for, of whole cases unless others are said. */
  async function built(cases?: object[]): Promise<string> {
    const chosen = cases ?? (await search({ organ: ['Ovary'] })).slice(0, 2).map(({ caseId }) => ({ caseId }));
    const answer = await create(chosen);
    assert.equal(answer.status, 201, answer.text);
    pass(2);
    return listed.parse(answer.json()).cohortId;
  }

  return {
    faults,
    call,
    read,
    create,
    pay,
    search,
    built,
    pass,
    account,
    now,
    charges: () => account().billed.charges ?? 0,
    set: (fault: HistaiFault, times = 1) => faults.set('histai', fault, times),
    level: (fault: HistaiFault, level: number) => faults.setLevel('histai', fault, level),
    get: async (url: string, headers: Record<string, string> = {}) => answerOf(await fetch(url, { headers })),
    cohort: (id: string) => read(whole, `${COHORTS}/${id}`),
    cohorts: async () => (await read(cohortPage, COHORTS)).content,
    status: async (id: string) => (await read(z.object({ status: z.string() }), `${COHORTS}/${id}/status`)).status,
    balance: async () => (await read(z.object({ balance: z.number() }), '/v1/billing/balance')).balance,
    exportStatus: async (id: string) =>
      (await read(z.object({ status: z.string() }), `${COHORTS}/${id}/export/status`)).status,
    manifest: (id: string) => read(manifest, `${COHORTS}/${id}/export/manifest`),
    files: async (id: string) => (await read(files, `${COHORTS}/${id}/export/files`)).files,
    file: (id: string, fileId: string) => read(fileUrl, `${COHORTS}/${id}/export/files/${fileId}`),
    /** A cohort whose export is ready. */
    async exported(cases?: object[]): Promise<string> {
      const id = await built(cases);
      assert.equal((await pay(id)).status, 200);
      pass(2);
      return id;
    },
  };
}

export type Vendor = Awaited<ReturnType<typeof serveHistai>>;

/** That an answer is the refusal with this status and code, in the usual shape. */
export function assertRefused(answer: Answer, status: number, code: ErrorCode): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(z.strictObject({ code: z.string(), message: z.string() }).parse(answer.json()).code, code);
}
