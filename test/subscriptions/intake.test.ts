import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, test } from 'node:test';
import express from 'express';
import { SignJWT } from 'jose';
import { AdapterError } from '../../src/errors.ts';
import { openLog, silentLog } from '../../src/log.ts';
import { sign } from '../../src/subscriptions/authenticate.ts';
import { type IntakeOptions, intakeRouter } from '../../src/subscriptions/intake.ts';
import { type MemoryNotifications, memoryNotifications } from '../support/memory-notifications.ts';
import { serve } from '../support/serve.ts';
import { note, SECRET, siteConfig, until } from './doubles.ts';

const LIMIT = 31457280;
const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) {
    close();
  }
});

async function open(options: Partial<IntakeOptions> = {}, memory: Parameters<typeof memoryNotifications>[0] = {}) {
  const store: MemoryNotifications = memoryNotifications(memory);
  const app = express();
  const sites = options.sites ?? [siteConfig()];
  app.use(intakeRouter({ store, bodyLimit: LIMIT, log: silentLog, now: () => new Date(), ...options, sites }));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  closing.push(() => server.closeAllConnections());
  const port = (server.address() as AddressInfo).port;
  const base = `http://127.0.0.1:${port}`;
  const send = (path: string, init: RequestInit = {}) =>
    fetch(`${base}${path}`, {
      method: 'POST',
      ...init,
      headers: { 'content-type': 'application/fhir+json', authorization: `Bearer ${SECRET}`, ...init.headers },
    });
  return { store, send, port, base };
}

async function issueOf(response: Response): Promise<string> {
  assert.match(response.headers.get('content-type') ?? '', /^application\/fhir\+json/);
  const outcome = await response.json();
  assert.equal(outcome.resourceType, 'OperationOutcome');
  return outcome.issue[0].code;
}

test('a notification is stored as raw bytes before it is answered, with the headers that dialects read and no secret', async () => {
  const { store, send } = await open();
  const body = '{ "resourceType":"DocumentReference", "id":"1", "size":1.0, "x":"\\u00e9" }';
  const headers = {
    'x-medplum-interaction': 'create',
    'x-medplum-subscription': '7',
    'x-signature': sign(SECRET, Buffer.from(body)),
  };
  const response = await send('/notify/general', { body, headers });
  assert.equal(response.status, 200);
  assert.equal(await issueOf(response), 'informational');
  const [row] = store.rows;
  assert.equal(Buffer.from(row?.body ?? []).toString(), body);
  assert.deepEqual([row?.site, row?.method, row?.path], ['general', 'POST', '']);
  assert.deepEqual(row?.headers, {
    'content-type': 'application/fhir+json',
    'x-medplum-interaction': 'create',
    'x-medplum-subscription': '7',
  });
  assert.doesNotMatch(JSON.stringify(row?.headers), new RegExp(SECRET));
});

test('the answer waits for the store', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { send } = await open({}, { before: () => held });
  let answered = false;
  const response = send('/notify/general', { body: '{}' }).then((value) => {
    answered = true;
    return value;
  });
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(answered, false);
  release();
  assert.equal((await response).status, 200);
});

test('a Bundle is answered with a Bundle, anything else with an OperationOutcome', async () => {
  const { send } = await open();
  const bundle = JSON.stringify({ entry: [{ resource: note('1') }], type: 'history', resourceType: 'Bundle' });
  const answer = await send('/notify/general', { body: bundle });
  assert.deepEqual(await answer.json(), { resourceType: 'Bundle', type: 'transaction-response' });
  const containing = JSON.stringify({ contained: [{ resourceType: 'Bundle' }], resourceType: 'DocumentReference' });
  assert.equal(await issueOf(await send('/notify/general', { body: containing })), 'informational');
});

test('every method and sub-path of the FHIR servers is taken, also with no body and with If-Match', async () => {
  const { store, send } = await open();
  const headers = { 'if-match': '"3"' };
  const body = JSON.stringify(note('1'));
  assert.equal((await send('/notify/general/DocumentReference/1', { method: 'PUT', body, headers })).status, 200);
  assert.equal((await send('/notify/general/DocumentReference/1', { method: 'DELETE' })).status, 200);
  assert.equal((await send('/notify/general')).status, 200);
  assert.equal((await send('/notify/general/')).status, 200);
  assert.equal((await send('/notify/general/a/b/c/d', { body: 'x' })).status, 200);
  const kept = store.rows.map(({ method, path, body: bytes }) => [method, path, bytes.length]);
  assert.deepEqual(kept, [
    ['PUT', '/DocumentReference/1', Buffer.byteLength(body)],
    ['DELETE', '/DocumentReference/1', 0],
    ['POST', '', 0],
    ['POST', '/a/b/c/d', 1],
  ]);
});

