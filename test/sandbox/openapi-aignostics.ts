/** The vendor's own description of its API, for judging calls and answers by it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import formats from 'ajv-formats';
import { type Document, OpenAPIBackend } from 'openapi-backend';

const textOf = (name: string) => readFileSync(new URL(`../fixtures/aignostics/${name}.json`, import.meta.url), 'utf8');

/** A fixture file as JSON. */
export const fixture = (name: string) => JSON.parse(textOf(name));

/** Without its examples: they hold JSON Schemas whose `$ref` is meant within themselves, not within the description. */
const definition: Document = JSON.parse(textOf('openapi-1.7.0'), (key, value) =>
  key === 'example' ? undefined : value,
);
const backend = new OpenAPIBackend({
  definition,
  apiRoot: '/api',
  quick: true,
  coerceTypes: true,
  ajvOpts: { strict: false },
  customizeAjv: (ajv) => formats.default(ajv),
});
const ready = backend.init();

/** Parameters that may come more than once. */
const LISTS = ['sort', 'item_id__in', 'external_id__in', 'relation'];

export interface Exchange {
  method: string;
  /** `/v1/runs?page=1` */
  path: string;
  body?: unknown;
  status: number;
  /** The answer's; undefined where there is none, or it is no JSON. */
  answer?: unknown;
}

/** Fails where a call, or its answer, is not as the description says. A call that was refused need not be as it says. */
export async function assertDescribed(exchange: Exchange): Promise<void> {
  await ready;
  const { method, path, body, status, answer } = exchange;
  const [address = '', search = ''] = path.split('?');
  const parameters = new URLSearchParams(search);
  const query = Object.fromEntries(
    [...parameters.keys()].map((name) => [
      name,
      LISTS.includes(name) ? parameters.getAll(name) : (parameters.get(name) ?? ''),
    ]),
  );
  const headers = { ...(body !== undefined && { 'content-type': 'application/json' }) };
  const request = { method, path: `/api${address}`, query, headers, body: structuredClone(body) };
  const operation = backend.router.matchOperation(request);
  assert.ok(operation?.operationId, `${method} ${address} is described`);
  const declared = operation.responses?.[String(status)];
  assert.ok(declared, `${status} is declared for ${operation.operationId}`);
  if (status < 400) {
    const asked = backend.validateRequest(request, operation);
    assert.ok(asked.valid, `${operation.operationId}: ${JSON.stringify(asked.errors)}`);
  }
  if ('content' in declared && declared.content) {
    const said = backend.validator.validateResponse(answer, operation, status);
    assert.ok(said.valid, `${operation.operationId} ${status}: ${JSON.stringify(said.errors)}`);
  }
}
