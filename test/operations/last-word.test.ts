import assert from 'node:assert/strict';
import { test } from 'node:test';
import express from 'express';
import { consoleRouter } from '../../src/operations/console.ts';
import { jwksRouter } from '../../src/operations/jwks.ts';
import { lastWord } from '../../src/operations/last-word.ts';
import { serve } from '../support/serve.ts';

test('what nobody answers, and what throws, is told without a stack, here and on standard error', async (t) => {
  const stderr = t.mock.method(console, 'error', () => {});
  const app = express();
  app.use(jwksRouter([]));
  app.get('/defect', () => {
    throw new Error('not for the sender');
  });
  app.get('/begun', (_request, response) => {
    response.write('a beginning');
    throw new Error('not for the sender');
  });
  app.use(consoleRouter());
  app.use(lastWord());
  const { url, close } = await serve(app);
  t.after(close);

  const cases: [path: string, headers: Record<string, string>, status: number][] = [
    ['/nothing', {}, 404],
    ['/sites/%E0%A4%A/.well-known/jwks.json', {}, 400],
    ['/', { Range: 'bytes=99999999-' }, 416],
    ['/', { 'If-Match': '"another"' }, 412],
    ['/defect', {}, 500],
  ];
  for (const [path, headers, status] of cases) {
    const response = await fetch(`${url}${path}`, { headers });
    const text = await response.text();
    assert.equal(response.status, status, path);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/, path);
    assert.doesNotMatch(text, /node_modules|:[0-9]+:[0-9]+|not for the sender/, path);
  }
  await assert.rejects(fetch(`${url}/begun`).then((response) => response.text()));
  assert.equal(stderr.mock.callCount(), 0);
});
