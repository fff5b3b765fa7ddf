/** Files that are read while they are sent: whole, anew for each try, and never taken for sent where reading failed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import type { SentFile } from '../../src/fhir/types.ts';
import { clientOf, failure, serve } from './client-support.ts';

const ABOUT = { contentType: 'image/png' };

function fileOf(pieces: Uint8Array[]): SentFile & { reads: number } {
  const file = {
    size: pieces.reduce((sum, { length }) => sum + length, 0),
    reads: 0,
    async *read() {
      file.reads += 1;
      yield* pieces;
    },
  };
  return file;
}

const hashOf = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');

/** Keeps what arrived as length and hash, and answers with the statuses in turn; then with 201. */
async function taking(t: TestContext, statuses: number[] = []) {
  const arrived: { length: string | undefined; size: number; hash: string }[] = [];
  const server = await serve(t, (app) => {
    app.use('/fhir/Binary', (req, res) => {
      const bytes = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
      arrived.push({ length: req.headers['content-length'], size: bytes.length, hash: hashOf(bytes) });
      const status = statuses.shift() ?? 201;
      res.status(status).set(status === 201 ? { Location: 'Binary/7/_history/1', ETag: 'W/"1"' } : {});
      res.end();
    });
  });
  return { server, arrived };
}

test('a file arrives whole under its size, whatever its pieces are', async (t) => {
  const { server, arrived } = await taking(t);
  const { client } = clientOf(t, server.origin);
  const pieces = fc.array(fc.oneof(fc.uint8Array({ maxLength: 9 }), fc.constant(new Uint8Array(200_000).fill(7))), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(pieces, async (each) => {
      assert.deepEqual(await client.saveBytes(fileOf(each), ABOUT), { type: 'Binary', id: '7', version: '1' });
      const whole = Buffer.concat(each);
      assert.deepEqual(arrived.pop(), { length: String(whole.length), size: whole.length, hash: hashOf(whole) });
    }),
    { numRuns: 40, examples: [[[]], [[new Uint8Array()]]] },
  );
});

test('each try reads the file anew', async (t) => {
  const { server, arrived } = await taking(t, [503, 503]);
  const { client, waits } = clientOf(t, server.origin);
  const file = fileOf([Buffer.from('a drawing'), Buffer.alloc(300_000, 'x')]);
  await client.saveBytes(file, { ...ABOUT, id: 'known' });
  assert.equal(waits.length, 2);
  assert.equal(file.reads, 3);
  assert.equal(new Set(arrived.map(({ hash }) => hash)).size, 1);
  assert.equal(arrived.length, 3);
});

test('a file that cannot be read is told as what it is, and nothing stands', async (t) => {
  const { server, arrived } = await taking(t);
  const { client, waits } = clientOf(t, server.origin);
  const gone = new AdapterError('unexpected', 'A file of the result is gone', { kind: 'permanent', remedy: 'hold' });
  const file: SentFile = {
    size: 400_000,
    async *read() {
      yield new Uint8Array(200_000);
      throw gone;
    },
  };
  assert.equal(await failure(client.saveBytes(file, ABOUT)), gone);
  assert.equal(waits.length, 0);
  assert.deepEqual(arrived, []);
});

test('a file that is shorter or longer than it says is not sent as if it were whole', async (t) => {
  const { server, arrived } = await taking(t);
  const { client } = clientOf(t, server.origin);
  for (const size of [5, 15]) {
    await failure(client.saveBytes({ ...fileOf([Buffer.from('ten bytes.')]), size }, ABOUT));
  }
  assert.deepEqual(arrived, []);
});

test('a server that refuses before it has heard all of it is understood', async (t) => {
  const http = createServer((_req, res) => void res.writeHead(413).end());
  t.after(() => http.closeAllConnections());
  http.listen(0, '127.0.0.1').unref();
  await once(http, 'listening');
  const address = http.address();
  const { client } = clientOf(t, `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  const pieces = Array.from({ length: 200 }, () => new Uint8Array(64 * 1024));
  assert.equal((await failure(client.saveBytes(fileOf(pieces), ABOUT))).status, 413);
});
