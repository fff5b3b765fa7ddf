import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { fromBufferPromise } from 'yauzl';
import { inspectPicture } from '../../src/pictures/inspect.ts';
import { openClean } from '../../src/pictures/open-clean.ts';
import type { PictureLimits } from '../../src/pictures/types.ts';
import {
  burdenJpeg,
  burdenPng,
  drawn,
  LIMITS,
  ownTempFolder,
  pixelsOf,
  readAll,
  SECRET,
  streamOf,
  withExif,
  zipOf,
} from './pictures.ts';

const leftovers = ownTempFolder();
const jpeg = burdenJpeg(await withExif(drawn()).jpeg().toBuffer());
const png = burdenPng(await withExif(drawn(20, 10)).png().toBuffer());
const onSide = burdenPng(await withExif(drawn(20, 10), 6).png().toBuffer());

async function unpacked(bytes: Buffer): Promise<[string, Buffer][]> {
  const zip = await fromBufferPromise(bytes);
  const entries: [string, Buffer][] = [];
  for await (const entry of zip.eachEntry()) {
    entries.push([entry.fileName, await readAll(await zip.openReadStreamPromise(entry))]);
  }
  return entries;
}

async function cleaned(bytes: Buffer): Promise<Buffer> {
  const about = await inspectPicture(streamOf(bytes), LIMITS);
  const clean = await openClean(streamOf(bytes), about);
  const out = await readAll(clean.body);
  assert.deepEqual([clean.contentType, clean.size], ['application/zip', out.length]);
  return out;
}

async function refused(
  bytes: Buffer,
  message: string | RegExp,
  limits: Partial<PictureLimits> = {},
  code = 'input-unsupported',
) {
  await assert.rejects(inspectPicture(streamOf(bytes), { ...LIMITS, ...limits }), { code, message });
  assert.deepEqual(leftovers(), []);
}

describe('a zip file of pictures', () => {
  it('leaves with the same pictures, each clean and upright, under other names', async () => {
    const bytes = await zipOf([
      [`${SECRET}/`, Buffer.alloc(0)],
      [`${SECRET}/${SECRET}.jpg`, jpeg],
      [`__MACOSX/${SECRET}/._${SECRET}.jpg`, Buffer.from('resource fork')],
      [`${SECRET}/.DS_Store`, Buffer.from('folder')],
      ['__MACOSX/settings', Buffer.from('more of it')],
      ['Thumbs.db', Buffer.from('thumbs')],
      ['wrongly-named.jpg', png],
      ['on-its-side.PNG', onSide],
    ]);
    const about = await inspectPicture(streamOf(bytes), LIMITS);
    assert.deepEqual(
      [about.contentType, about.pictures, about.width, about.cleanSize],
      ['application/zip', 3, undefined, undefined],
    );
    const out = await cleaned(bytes);
    assert.ok(!out.includes(SECRET));
    const entries = await unpacked(out);
    assert.deepEqual(
      entries.map(([name]) => name),
      ['picture-0001.jpg', 'picture-0002.png', 'picture-0003.png'],
    );
    const [first, second, third] = entries.map(([, picture]) => picture);
    assert.ok(first && second && third);
    assert.deepEqual(await pixelsOf(first), await pixelsOf(jpeg));
    assert.deepEqual(await pixelsOf(second), await pixelsOf(png));
    assert.deepEqual(await sharp(third).raw().toBuffer(), await sharp(onSide).autoOrient().raw().toBuffer());
    assert.ok(entries.every(([, picture]) => !picture.includes(SECRET)));
    assert.deepEqual(leftovers(), []);
  });
  it('gives the same bytes each time, packed or not', async () => {
    const entries: [string, Buffer][] = [
      ['a.jpg', jpeg],
      ['b.png', png],
    ];
    const first = await cleaned(await zipOf(entries));
    assert.deepEqual(await cleaned(await zipOf(entries, false)), first);
  });
  it('is judged by its first bytes, like any file', async () => {
    const about = await inspectPicture(streamOf(await zipOf([['a.jpg', jpeg]]), [3]), LIMITS);
    assert.equal(about.contentType, 'application/zip');
  });
});

