import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { openApi } from '../../src/operations/openapi.ts';

const operation = z.object({
  summary: z.string().min(1),
  parameters: z.array(z.object({ name: z.string(), in: z.enum(['path', 'query']), schema: z.looseObject({}) })),
  requestBody: z.object({ required: z.boolean(), content: z.record(z.string(), z.looseObject({})) }).optional(),
  responses: z.record(z.string().regex(/^\d{3}$/), z.looseObject({ description: z.string() })),
});

function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : refsIn(inner),
  );
}

test('the description is sound: every reference resolves, every path parameter is declared, roles are said', () => {
  const written = JSON.parse(JSON.stringify(openApi));
  const refs = refsIn(written);
  assert.ok(refs.length > 10);
  for (const ref of refs) {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(ref)?.[1] ?? '';
    assert.ok(Object.hasOwn(openApi.components.schemas, name), ref);
  }
  assert.doesNotMatch(JSON.stringify(openApi.components), /\$schema|\$id|__shared/);
  for (const [path, methods] of Object.entries(openApi.paths)) {
    for (const described of Object.values(methods)) {
      const { parameters, responses, summary } = operation.parse(described);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual(
        parameters.filter((one) => one.in === 'path').map(({ name }) => name),
        inPath,
        path,
      );
      assert.ok(responses[401] && responses[403], path);
      assert.match(summary, /\((viewer|operator)/);
    }
  }
  assert.deepEqual(Object.keys(openApi.components.schemas).sort(), [
    'Answer',
    'Asked',
    'AskedAside',
    'Cancel',
    'Login',
    'LoginAnswer',
    'LoginState',
    'Notifications',
    'Order',
    'OrderLine',
    'Orders',
    'Problem',
    'Retry',
    'Site',
    'Sites',
    'Sweep',
    'Swept',
  ]);
});
