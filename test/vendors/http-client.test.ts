import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import { openLog } from '../../src/log.ts';
import { streamOfBytes } from '../../src/streams.ts';
import type { VendorRequest } from '../../src/vendors/http.ts';
import { openVendorHttp, type VendorOutcome } from '../../src/vendors/http-client.ts';
import { retryAfterSeconds } from '../../src/vendors/retry-after.ts';

/** One request against a server that does `handle`; what came of it, and everything that was logged. */
async function exchange(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  request: Partial<VendorRequest> = {},
  more: { maxBytes?: number; path?: string } = {},
) {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const lines: string[] = [];
  const outcomes: VendorOutcome[] = [];
  const http = openVendorHttp({
    baseUrl: `http://127.0.0.1:${port}${more.path ?? ''}`,
    headers: async () => ({ 'x-api-key': 'topsecret' }),
    log: openLog('debug', { write: (line) => lines.push(line) }),
    vendor: 'Vendor',
    onOutcome: (outcome) => outcomes.push(outcome),
    ...(more.maxBytes ? { maxBytes: more.maxBytes } : {}),
  });
  try {
    const response = await http.request({ method: 'GET', path: '/x', query: { patient: 'p-1' }, ...request });
    return { response, outcomes, lines };
  } catch (thrown) {
    assert.ok(thrown instanceof AdapterError);
    return { error: thrown, outcomes, lines };
  } finally {
    await http.close();
    server.closeAllConnections();
    server.close();
  }
}

const answer =
  (status: number, headers = {}, body = '{}') =>
  (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status, headers);
    response.end(body);
  };

for (const [status, once, code, kind] of [
  [401, false, 'vendor-unauthorized', 'permanent'],
  [403, true, 'vendor-unauthorized', 'permanent'],
  [404, false, 'vendor-rejected', 'permanent'],
  [422, true, 'vendor-rejected', 'permanent'],
  [429, true, 'vendor-busy', 'transient'],
  [503, false, 'vendor-busy', 'transient'],
  [503, true, 'vendor-busy', 'ambiguous'],
  [500, false, 'vendor-error', 'transient'],
  [502, true, 'vendor-error', 'ambiguous'],
  [302, false, 'vendor-protocol', 'permanent'],
] as const) {
  test(`${status}${once ? ' to a call made once' : ''} is ${code}, ${kind}`, async () => {
    const { error, outcomes, lines } = await exchange(
      answer(status, { location: 'http://elsewhere.example/', 'retry-after': '7' }, '{"detail":"Mr Rossi"}'),
      { once },
    );
    assert.deepEqual([error?.code, error?.kind, error?.status, error?.retryAfter], [code, kind, status, 7]);
    assert.deepEqual([outcomes[0]?.ok, outcomes[0]?.code], [false, code]);
    assert.doesNotMatch(`${error?.message}${lines.join()}`, /Rossi|p-1|topsecret|127\.0\.0\.1/);
  });
}

test('a status that the caller takes is an answer', async () => {
  const { response, outcomes } = await exchange(answer(404, {}, '{"a":1}'), { accept: [200, 404] });
  assert.deepEqual([response?.status, response?.json(), outcomes[0]?.ok], [404, { a: 1 }, true]);
});

test('what is not JSON is said so without being quoted', async () => {
  const { response } = await exchange(answer(200, {}, '<Mr Rossi>'));
  assert.throws(
    () => response?.json(),
    (thrown) => thrown instanceof AdapterError && thrown.code === 'vendor-protocol' && !/Rossi/.test(thrown.message),
  );
});

test('an answer that was cut off may be asked for again, and leaves a call that bills in doubt', async () => {
  for (const [once, kind] of [
    [false, 'transient'],
    [true, 'ambiguous'],
  ] as const) {
    const { response } = await exchange(answer(200, {}, '{"task_id": "1'), { once });
    assert.throws(
      () => response?.json(),
      (thrown) => thrown instanceof AdapterError && thrown.kind === kind,
    );
  }
});

test('an answer over the limit is refused', async () => {
  const { error } = await exchange(answer(200, {}, 'x'.repeat(5000)), {}, { maxBytes: 1000 });
  assert.equal(error?.code, 'vendor-protocol');
});

test('the time limit covers the whole answer, however it drips', async () => {
  const drip = (_request: IncomingMessage, response: ServerResponse) => {
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  };
  for (const [once, kind] of [
    [true, 'ambiguous'],
    [false, 'transient'],
  ] as const) {
    const { error } = await exchange(drip, { timeout: 0.2, once });
    assert.deepEqual([error?.code, error?.kind], ['vendor-timeout', kind]);
  }
});

