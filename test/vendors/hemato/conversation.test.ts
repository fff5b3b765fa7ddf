/**
 * What goes over the line for one order, compared with the steps that the vendor's own documents describe: the oldest (get
 * an ID, upload, request, wait, ask for the report) and the newest (a region, a red cell's diameter, paths by task).
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import sharp from 'sharp';
import { createFaults } from '../../../sandbox/faults.ts';
import { type HematoOptions, hematoRoutes } from '../../../sandbox/hemato/routes.ts';
import { createLedger } from '../../../sandbox/ledger.ts';
import { silentLog } from '../../../src/log.ts';
import { openVendorHttp } from '../../../src/vendors/http-client.ts';
import { doneOf, lineOf, orderOf, pictureInput, play, type Sent, withDiameter } from './stub.ts';

const SMEAR = new Uint8Array(
  await sharp({ create: { width: 64, height: 48, channels: 3, background: '#f0d0d8' } })
    .jpeg()
    .toBuffer(),
);

/** A request as the documents describe one: a token is only said to be there, a body only what it is of. */
interface Said {
  line: string;
  query?: Record<string, string>;
  authorization: 'none' | 'bare' | 'bearer';
  contentType?: string;
  body: unknown;
}

function said(request: Sent): Said {
  const { authorization = '', ...headers } = request.headers ?? {};
  const contentType = headers['content-type'];
  const kind = authorization === '' ? 'none' : authorization.startsWith('Bearer ') ? 'bearer' : 'bare';
  return {
    line: request.line,
    ...(request.query && { query: request.query }),
    authorization: kind,
    ...(contentType !== undefined && { contentType }),
    body: request.json ?? (request.body ? `${request.size} raw bytes` : 'none'),
  };
}

/** Does one order with the simulator over HTTP, and gives what was said. */
async function converse(
  options: HematoOptions,
  settings: Record<string, unknown>,
  order = orderOf({ inputs: [pictureInput(1, SMEAR)] }),
): Promise<Said[]> {
  const parts = { faults: createFaults().of('hemato'), ledger: createLedger().of('hemato'), now: () => new Date() };
  const routes = hematoRoutes({ ...parts, options: { secondsUntilReady: 0, ...options } });
  const server = createServer(express().use(routes)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = openVendorHttp({ baseUrl, headers: () => ({}), log: silentLog, vendor: 'hemato' });
  const sent: Sent[] = [];
  try {
    const run = await play({
      settings: { baseUrl, ...settings },
      order,
      pictures: new Map([['picture/001', SMEAR]]),
      http: {
        sent,
        http: {
          request: (request) => {
            sent.push({ ...request, line: lineOf(request) });
            return client.request(request);
          },
        },
      },
    });
    assert.equal(doneOf(run).tasks[0]?.status, 'reported');
    return sent.map(said);
  } finally {
    await client.close();
    server.close();
    server.closeAllConnections();
  }
}

const bytes = `${SMEAR.byteLength} raw bytes`;
/** The oldest documents know the type by the header alone; the name and the type in the query are of later ones. */
const query = { file_name: 'picture-0001.jpg', content_type: 'image/jpeg' };

/** "Peripheral Blood Smear", steps 1 to 5, of the oldest documents. Step 3 there is a copy of step 2: its text rules. */
const STEPS: Said[] = [
  { line: 'POST /pbs', authorization: 'bare', body: 'none' },
  { line: 'POST /pbs/{id}/files', query, authorization: 'bare', contentType: 'image/jpeg', body: bytes },
  { line: 'POST /pbs/{id}/tasks', authorization: 'bare', body: { diagnostic_tasks: ['pbs_v1'] } },
  { line: 'GET /pbs/{id}/status', authorization: 'bare', body: 'none' },
  { line: 'GET /pbs/{id}/report', authorization: 'bare', body: 'none' },
];

test('the oldest documents are followed step by step: demo log-in', async () => {
  assert.deepEqual(await converse({ profile: 'legacy' }, { profile: 'legacy', auth: { type: 'demo' } }), [
    { line: 'GET /login/demo', authorization: 'none', body: 'none' },
    ...STEPS,
  ]);
});

test('the oldest documents are followed step by step: session log-in by the hash of the password', async () => {
  const user = { email: 'ali@example.com', password: 'YOUR_ACTUAL_PASSWORD' };
  const auth = { type: 'session', user: user.email, password: user.password };
  // echo -n YOUR_ACTUAL_PASSWORD | shasum -a 256
  const pass_hash = createHash('sha256').update(user.password).digest('hex');
  assert.deepEqual(await converse({ profile: 'legacy', users: [user] }, { profile: 'legacy', auth }), [
    { line: 'POST /auth/login', authorization: 'none', body: { user: user.email, pass_hash } },
    ...STEPS,
  ]);
});

test('the newest documents are followed: tags, the diameter of a red cell, paths by task, Bearer', async () => {
  const auth = { type: 'session', user: 'sandbox@example.com', password: 'sandbox-password' };
  const pass_hash = createHash('sha256').update(auth.password).digest('hex');
  const order = orderOf({ inputs: [withDiameter(pictureInput(1, SMEAR), 12.5)] });
  const task = { authorization: 'bearer', body: 'none' } as const;
  assert.deepEqual(await converse({ profile: '2024' }, { profile: '2024', auth }, order), [
    { line: 'POST /auth/login', authorization: 'none', body: { user: auth.user, pass_hash } },
    { line: 'POST /pbs', authorization: 'bearer', body: { tags: { patient_proxy_id: 'pseud-7f3a91' } } },
    {
      line: 'POST /pbs/{id}/files',
      query: { ...query, rbc_diameter: '12.5' },
      authorization: 'bearer',
      contentType: 'image/jpeg',
      body: bytes,
    },
    { line: 'POST /pbs/{id}/tasks', authorization: 'bearer', body: { diagnostic_tasks: ['MALARIA_ANY_ANY'] } },
    { line: 'GET /pbs/{id}/status/MALARIA_ANY_ANY', ...task },
    { line: 'GET /pbs/{id}/reports/MALARIA_ANY_ANY', ...task },
  ]);
});
