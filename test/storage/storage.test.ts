/** What a storage promises, on a folder and on a bucket alike. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import { isKey } from '../../src/storage/key.ts';
import { UPLOAD_GONE } from '../../src/storage/types.ts';
import { bodyOf, breakingBody, fillOf, onEveryStorage, PART, put } from './kinds.ts';

const KEY = 'slides/42/001.svs';
const FILE = fillOf(2 * PART + 12_345);
const ABOUT = { contentType: 'image/tiff', size: FILE.byteLength };

const piece = (number: number) => {
  const offset = (number - 1) * PART;
  const bytes = FILE.subarray(offset, offset + PART);
  return { number, offset, size: bytes.byteLength, body: bodyOf(bytes) };
};
const isError = (code: string, status?: number) => (thrown: unknown) => {
  assert.ok(thrown instanceof AdapterError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  assert.equal(thrown.status, status);
  return true;
};

onEveryStorage('a storage', (open) => {
  test('a file put by parts is there whole, once it is complete and not before', async (context) => {
    const storage = await open(context);
    const upload = { key: KEY, id: await storage.begin(KEY, ABOUT) };
    const parts = [];
    for (const number of [1, 2, 3]) {
      assert.equal(await storage.stat(KEY), undefined);
      parts.push(await storage.part(upload, piece(number)));
    }
    await storage.complete(upload, parts);
    assert.equal((await storage.stat(KEY))?.size, FILE.byteLength);
    assert.ok(FILE.equals(await buffer(await storage.read(KEY))));
  });

  test('parts may come in any order and again; what was noted as done is enough to go on with', async (context) => {
    const storage = await open(context);
    const upload = { key: KEY, id: await storage.begin(KEY, ABOUT) };
    await assert.rejects(
      storage.part(upload, { ...piece(2), body: bodyOf(FILE.subarray(0, PART - 1)) }),
      isError('unexpected'),
      'too short',
    );
    const three = await storage.part(upload, piece(3));
    const one = await storage.part(upload, piece(1));
    await storage.part(upload, { ...piece(2), body: bodyOf(Buffer.alloc(PART)) });
    const two = await storage.part(upload, piece(2));
    await storage.complete(upload, JSON.parse(JSON.stringify([two, three, one])));
    assert.ok(FILE.equals(await buffer(await storage.read(KEY))));
  });

  test('a file whose size nobody knew beforehand is as large as its parts', async (context) => {
    const storage = await open(context);
    const upload = { key: KEY, id: await storage.begin(KEY, { ...ABOUT, size: 0 }) };
    const parts = [];
    for (const number of [1, 2, 3]) {
      parts.push(await storage.part(upload, piece(number)));
    }
    await storage.complete(upload, parts);
    assert.ok(FILE.equals(await buffer(await storage.read(KEY))));
  });

  test('completing twice does no harm: the first answer may have been lost', async (context) => {
    const storage = await open(context);
    const upload = { key: KEY, id: await storage.begin(KEY, { ...ABOUT, size: PART }) };
    const parts = [await storage.part(upload, piece(1))];
    await storage.complete(upload, parts);
    await storage.complete(upload, parts);
    assert.equal((await storage.stat(KEY))?.size, PART);
  });

  test('what a source throws comes through as it is, and a source that is not needed is let go', async (context) => {
    const storage = await open(context);
    const upload = { key: KEY, id: await storage.begin(KEY, ABOUT) };
    const lost = new AdapterError('ehr-unreachable', 'The connection broke within an attachment');
    const body = breakingBody(Array(3).fill(FILE.subarray(0, 65_536)), lost);
    await assert.rejects(storage.part(upload, { ...piece(1), body }), (thrown) => thrown === lost);
    let isLetGo = false;
    const endless = new Readable({
      read() {
        this.push(FILE.subarray(0, 65_536));
      },
      destroy(error, done) {
        isLetGo = true;
        done(error);
      },
    });
    await assert.rejects(storage.part(upload, { ...piece(1), body: endless }), isError('unexpected'));
    assert.ok(isLetGo);
  });

  test('an upload that was aborted is not known any more, which is said, and nothing of it is left', async (context) => {
    const storage = await open(context);
    const upload = { key: KEY, id: await storage.begin(KEY, ABOUT) };
    const one = await storage.part(upload, piece(1));
    await storage.abort(upload);
    await storage.abort(upload);
    await assert.rejects(storage.part(upload, piece(2)), isError('storage-unavailable', UPLOAD_GONE));
    await assert.rejects(storage.complete(upload, [one]), isError('storage-unavailable', UPLOAD_GONE));
    assert.equal(await storage.stat(KEY), undefined);
  });

  test('any range gives those bytes of it that there are', async (context) => {
    const storage = await open(context);
    const bytes = FILE.subarray(0, PART + 1000);
    await put(storage, KEY, bytes);
    const edge = fc.oneof(fc.nat(bytes.length + 10), fc.constantFrom(0, PART - 1, PART, PART + 1, bytes.length));
    await fc.assert(
      fc.asyncProperty(edge, edge, async (start, end) => {
        assert.ok(bytes.subarray(start, end).equals(await buffer(await storage.read(KEY, { start, end }))));
      }),
      { numRuns: 25 },
    );
  });

  test('a stream that nobody reads on can be let go', async (context) => {
    const storage = await open(context);
    await put(storage, KEY, FILE);
    const begun = await storage.read(KEY);
    assert.ok((await begun[Symbol.asyncIterator]().next()).value);
    const unread = await storage.read(KEY);
    for (const stream of [begun, unread]) {
      stream.destroy();
      await once(stream, 'close');
    }
    await storage.remove(KEY);
  });

  test('a file that is written again is another version', async (context) => {
    const storage = await open(context);
    await put(storage, KEY, Buffer.from('one'));
    const first = await storage.stat(KEY);
    await put(storage, KEY, Buffer.from('two'));
    const second = await storage.stat(KEY);
    assert.ok(first?.version && second?.version && first.version !== second.version);
    assert.equal(String(await buffer(await storage.read(KEY))), 'two');
  });

  test('an empty file is a file', async (context) => {
    const storage = await open(context);
    await put(storage, KEY, Buffer.alloc(0));
    assert.equal((await storage.stat(KEY))?.size, 0);
    assert.equal((await buffer(await storage.read(KEY))).length, 0);
  });

  test('what was removed is gone, and removing it again does no harm', async (context) => {
    const storage = await open(context);
    await put(storage, KEY, Buffer.from('a slide'));
    await storage.remove(KEY);
    await storage.remove(KEY);
    assert.equal(await storage.stat(KEY), undefined);
    await assert.rejects(storage.read(KEY), isError('input-unavailable', 404));
  });

  test('uploads that nobody went on with are aborted, those of today are not', async (context) => {
    const storage = await open(context);
    const keys = ['slides/1', 'slides/2', 'slides/3'];
    const uploads = await Promise.all(keys.map(async (key) => ({ key, id: await storage.begin(key, ABOUT) })));
    assert.equal(await storage.abortStale(new Date(Date.now() - 60_000)), 0);
    assert.equal(await storage.abortStale(new Date(Date.now() + 60_000)), 3);
    for (const upload of uploads) {
      await assert.rejects(storage.part(upload, piece(1)), isError('storage-unavailable', UPLOAD_GONE));
    }
  });

  test('a name that is not of ours reaches nothing', async (context) => {
    const storage = await open(context);
    for (const key of [
      '../secret',
      'a/../../b',
      '/etc/passwd',
      'a//b',
      '.staging/x',
      'a/.b',
      'a\\b',
      'a\0b',
      '',
      'a/',
    ]) {
      await assert.rejects(storage.stat(key), isError('unexpected'), key);
      await assert.rejects(storage.read(key), isError('unexpected'), key);
      await assert.rejects(storage.remove(key), isError('unexpected'), key);
      await assert.rejects(storage.url(key, 60), isError('unexpected'), key);
      await assert.rejects(storage.begin(key, ABOUT), isError('unexpected'), key);
      await assert.rejects(storage.complete({ key, id: 'AAAAAAAAAAAAAAAAAAAAAA' }, []), AdapterError, key);
    }
    await assert.rejects(storage.part({ key: KEY, id: '../../etc/passwd' }, piece(1)), AdapterError);
  });
});

test('no name that passes leaves the folder, hides in it or needs an escape in a URL', () => {
  const segment = fc.string({ unit: fc.constantFrom(...'aZ9._-/\\%\0 :é'), maxLength: 12 });
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), segment), (text) => {
      if (isKey(text)) {
        assert.equal(new URL(`https://host/${text}`).pathname, `/${text}`);
        assert.ok(text.split('/').every((part) => part !== '' && !part.startsWith('.')));
      }
    }),
    { numRuns: 5000 },
  );
});