test('a signature is checked over all of 25 MB', async () => {
  const { store, send } = await open();
  const attachment = { contentType: 'application/pdf', data: 'QUJD'.repeat(6_550_000) };
  const body = Buffer.from(JSON.stringify({ ...note('1'), content: [{ attachment }] }));
  assert.ok(body.length > 25 * 1024 * 1024 - 100_000);
  const headers = { authorization: '', 'x-signature': sign(SECRET, body) };
  assert.equal((await send('/notify/general', { body, headers })).status, 200);
  assert.equal((await send('/notify/general/DocumentReference/1', { method: 'PUT', body })).status, 200);
  const tampered = Buffer.from(body);
  tampered[tampered.length - 10] = 0x58;
  assert.equal((await send('/notify/general', { body: tampered, headers })).status, 401);
  assert.deepEqual(
    store.rows.map((row) => row.body.length),
    [body.length, body.length],
  );
});

test("a delete's {} is taken with the secret, or signed where it names what is gone", async () => {
  const { store, send } = await open();
  const gone = { 'x-medplum-interaction': 'delete', 'x-medplum-deleted-resource': 'DocumentReference/1' };
  const signed = { authorization: '', 'x-signature': sign(SECRET, Buffer.from('{}')) };
  assert.equal((await send('/notify/general', { body: '{}', headers: gone })).status, 200);
  assert.equal((await send('/notify/general', { body: '{}', headers: { ...gone, ...signed } })).status, 200);
  assert.equal((await send('/notify/general', { body: '{}', headers: signed })).status, 401);
  assert.equal(store.rows.length, 1, 'the same news');
});

test('an unknown site is 404, another method 405, also in other spellings', async () => {
  const { store, send } = await open();
  for (const path of [
    '/notify/other',
    '/notify',
    '/notify/',
    '/notify/General',
    '/notify/__proto__',
    '/notify/toString',
  ]) {
    const response = await send(path, { body: '{}' });
    assert.equal(response.status, 404, path);
    assert.equal(await issueOf(response), 'not-found');
  }
  const patched = await send('/notify/general', { method: 'PATCH', body: '{}' });
  assert.equal(patched.status, 405);
  assert.equal(patched.headers.get('allow'), 'POST, PUT, DELETE');
  assert.equal((await send('/notify/general', { method: 'GET' })).status, 405);
  const broken = await send('/notify/%zz', { body: '{}' });
  assert.equal(broken.status, 400);
  assert.equal(await issueOf(broken), 'invalid');
  assert.equal(store.rows.length, 0);
});

test('a wrong or missing secret or signature is 401 and nothing is stored', async () => {
  const { store, send } = await open();
  const body = JSON.stringify(note('1'));
  const wrong: Record<string, string>[] = [
    { authorization: 'Bearer something-else' },
    { authorization: '' },
    { authorization: '', 'x-signature': sign('something-else', Buffer.from(body)) },
    { authorization: '', 'x-signature': sign(SECRET, Buffer.from(`${body} `)) },
  ];
  for (const headers of wrong) {
    const response = await send('/notify/general', { body, headers });
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
    assert.equal(await issueOf(response), 'login');
  }
  const right = { authorization: '', 'x-signature': sign(SECRET, Buffer.from(body)) };
  assert.equal((await send('/notify/general', { body, headers: right })).status, 200);
  assert.equal(store.rows.length, 1);
});

test("athenahealth's signature is taken, and a certificate where the site asks for one", async () => {
  const clientCertificate = { header: 'X-Client-Subject', subject: 'CN=ehr' };
  const certified = { ...siteConfig({ secret: 'none', clientCertificate }), name: 'certified' };
  const { store, send } = await open({ sites: [siteConfig(), certified] });
  const body = JSON.stringify(note('1'));
  const signed = (secret: string) => ({
    authorization: '',
    'x-hub-signature': `sha256=${sign(secret, Buffer.from(body))}`,
  });
  assert.equal((await send('/notify/general', { body, headers: signed(SECRET) })).status, 200);
  assert.equal((await send('/notify/general', { body, headers: signed('something-else') })).status, 401);
  assert.equal((await send('/notify/certified', { body, headers: { 'x-client-subject': 'CN=ehr' } })).status, 200);
  assert.equal((await send('/notify/certified', { body, headers: { 'x-client-subject': 'CN=other' } })).status, 401);
  assert.equal((await send('/notify/certified', { body })).status, 401);
  assert.equal(store.rows.length, 2);
});

