/** Answers that are handed on as they come. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setImmediate as breathe } from 'node:timers/promises';
import { silentLog } from '../../src/log.ts';
import { openVendorHttp } from '../../src/vendors/http-client.ts';

async function opened(context: TestContext, listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const baseUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const http = openVendorHttp({ baseUrl, headers: () => ({}), log: silentLog, vendor: 'Vendor', maxBytes: 1000 });
  context.after(async () => {
    server.closeAllConnections();
    server.close();
    await http.close();
  });
  return async (timeout?: number) => {
    const response = await http.request({ method: 'GET', path: '/', streamed: true, ...(timeout && { timeout }) });
    return response.body ?? assert.fail('there is no body');
  };
}

const PIECE = Buffer.alloc(65_536, 'x');

test('a body is read no faster than it is wanted, whatever its size', async (context) => {
  let given = 0;
  const get = await opened(context, async (_request, response) => {
    for (let piece = 0; piece < 1000 && !response.destroyed; piece++) {
      given += PIECE.length;
      if (!response.write(PIECE)) {
        await new Promise<void>((resolve) => response.once('drain', resolve).once('close', resolve));
      }
      await breathe();
    }
    response.end();
  });
  let read = 0;
  for await (const piece of await get()) {
    read += piece.length;
    // What stands between is the system's buffers of a socket, and no more.
    assert.ok(given - read < 16 * 1024 * 1024, `${given - read} bytes ahead`);
  }
  assert.equal(read, 1000 * PIECE.length);
});

test('a body that breaks off fails as the connection does', async (context) => {
  const get = await opened(context, (_request, response) => {
    response.writeHead(200, { 'content-length': '1000000' });
    response.write(PIECE, () => response.destroy());
  });
  const body = await get();
  await assert.rejects(buffer(body), { code: 'vendor-error', kind: 'transient' });
});

test('a body that stands still fails after the time for one piece', async (context) => {
  const get = await opened(context, (_request, response) => {
    response.writeHead(200);
    response.write(PIECE);
  });
  const body = await get(0.2);
  await assert.rejects(buffer(body), { code: 'vendor-timeout', kind: 'transient' });
});

test('a reader who takes long is not the vendor standing still', async (context) => {
  const get = await opened(context, (_request, response) => {
    response.write(PIECE);
    setTimeout(() => response.end(PIECE), 50);
  });
  let read = 0;
  for await (const piece of await get(0.15)) {
    if (read === 0) {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    read += piece.length;
  }
  assert.equal(read, 2 * PIECE.length);
});

test('a body that is destroyed ends the connection', async (context) => {
  let closed: () => void = () => {};
  const close = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const get = await opened(context, (_request, response) => {
    response.once('close', closed);
    response.write(PIECE);
  });
  (await get()).destroy();
  await close;
});
