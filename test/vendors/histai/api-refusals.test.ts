/** What each refusal of the Datahub means, over real HTTP. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import type { ErrorCode, ErrorKind, Remedy } from '../../../src/errors.ts';
import {
  addSlides,
  createCohort,
  pay,
  readCohort,
  readCohortStatus,
  searchCases,
} from '../../../src/vendors/histai/api.ts';
import { readBalance } from '../../../src/vendors/histai/api-billing.ts';
import { serve } from '../../support/serve.ts';
import { callerOf, host, KEY, site, thrownBy } from './api-site.ts';

/** Every code of the vendor's table: what it makes of an order. */
const CODES: readonly [number, string, ErrorCode, ErrorKind, Remedy?][] = [
  [400, 'INVALID_PARAMETERS', 'vendor-rejected', 'permanent', 'fail'],
  [401, 'INVALID_API_KEY', 'vendor-unauthorized', 'permanent', 'hold'],
  [402, 'STORAGE_OVERAGE', 'vendor-quota', 'permanent', 'hold'],
  [402, 'SUBSCRIPTION_REQUIRED', 'vendor-quota', 'permanent', 'hold'],
  [402, 'INSUFFICIENT_FUNDS', 'vendor-rejected', 'permanent', 'hold'],
  [403, 'API_KEY_NOT_ALLOWED', 'vendor-unauthorized', 'permanent', 'hold'],
  [403, 'NO_PERMISSION', 'vendor-rejected', 'permanent', 'hold'],
  [404, 'NOT_FOUND', 'vendor-rejected', 'permanent', 'fail'],
  [409, 'INVALID_NAME', 'vendor-rejected', 'permanent', 'fail'],
  [409, 'DUPLICATE_CASES', 'vendor-rejected', 'permanent', 'fail'],
  [409, 'COHORT_STATUS_INVALID', 'vendor-busy', 'transient'],
  [409, 'COHORT_ALREADY_PAID', 'vendor-rejected', 'permanent', 'hold'],
  [409, 'EXPORT_NOT_READY', 'vendor-busy', 'transient'],
  [409, 'COHORT_NOT_PAID', 'vendor-rejected', 'permanent', 'hold'],
  [410, 'EXPORT_WINDOW_EXPIRED', 'vendor-rejected', 'permanent', 'fail'],
  [429, 'RATE_LIMITED', 'vendor-busy', 'transient'],
  [500, 'INTERNAL_ERROR', 'vendor-error', 'transient'],
];

const fixture = z.object({
  _http: z.object({
    status: z.number(),
    headers: z.record(z.string(), z.string()),
    body: z.object({ code: z.string(), message: z.string() }),
  }),
});

function errorFixture(status: number, code: string) {
  const name = new URL(`../../fixtures/histai/error_${status}_${code}.json`, import.meta.url);
  return fixture.parse(JSON.parse(readFileSync(name, 'utf8')))._http;
}

const SHAPES: Readonly<Record<string, (code: string, message: string) => object>> = {
  code: (code, message) => ({ code, message }),
  nested: (code, message) => ({ error: { code, message } }),
  bare: (code) => ({ error: code }),
  errorCode: (errorCode, message) => ({ errorCode, message }),
  detail: (detail) => ({ detail }),
};

for (const [status, name, code, kind, remedy] of CODES) {
  test(`${status} ${name} is ${code}, ${kind}, in each shape of the body`, async (context) => {
    const { headers, body } = errorFixture(status, name);
    assert.equal(body.code, name);
    for (const shape of Object.values(SHAPES)) {
      const sent = JSON.stringify(shape(name, 'Mrs Smith https://leak.example/?key=s3cret'));
      const error = await thrownBy(readBalance(await host(context, status, sent, headers)));
      assert.equal(error.code, code);
      assert.equal(error.kind, kind);
      assert.equal(error.status, status);
      assert.equal(error.remedy, remedy ?? error.remedy);
      assert.equal(error.retryAfter, status === 429 ? 7 : undefined);
      const said = `${error.message} ${error.orderer} ${error.operator}`;
      assert.doesNotMatch(said, /Smith|https?:|s3cret|sandbox/);
      if (status < 429) {
        assert.ok(error.message.endsWith(`(${status} ${name})`), error.message);
      }
    }
  });
}