test("Google's push is taken with its token beside the secret, and 503 where its keys cannot be had", async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let up = false;
  const { url, close } = await serve((_request, response) => {
    response.statusCode = up ? 200 : 500;
    response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] }));
  });
  t.after(close);
  let time = Date.now();
  const email = 'push@hospital.iam.gserviceaccount.com';
  const googlePush = { audience: 'https://adapter.example/notify/general', email, keys: url };
  const { store, send } = await open({ sites: [siteConfig({ googlePush })], now: () => new Date(time) });
  const authorization = async (aud: string) => {
    const claims = { iss: 'https://accounts.google.com', aud, email, email_verified: true };
    const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).setIssuedAt();
    return `Bearer ${await jwt.setExpirationTime('1h').sign(privateKey)}`;
  };
  const body = JSON.stringify({ message: { data: Buffer.from('fhir/ServiceRequest/1').toString('base64') } });
  const push = async (aud = googlePush.audience) =>
    send('/notify/general', { body, headers: { authorization: await authorization(aud) } });
  const early = await push();
  assert.equal(early.status, 503);
  assert.ok(Number(early.headers.get('retry-after')) > 0);
  assert.equal(await issueOf(early), 'transient');
  assert.equal(store.rows.length, 0);
  up = true;
  time += 10_000;
  assert.equal((await push()).status, 200);
  assert.equal((await push('https://adapter.example/notify/clinic')).status, 401);
  assert.equal((await send('/notify/general', { body: '{}' })).status, 200, 'the secret');
  assert.equal((await send('/notify/general', { body, headers: { authorization: 'Bearer a.b.c' } })).status, 401);
  assert.equal(store.rows.length, 2);
});

test("one site's secret opens no other site", async () => {
  const other = { ...siteConfig({ secret: 'the-secret-of-the-clinic' }), name: 'clinic' };
  const { send, store } = await open({ sites: [siteConfig(), other] });
  assert.equal((await send('/notify/clinic', { body: '{}' })).status, 401);
  assert.equal(store.rows.length, 0);
});

test('31,457,280 bytes are taken and one more is 413, declared or streamed', async () => {
  const { store, send } = await open();
  const bytes = new Uint8Array(LIMIT + 1).fill(0x20);
  const streamed = (length: number) =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.subarray(0, length));
        controller.close();
      },
    });
  const stream = (length: number) => ({ body: streamed(length), duplex: 'half' }) as RequestInit;
  assert.equal((await send('/notify/general', { body: bytes.subarray(0, LIMIT) })).status, 200);
  assert.equal((await send('/notify/general/a', stream(LIMIT))).status, 200);
  assert.deepEqual(
    store.rows.map(({ body }) => body.length),
    [LIMIT, LIMIT],
  );
  const tooLarge = await send('/notify/general', { body: bytes });
  assert.equal(tooLarge.status, 413);
  assert.equal(await issueOf(tooLarge), 'too-long');
  assert.equal((await send('/notify/general', stream(LIMIT + 1))).status, 413);
  assert.equal(store.rows.length, 2);
});

test('a compressed body is 415', async () => {
  const { store, send } = await open();
  const response = await send('/notify/general', { body: 'x', headers: { 'content-encoding': 'gzip' } });
  assert.equal(response.status, 415);
  assert.equal(await issueOf(response), 'not-supported');
  assert.equal(store.rows.length, 0);
});

test('ten equal notifications at once are stored once and all answered', async () => {
  const { store, send } = await open();
  const body = JSON.stringify(note('1'));
  const answers = await Promise.all(Array.from({ length: 10 }, () => send('/notify/general', { body })));
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array(10).fill(200),
  );
  assert.equal(store.rows.length, 1);
});

test('what differs in method, path, interaction or deleted resource is other news', async () => {
  const { store, send } = await open();
  const variants = [
    ['/notify/general', {}],
    ['/notify/general/DocumentReference/1', {}],
    ['/notify/general', { 'x-medplum-interaction': 'create' }],
    ['/notify/general', { 'x-medplum-interaction': 'delete', 'x-medplum-deleted-resource': 'DocumentReference/1' }],
    ['/notify/general', { 'x-medplum-interaction': 'delete', 'x-medplum-deleted-resource': 'DocumentReference/2' }],
  ] as const;
  for (const [path, headers] of [...variants, ...variants]) {
    await send(path, { body: '{}', headers });
  }
  assert.equal(store.rows.length, variants.length);
});

