import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { setImmediate as breathe } from 'node:timers/promises';
import { BLOCK_SIZE } from '../../src/pictures/blocks.ts';
import { inspectPicture } from '../../src/pictures/inspect.ts';
import { openClean } from '../../src/pictures/open-clean.ts';
import { bodyOf, openTempFile, sweepTempFiles, TEMP_PREFIX } from '../../src/pictures/temp-file.ts';
import { breaking, drawn, LIMITS, ownTempFolder, readAll, streamOf, watched, withExif, zipOf } from './pictures.ts';

/** Bytes that lie in the buffers of streams between the source and whoever reads. */
const AHEAD = 140_000;
const leftovers = ownTempFolder();
const noise = await drawn(300, 200).png({ compressionLevel: 0 }).toBuffer();
const upright = await withExif(drawn(300, 200)).jpeg({ quality: 100 }).toBuffer();
const turned = await withExif(drawn(300, 200), 3).jpeg({ quality: 100 }).toBuffer();
const zip = await zipOf([
  ['a.jpg', upright],
  ['b.jpg', turned],
]);
const FILES = { 'an upright JPEG': upright, 'an upright PNG': noise, 'a turned JPEG': turned, 'a zip file': zip };
const NO_LONGER = { code: 'input-unavailable', message: 'A picture in the EHR is no longer the one that was read.' };

const inspect = (bytes: Uint8Array) => inspectPicture(streamOf(bytes), LIMITS);

/** Opens a file as another one and reads it; how many bytes came out before it failed. */
async function readInstead(about: Awaited<ReturnType<typeof inspect>>, bytes: Uint8Array): Promise<number> {
  let came = 0;
  await assert.rejects(async () => {
    for await (const piece of (await openClean(streamOf(bytes), about)).body) {
      came += piece.length;
    }
  }, NO_LONGER);
  return came;
}

describe('a picture that changed in the EHR since it was read', () => {
  for (const [name, bytes] of Object.entries(FILES)) {
    it(`does not leave whole: ${name}`, async () => {
      const about = await inspect(bytes);
      const changed = Buffer.from(bytes);
      changed.writeUInt8((changed.at(-40) ?? 0) ^ 0x04, changed.length - 40);
      const size = about.cleanSize ?? Number.POSITIVE_INFINITY;
      assert.ok((await readInstead(about, changed)) < size);
      assert.ok((await readInstead(about, Buffer.concat([bytes, Buffer.alloc(3000)]))) < size);
      assert.ok((await readInstead(about, bytes.subarray(0, -1))) < size);
      assert.ok((await readInstead(about, Buffer.from('%PDF-1.7 something else by now'))) < size);
      assert.equal(await readInstead(about, new Uint8Array()), 0);
      assert.deepEqual(leftovers(), []);
    });
  }
});

it('a file that has become endless is not read on', async () => {
  for (const bytes of [upright, turned, zip]) {
    const about = await inspect(bytes);
    const source = watched(new Uint8Array(Buffer.concat([bytes, Buffer.alloc(2_000_000)])), [1000]);
    await assert.rejects(async () => readAll((await openClean(source.stream, about)).body), NO_LONGER);
    assert.ok(source.cancelled && source.asked * 1000 < bytes.length + 3000);
  }
});

describe('a body that nobody wants any more', () => {
  it('lets the source of an upright picture go', async () => {
    const large = await drawn(1200, 900).png({ compressionLevel: 0 }).toBuffer();
    const about = await inspect(large);
    const source = watched(large, [5000]);
    const { body } = await openClean(source.stream, about);
    await breathe();
    assert.equal(source.asked, 0, 'nothing is asked for before somebody asks');
    await body[Symbol.asyncIterator]().next();
    await breathe();
    assert.ok(source.asked * 5000 < BLOCK_SIZE + AHEAD, 'no more is asked for than what was wanted');
    body.destroy();
    await once(body, 'close');
    assert.ok(source.cancelled);
  });
  it('does so while the source keeps everybody waiting', async () => {
    const about = await inspect(upright);
    const silent = new Readable({ read: () => undefined });
    const closed = once(silent, 'close');
    const { body } = await openClean(silent, about);
    const waiting = readAll(body);
    body.destroy();
    await assert.rejects(waiting, { code: 'ERR_STREAM_PREMATURE_CLOSE' });
    await closed;
  });
  it('does so before anybody has read from it', async () => {
    const source = watched(noise, [1000]);
    const { body } = await openClean(source.stream, await inspect(noise));
    body.destroy();
    await once(body, 'close');
    assert.ok(source.cancelled);
  });
  for (const [name, bytes] of Object.entries({ 'a turned picture': turned, 'a zip file': zip })) {
    it(`lets the file of ${name} go`, async () => {
      const { body } = await openClean(streamOf(bytes), await inspect(bytes));
      assert.equal(leftovers().length, 1);
      await body[Symbol.asyncIterator]().next();
      body.destroy();
      await once(body, 'close');
      assert.deepEqual(leftovers(), []);
    });
  }
});

describe('a source that fails on the way', () => {
  for (const [name, bytes] of Object.entries(FILES)) {
    it(`is heard as it is, and leaves nothing behind: ${name}`, async () => {
      const about = await inspect(bytes);
      const half = [bytes.subarray(0, bytes.length / 2)];
      const failing = breaking(half, new RangeError('the line broke'));
      await assert.rejects(async () => readAll((await openClean(failing, about)).body), RangeError);
      assert.deepEqual(leftovers(), []);
    });
  }
});

it('an upright picture that has no plan leaves too', async () => {
  const { cleanSize, plan: _, ...about } = await inspect(upright);
  const { size, body } = await openClean(streamOf(upright), about);
  assert.equal(size, cleanSize);
  assert.equal((await readAll(body)).length, cleanSize);
  assert.deepEqual(leftovers(), []);
});

it('ten turned pictures at once are all drawn, and each is its own', async () => {
  const pictures = await Promise.all(
    Array.from({ length: 10 }, async (_, index) =>
      withExif(drawn(30 + index, 20), 6)
        .png()
        .toBuffer(),
    ),
  );
  const widths = await Promise.all(
    pictures.map(async (bytes) => {
      const out = await readAll((await openClean(streamOf(bytes), await inspect(bytes))).body);
      return (await inspect(out)).height;
    }),
  );
  assert.deepEqual(widths, [30, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
  assert.deepEqual(leftovers(), []);
});

describe('temporary files', () => {
  it('are for this process alone', async () => {
    await using file = await openTempFile();
    assert.equal(statSync(file.path).mode & 0o777, 0o600);
    assert.equal(statSync(join(file.path, '..')).mode & 0o777, 0o700);
  });
  it('are gone when their body has been read', async () => {
    const file = await openTempFile();
    await file.write(Buffer.alloc(200_000, 1));
    assert.equal((await readAll(bodyOf(file))).length, 200_000);
    assert.ok(!existsSync(file.path));
  });
  it('of a crash are swept after a day, and nothing else is', async () => {
    const now = new Date();
    const old = new Date(now.getTime() - 25 * 60 * 60 * 1000);
    for (const [name, at] of [
      [`${TEMP_PREFIX}old`, old],
      [`${TEMP_PREFIX}young`, now],
      ['other-old', old],
    ] as const) {
      mkdirSync(join(tmpdir(), name));
      writeFileSync(join(tmpdir(), name, 'picture'), 'x');
      utimesSync(join(tmpdir(), name), at, at);
    }
    assert.equal(await sweepTempFiles(now), 1);
    assert.deepEqual((await readdir(tmpdir())).sort(), [`${TEMP_PREFIX}young`, 'other-old']);
  });
});