test('without a code that fits, the status alone says what a refusal means', async (context) => {
  const rows: [number, string, ErrorCode, ErrorKind, Remedy][] = [
    [400, '<html>', 'vendor-rejected', 'permanent', 'fail'],
    [401, '', 'vendor-unauthorized', 'permanent', 'hold'],
    [402, '{}', 'vendor-quota', 'permanent', 'hold'],
    [402, '{"code":"PAYWALL"}', 'vendor-quota', 'permanent', 'hold'],
    [403, 'null', 'vendor-unauthorized', 'permanent', 'hold'],
    [404, '[]', 'vendor-rejected', 'permanent', 'fail'],
    [409, '{"code":"ACCESS_DENIED"}', 'vendor-rejected', 'permanent', 'hold'],
    [410, '{"detail":"Gone away"}', 'vendor-rejected', 'permanent', 'fail'],
    // A code at a status that is not its own: no success for a payment is made of it.
    [400, '{"code":"COHORT_ALREADY_PAID"}', 'vendor-rejected', 'permanent', 'fail'],
    [422, '{"code":"INVALID_NAME"}', 'vendor-rejected', 'permanent', 'fail'],
    [302, '', 'vendor-protocol', 'permanent', 'fail'],
  ];
  for (const [status, body, code, kind, remedy] of rows) {
    const caller = await host(context, status, body);
    const error = await thrownBy(readBalance(caller));
    assert.deepEqual([error.code, error.kind, error.remedy], [code, kind, remedy], `${status} ${body}`);
    assert.doesNotMatch(error.message, /html|Gone away/);
  }
});

test('a conflict that nobody explains leaves a call in doubt that must not be repeated', async (context) => {
  const caller = await host(context, 409, '{"code":"ACCESS_DENIED"}');
  const chosen = [{ caseId: 'c', slideIds: ['s'] }];
  for (const call of [pay(caller, 'x', KEY), createCohort(caller, 'n', chosen), addSlides(caller, 'x', chosen)]) {
    assert.equal((await thrownBy(call)).kind, 'ambiguous');
  }
});

test('the key goes with each call, and no other header tells who we are', async (context) => {
  const seen: unknown[] = [];
  const { url, close } = await serve((request, response) => {
    seen.push(request.headers['x-api-key'], request.headers.authorization);
    response.end('{"balance":1,"currency":"USD"}');
  });
  context.after(close);
  await readBalance(callerOf(context, url, { apiKey: 'abc' }));
  assert.deepEqual(seen, ['abc', undefined]);
});

test('a busy or failing vendor is transient for what may be repeated', async (context) => {
  const { caller, set, built, bought } = await site(context);
  const id = await built();
  set('rate-limit');
  const limited = await thrownBy(pay(caller, id, KEY));
  assert.deepEqual([limited.code, limited.kind, limited.retryAfter], ['vendor-busy', 'transient', 7]);
  set('5xx-burst');
  assert.equal((await thrownBy(readCohort(caller, id))).kind, 'transient');
  set('malformed-json');
  assert.equal((await thrownBy(readCohort(caller, id))).kind, 'transient');
  set('slow');
  const impatient = { ...caller, settings: { ...caller.settings, timeout: 0.05 } };
  assert.deepEqual((await thrownBy(readCohortStatus(impatient, id))).code, 'vendor-timeout');
  assert.equal(await readCohortStatus(caller, await bought()), 'PAID');
});

test('faults of the account are the operator’s', async (context) => {
  const { caller, set } = await site(context);
  const rows = [
    ['invalid-key', 'vendor-unauthorized'],
    ['api-key-not-allowed', 'vendor-unauthorized'],
    ['subscription-required', 'vendor-quota'],
    ['storage-overage', 'vendor-quota'],
  ] as const;
  for (const [fault, code] of rows) {
    set(fault);
    const error = await thrownBy(searchCases(caller, {}));
    assert.deepEqual([error.code, error.kind, error.remedy], [code, 'permanent', 'hold']);
  }
  assert.equal(
    (await thrownBy(readBalance({ ...caller, settings: { ...caller.settings, apiKey: 'no' } }))).status,
    401,
  );
});