test('one body that the database will not take harms nobody that came with it', async () => {
  const { store, send } = await open(
    {},
    {
      before(notifications) {
        if (notifications.some(({ body }) => Buffer.from(body).includes('poison'))) {
          throw new Error('value too long');
        }
      },
    },
  );
  const bodies = Array.from({ length: 20 }, (_, index) => (index === 7 ? 'poison' : `body ${index}`));
  const answers = await Promise.all(bodies.map((body) => send('/notify/general', { body })));
  assert.deepEqual(
    answers.map(({ status }) => status),
    bodies.map((body) => (body === 'poison' ? 503 : 200)),
  );
  assert.equal(store.rows.length, 19);
  assert.ok(Math.max(...store.batches) <= 20);
});

test('a database that is down or does not answer is 503 with Retry-After, and it is taken when it is back', async () => {
  let down: 'refuses' | 'hangs' | undefined = 'refuses';
  const { store, send } = await open(
    { patience: 50 },
    {
      async before() {
        if (down === 'refuses') {
          throw new AdapterError('database-unavailable', 'down');
        }
        if (down === 'hangs') {
          await new Promise(() => {});
        }
      },
    },
  );
  for (const state of ['refuses', 'hangs'] as const) {
    down = state;
    const response = await send('/notify/general', { body: '{}' });
    assert.equal(response.status, 503);
    assert.ok(Number(response.headers.get('retry-after')) > 0);
    assert.equal(await issueOf(response), 'transient');
  }
  down = undefined;
  assert.equal((await send('/notify/general', { body: '{}' })).status, 200);
  assert.equal(store.rows.length, 1);
});

test('more waiting bytes than the memory allows are 503, and there is room again afterwards', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { send } = await open({ memoryLimit: 1000 }, { before: () => held });
  const first = send('/notify/general', { body: 'a'.repeat(900) });
  let refused: Response | undefined;
  while (refused?.status !== 503) {
    refused = await Promise.race([send('/notify/general', { body: 'b'.repeat(200) }), first]);
  }
  assert.equal(await issueOf(refused), 'throttled');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  const chunked = { body: new Blob(['c'.repeat(500)]).stream(), duplex: 'half' } as RequestInit;
  const streamed = await send('/notify/general', chunked).catch(() => undefined);
  assert.notEqual(streamed?.status, 200);
  release();
  assert.equal((await first).status, 200);
  assert.equal((await send('/notify/general', { body: 'b'.repeat(900) })).status, 200);
});

test('a sender that goes away in the middle leaves nothing behind and breaks nothing', async () => {
  const { store, send, port } = await open({ memoryLimit: 1000 });
  for (let round = 0; round < 5; round += 1) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      `POST /notify/general HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${SECRET}\r\nContent-Length: 800\r\n\r\n{`,
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
    socket.destroy();
    await once(socket, 'close');
  }
  let status = 0;
  await until(() => {
    void send('/notify/general', { body: 'c'.repeat(800) }).then((response) => {
      status = response.status;
    });
    return status === 200;
  });
  assert.equal(store.rows.length, 1);
});

test('a sender that goes away while its notification is being stored loses nothing', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let inserting = false;
  const { store, port } = await open(
    {},
    {
      before() {
        inserting = true;
        return held;
      },
    },
  );
  const request = httpRequest({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/notify/general',
    headers: { authorization: `Bearer ${SECRET}` },
  });
  request.on('error', () => {});
  request.end('{"resourceType":"X"}');
  await until(() => inserting);
  request.destroy();
  release();
  await until(() => store.rows.length === 1);
});

test('no body, secret or header reaches the log', async () => {
  const lines: string[] = [];
  const log = openLog('debug', { write: (line) => void lines.push(line) });
  const { send } = await open(
    { log },
    {
      before() {
        throw new Error('Erika Mustermann is not valid');
      },
    },
  );
  await send('/notify/general/Patient/Mustermann', { body: '{"name":"Mustermann"}' });
  await send('/notify/general/Patient/Mustermann', {
    body: 'Mustermann',
    headers: { authorization: 'Bearer Mustermann' },
  });
  await send('/notify/Mustermann', { body: 'Mustermann' });
  assert.ok(lines.length >= 3);
  assert.doesNotMatch(lines.join(''), new RegExp(`Mustermann|${SECRET}`));
});

test('each stored and each refused notification is counted', async () => {
  const counted: string[] = [];
  const { send } = await open({
    onStored: ({ site }) => void counted.push(site),
    onRefused: (site, status) => void counted.push(`${site} ${status}`),
  });
  await send('/notify/general', { body: '{}' });
  await send('/notify/general', { body: '{}', headers: { authorization: '' } });
  await send('/notify/nowhere', { body: '{}' });
  assert.deepEqual(counted, ['general', 'general 401', 'undefined 404']);
});