test('a connection that breaks leaves doubt; one that never was leaves none', async () => {
  const { error } = await exchange((request) => request.socket.destroy(), { once: true });
  assert.deepEqual([error?.code, error?.kind], ['vendor-error', 'ambiguous']);
  const nobody = await exchange(answer(200), { once: true, path: 'http://127.0.0.1:1/x' });
  assert.deepEqual([nobody.error?.code, nobody.error?.kind], ['vendor-unreachable', 'transient']);
});

test('a signal stops a call', async () => {
  const control = new AbortController();
  const { error } = await exchange(() => control.abort(), { signal: control.signal, once: true });
  assert.deepEqual([error?.code, error?.kind], ['shutting-down', 'ambiguous']);
});

test('the credential goes to its own origin alone, and the base path is kept', async () => {
  const seen: (string | undefined)[] = [];
  const note = (request: IncomingMessage, response: ServerResponse) => {
    seen.push(request.url, String(request.headers['x-api-key']));
    response.end('{}');
  };
  await exchange(note, {}, { path: '/api/v1' });
  const other = createServer(note);
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  await exchange(note, { path: `http://127.0.0.1:${(other.address() as AddressInfo).port}/signed`, query: {} });
  other.closeAllConnections();
  other.close();
  assert.deepEqual(seen, ['/api/v1/x?patient=p-1', 'topsecret', '/signed', 'undefined']);
});

test('JSON, bytes and streams are sent as they are', async () => {
  const bodies: string[] = [];
  const read = (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      bodies.push(Buffer.concat(pieces).toString());
      response.end('{}');
    });
  };
  await exchange(read, { method: 'POST', json: { a: 'é' } });
  await exchange(read, { method: 'PUT', body: new TextEncoder().encode('bytes') });
  await exchange(read, { method: 'PUT', body: streamOfBytes(Buffer.from('stream')) });
  assert.deepEqual(bodies, ['{"a":"é"}', 'bytes', 'stream']);
});

test('a streamed body is let go of, whatever comes of the request', async () => {
  const refuse = (_request: IncomingMessage, response: ServerResponse) => response.writeHead(413).end();
  const endless = () =>
    new Readable({
      read() {
        this.push(new Uint8Array(65_536));
      },
    });
  const wishes: [what: string, request: Partial<VendorRequest>, code: string][] = [
    ['taken', { body: streamOfBytes(Buffer.from('stream')), accept: [413] }, ''],
    ['refused before it was sent', { body: endless() }, 'vendor-rejected'],
    ['stopped before', { body: endless(), signal: AbortSignal.abort() }, 'shutting-down'],
    ['nobody there', { body: endless(), path: 'http://127.0.0.1:1/x' }, 'vendor-unreachable'],
    ['no answer', { body: streamOfBytes(Buffer.from('stream')), path: '/silent', timeout: 0.1 }, 'vendor-timeout'],
    ['silent itself', { body: new Readable({ read: () => undefined }), timeout: 0.1 }, 'vendor-timeout'],
  ];
  for (const [what, request, code] of wishes) {
    const answerUnlessSilent = (seen: IncomingMessage, response: ServerResponse) => {
      if (code !== 'vendor-timeout') {
        refuse(seen, response);
      }
    };
    const { error } = await exchange(answerUnlessSilent, { method: 'PUT', ...request });
    assert.equal(error?.code ?? '', code, what);
    assert.ok(request.body instanceof Readable && request.body.destroyed, what);
  }
});

test('a streamed body that breaks off fails the request', async () => {
  const body = new Readable({
    read() {
      this.destroy(new AdapterError('ehr-unreachable', 'The connection broke within an attachment'));
    },
  });
  const { error } = await exchange(answer(200), { method: 'PUT', body });
  assert.deepEqual([error?.code, body.destroyed], ['ehr-unreachable', true]);
});

test('Retry-After is read as seconds and as a date, and nonsense is none', () => {
  const now = new Date('2026-11-22T10:00:00Z');
  assert.equal(retryAfterSeconds('120', now), 120);
  assert.equal(retryAfterSeconds('Sun, 22 Nov 2026 10:01:30 GMT', now), 90);
  assert.equal(retryAfterSeconds('Sun, 22 Nov 2026 09:00:00 GMT', now), 0);
  for (const value of ['', '-5', 'soon', undefined]) {
    assert.equal(retryAfterSeconds(value, now), undefined);
  }
  fc.assert(
    fc.property(fc.string(), (value) => {
      const seconds = retryAfterSeconds(value, now);
      assert.ok(seconds === undefined || (Number.isInteger(seconds) && seconds >= 0));
    }),
  );
});
