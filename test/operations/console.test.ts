import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import express from 'express';
import { consoleRouter } from '../../src/operations/console.ts';
import { serve } from '../support/serve.ts';

const FOLDER = new URL('../../src/operations/console/', import.meta.url);

test('the console is served whole, under a policy that lets nothing else in', async (t) => {
  const app = express();
  app.use(consoleRouter());
  const { url, close } = await serve(app);
  t.after(close);
  const page = await fetch(`${url}/`);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  const html = await page.text();
  const linked = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, path]) => path);
  assert.ok(linked.includes('console.js') && linked.includes('console.css'));
  for (const path of [...linked, ...(await readdir(FOLDER))]) {
    const file = await fetch(`${url}/${path}`);
    assert.equal(file.status, 200, path);
    assert.ok(file.headers.get('content-security-policy'), path);
  }
  for (const path of ['/../console.ts', '/%2e%2e/console.ts', '/console.ts', '/other']) {
    assert.equal((await fetch(`${url}${path}`)).status, 404, path);
  }
});

test('the console has no inline script or style, and puts no text into the page as HTML', async () => {
  for (const name of await readdir(FOLDER)) {
    const text = await readFile(new URL(name, FOLDER), 'utf8');
    if (name.endsWith('.html')) {
      assert.doesNotMatch(text, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|https?:\/\//i, name);
    }
    if (name.endsWith('.js')) {
      assert.doesNotMatch(
        text,
        /innerHTML\s*=[^=]|outerHTML|insertAdjacentHTML|document\.write|eval\(|localStorage/,
        name,
      );
    }
  }
});
