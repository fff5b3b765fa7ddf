/** From the socket to what a notification says: whatever way its content type is spelled, however large it is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import express from 'express';
import { silentLog } from '../../src/log.ts';
import { readNotification } from '../../src/subscriptions/dialects/index.ts';
import { intakeRouter } from '../../src/subscriptions/intake.ts';
import { memoryNotifications } from '../support/memory-notifications.ts';
import { note, SECRET, siteConfig } from './doubles.ts';

async function open(t: TestContext) {
  const store = memoryNotifications({});
  const app = express();
  const options = { store, bodyLimit: 31_457_280, log: silentLog, now: () => new Date() };
  app.use(intakeRouter({ ...options, sites: [siteConfig()] }));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const send = async (method: string, path: string, contentType: string | undefined, body?: Uint8Array) => {
    const headers = { Authorization: `Bearer ${SECRET}`, ...(contentType && { 'Content-Type': contentType }) };
    const sent = body && { body: new Uint8Array(body) };
    const { status } = await fetch(`http://127.0.0.1:${port}/notify/general${path}`, { method, headers, ...sent });
    assert.equal(status, 200, `${method} ${contentType}`);
    const last = store.rows.at(-1);
    assert.ok(last);
    return readNotification('auto', last);
  };
  return { send };
}

const SPELLINGS: [string, (text: string) => Uint8Array][] = [
  ['application/fhir+json', (text) => Buffer.from(text)],
  ['application/fhir+json;charset=UTF-8', (text) => Buffer.from(text)],
  ['application/fhir+json; charset=utf-8; fhirVersion=4.0', (text) => Buffer.from(`\ufeff${text}`)],
  ['Application/JSON; Charset="utf-8"', (text) => Buffer.from(text)],
  ['application/json; charset=ISO-8859-1', (text) => Buffer.from(text, 'latin1')],
  ['application/json; charset=utf-16le', (text) => Buffer.from(text, 'utf16le')],
  ['text/plain;charset=UTF-8', (text) => Buffer.from(text)],
];

test('PUT, POST and DELETE are taken and read alike in every charset and spelling of the content type', async (t) => {
  const { send } = await open(t);
  for (const [index, [contentType, encode]] of SPELLINGS.entries()) {
    const resource = { ...note(`n${index}`), description: 'Müller' };
    const path = `/DocumentReference/n${index}`;
    const body = encode(JSON.stringify(resource));
    const about = { type: 'DocumentReference', id: `n${index}` };
    for (const [method, at] of [
      ['PUT', path],
      ['POST', ''],
    ] as const) {
      const reading = await send(method, at, contentType, body);
      const [hint] = 'hints' in reading ? reading.hints : [];
      assert.deepEqual({ type: hint?.type, id: hint?.id }, about, `${method} ${contentType}`);
      assert.deepEqual(hint?.resource, resource, `${method} ${contentType}`);
    }
    const reading = await send('DELETE', path, contentType);
    assert.deepEqual('hints' in reading && reading.hints, [{ ...about, interaction: 'delete' }]);
  }
  assert.deepEqual(await send('POST', '', undefined), { sweep: true });
});

test('a DocumentReference of 25 MB is taken and read whole, with the document in it', async (t) => {
  const { send } = await open(t);
  const data = Buffer.alloc(19_660_800, 'note').toString('base64');
  const resource = { ...note('large'), content: [{ attachment: { contentType: 'text/plain', data } }] };
  const body = Buffer.from(JSON.stringify(resource));
  assert.ok(body.length > 25 * 1024 * 1024);
  const reading = await send('PUT', '/DocumentReference/large', 'application/fhir+json', body);
  const [hint] = 'hints' in reading ? reading.hints : [];
  assert.ok(hint?.resource?.resourceType === 'DocumentReference');
  assert.equal(hint.resource.content[0]?.attachment.data?.length, data.length);
});