describe('a zip file is refused, in words for who ordered', () => {
  it('with something else in it, by its place and not by its name', async () => {
    const tiff = await drawn().tiff().toBuffer();
    await refused(
      await zipOf([
        ['a.jpg', jpeg],
        [`${SECRET}.jpg`, tiff],
      ]),
      'File 2 in the zip file is a TIFF file; only JPEG and PNG files can be sent.',
    );
    const inner = await zipOf([['a.jpg', jpeg]]);
    await refused(
      await zipOf([['a.zip', inner]]),
      'File 1 in the zip file is a zip file; only JPEG and PNG files can be sent.',
    );
    await refused(
      await zipOf([['a.txt', Buffer.from('hello')]]),
      /^File 1 in the zip file is a file of an unknown type;/,
    );
    await refused(await zipOf([['a.jpg', Buffer.alloc(0)]]), 'File 1 in the zip file is empty (0 bytes).');
    await refused(await zipOf([['a.jpg', jpeg.subarray(0, 300)]]), /^File 1 in the zip file is incomplete/);
  });
  it('that is an Office document', async () => {
    const document = await zipOf(
      [
        ['[Content_Types].xml', Buffer.from('<Types/>')],
        ['word/document.xml', Buffer.from('<x/>')],
      ],
      false,
    );
    await refused(document, /^(The picture is an Office document;|File 1 in the zip file is)/);
  });
  it('without a picture', async () => {
    const message = 'The zip file holds no picture.';
    await refused(
      await zipOf([
        ['empty/', Buffer.alloc(0)],
        ['.hidden', jpeg],
      ]),
      message,
    );
    await refused(await zipOf([]), message);
  });
  it('with too many pictures', async () => {
    const entries = Array.from({ length: 6 }, (_, index): [string, Buffer] => [`${index}.png`, png]);
    await refused(await zipOf(entries), 'The order has 6 pictures; at most 5 can be sent.', {}, 'input-too-large');
  });
  it('that unpacks to far more than it is', async () => {
    const bomb = await zipOf([['a.jpg', Buffer.concat([jpeg, Buffer.alloc(9 * 1024 * 1024)])]]);
    assert.ok(bomb.length < 100_000);
    const limits = { largest: 2 * 1024 * 1024 };
    await refused(bomb, 'The zip file, unpacked, is larger than 8 MB.', limits, 'input-too-large');
    const lying = Buffer.from(bomb);
    lying.writeUInt32LE(1000, directoryOf(lying) + 24);
    await refused(lying, 'File 1 in the zip file is damaged and cannot be read.', limits);
  });
  it('that is protected by a password', async () => {
    const bytes = await zipOf([['a.jpg', jpeg]]);
    bytes.writeUInt16LE(bytes.readUInt16LE(directoryOf(bytes) + 8) | 1, directoryOf(bytes) + 8);
    await refused(bytes, 'The zip file is protected by a password.');
  });
  it('that is packed in another way', async () => {
    const bytes = await zipOf([['a.jpg', jpeg]]);
    bytes.writeUInt16LE(14, directoryOf(bytes) + 10);
    await refused(bytes, 'File 1 in the zip file is packed in a way that is not supported.');
  });
  it('that is damaged or cut off', async () => {
    const bytes = await zipOf([['a.png', png]]);
    for (const end of [40, 200, bytes.length - 60, bytes.length - 1]) {
      await refused(bytes.subarray(0, end), 'The zip file is damaged and cannot be read.');
    }
    const checksum = Buffer.from(bytes);
    checksum.writeUInt32LE(7, directoryOf(checksum) + 16);
    await refused(checksum, 'File 1 in the zip file is damaged and cannot be read.');
  });
});

const directoryOf = (zip: Buffer) => zip.lastIndexOf(Buffer.from('PK\x01\x02'));
