import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import sharp from 'sharp';
import { ZipFile } from 'yazl';
import { z } from 'zod';
import { jpegSize, pngSize } from '../../sandbox/hemato/image-size.ts';
import { receive } from '../../sandbox/hemato/receive.ts';
import { fixture, SMEAR, serveHemato } from './serve-hemato.ts';

const drawn = sharp({ create: { width: 120, height: 80, channels: 3, background: '#c88' } });
const PNG = await drawn.clone().png().toBuffer();
const JPEG = await drawn.clone().jpeg().toBuffer();
const uploaded = z.object({ results: z.object({ file_id: z.string() }) });

async function zip(entries: Record<string, Uint8Array>): Promise<Buffer> {
  const file = new ZipFile();
  for (const [name, bytes] of Object.entries(entries)) {
    file.addBuffer(Buffer.from(bytes), name);
  }
  file.end();
  const chunks: Buffer[] = [];
  for await (const chunk of file.outputStream) {
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** A real JPEG of at least this size: what fills it are segments that a decoder skips. */
function padded(bytes: number, seed: string): Buffer<ArrayBuffer> {
  const segment = Buffer.alloc(65_537, seed);
  segment.set([0xff, 0xef, 0xff, 0xff]);
  const segments = Array.from({ length: Math.ceil(bytes / segment.length) }, () => segment);
  return Buffer.concat([JPEG.subarray(0, 2), ...segments, JPEG.subarray(2)]);
}

/** Uploads in portions, without a length. */
async function stream(
  vendor: Awaited<ReturnType<typeof serveHemato>>,
  study: string,
  bytes: Buffer<ArrayBuffer>,
): Promise<Response> {
  let sent = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      controller.enqueue(bytes.subarray(sent, sent + 65_536));
      sent += 65_536;
      if (sent >= bytes.length) {
        controller.close();
      }
    },
  });
  const headers = { Authorization: await vendor.token(), 'Content-Type': 'image/jpeg' };
  const init = { method: 'POST', headers, body, duplex: 'half' };
  return fetch(`http://${vendor.host}/pbs/${study}/files`, init);
}

const spooled = () => readdirSync(tmpdir()).filter((name) => name.startsWith('hemato-sandbox-'));

/** By generation: what the query and the header say, and whether the type is known by it. */
const TYPES: ['legacy' | '2023' | '2024', query: string, header: string | undefined, status: number][] = [
  ['legacy', '', 'image/jpeg', 201],
  ['legacy', 'file_name=a.jpg', undefined, 400],
  ['legacy', 'content_type=image/jpeg', undefined, 400],
  ['2023', '', 'image/jpeg', 201],
  ['2023', '', 'IMAGE/JPEG; q=1', 201],
  ['2023', 'file_name=a.JPEG', undefined, 201],
  ['2023', 'file_name=a.jpg', 'application/octet-stream', 201],
  ['2023', 'content_type=image/jpeg', undefined, 400],
  ['2023', 'file_name=a.tiff', 'image/tiff', 400],
  ['2023', 'file_name=a.constructor', undefined, 400],
  ['2023', 'file_name=a.jpg', 'image/png', 400],
  ['2023', 'file_name=a.jpg', 'multipart/form-data; boundary=x', 400],
  ['2023', 'file_name=a.jpg', 'application/x-www-form-urlencoded', 400],
  ['2024', 'rbc_diameter=85', 'image/jpeg', 400],
  ['2024', 'rbc_diameter=85&file_name=a.jpg', undefined, 202],
  ['2024', 'rbc_diameter=85.00&content_type=image/jpeg', undefined, 202],
  ['2024', 'rbc_diameter=85&file_name=a.jpg&content_type=image/jpeg', 'image/jpeg', 202],
  ['2024', 'rbc_diameter=0&file_name=a.jpg', 'image/jpeg', 400],
  ['2024', 'rbc_diameter=1e3&file_name=a.jpg', 'image/jpeg', 400],
];

test('the type of an upload is told in three ways, of which each generation knows some', async (t) => {
  for (const profile of ['legacy', '2023', '2024'] as const) {
    const vendor = await serveHemato(t, { profile });
    const id = await vendor.study();
    for (const [, query, header, status] of TYPES.filter(([generation]) => generation === profile)) {
      const init = header === undefined ? { body: JPEG } : { body: JPEG, type: header };
      const answer = await vendor.call('POST', `/pbs/${id}/files?${query}`, init);
      assert.equal(answer.status, status, `${profile} ${query} ${header}`);
    }
  }
  const vendor = await serveHemato(t);
  const answer = await vendor.call('POST', `/pbs/${await vendor.study()}/files`, { body: JPEG });
  assert.deepEqual(answer.json(), fixture('file_upload_400_unknown_type'));
});

test('what is not of its type, or nothing, is refused', async (t) => {
  const vendor = await serveHemato(t);
  const id = await vendor.study();
  const cases: [Uint8Array, string][] = [
    [PNG, 'image/jpeg'],
    [JPEG, 'image/png'],
    [JPEG, 'application/zip'],
    [new Uint8Array(), 'image/jpeg'],
    [JPEG.subarray(0, 100), 'image/jpeg'],
    [PNG.subarray(0, 20), 'image/png'],
    [Buffer.from('<html>'), 'image/jpeg'],
    [Buffer.from('49492a00', 'hex'), 'image/png'],
  ];
  for (const [body, type] of cases) {
    assert.equal((await vendor.upload(id, body, '', type)).status, 400, `${body.length} bytes as ${type}`);
  }
  assert.equal((await vendor.tasks(id)).status, 400, 'none was kept');
});

test('the same content counts once, whatever is said of it; its size and its number have limits', async (t) => {
  const vendor = await serveHemato(t, { largestFile: SMEAR.length - 1, mostFiles: 2 });
  const id = await vendor.study();
  const ids = [];
  for (const query of ['file_name=a.jpg', 'file_name=b.jpg&rbc_diameter=12']) {
    ids.push(uploaded.parse((await vendor.upload(id, JPEG, query)).json()).results.file_id);
  }
  assert.deepEqual(ids, Array(2).fill(`sha224-i-${createHash('sha224').update(JPEG).digest('hex')}`));
  assert.equal((await vendor.upload(id, PNG, '', 'image/png')).status, 201);
  assert.equal((await vendor.upload(id, padded(1, 'x'))).status, 400, 'a third file');
  assert.equal((await vendor.upload(id, JPEG)).status, 201, 'one that is there');
  assert.equal((await vendor.upload(id, SMEAR)).status, 413);
  assert.equal((await stream(vendor, id, SMEAR)).status, 413, 'a length that is not announced');
});

test('a zip holds pictures or is refused; nothing of it stays on the disk', async (t) => {
  const vendor = await serveHemato(t);
  const id = await vendor.study();
  const send = async (entries: Record<string, Uint8Array> | Buffer) =>
    vendor.upload(id, Buffer.isBuffer(entries) ? entries : await zip(entries), 'file_name=a.zip', 'application/zip');
  const whole = await zip({ 'a.jpg': JPEG, 'b/c.PNG': PNG, 'notes.txt': Buffer.from('x'), '__MACOSX/a.jpg': PNG });
  assert.equal((await send(whole)).status, 201);
  const refused: Record<string, Record<string, Uint8Array>> = {
    empty: {},
    'without a picture': { 'a.txt': JPEG },
    'with something else under the name of a picture': { 'a.jpg': JPEG, 'b.png': JPEG },
  };
  for (const [name, entries] of Object.entries(refused)) {
    assert.equal((await send(entries)).status, 400, name);
  }
  assert.equal((await send(whole.subarray(0, whole.length - 30))).status, 400, 'cut off');
  await vendor.tasks(id, ['MALARIA_ANY_ANY']);
  vendor.turn(2);
  const counts = z.object({
    results: z.object({
      report: z.object({ MALARIA_ANY_ANY: z.object({ positive_count: z.int(), negative_count: z.int() }) }),
    }),
  });
  const { MALARIA_ANY_ANY: told } = counts.parse((await vendor.report(id)).json()).results.report;
  assert.ok(told.positive_count > 0 && told.negative_count === 1, 'two fields, one of them said to be infected');
  assert.deepEqual(spooled(), []);
});

test('ten pictures of 30 MB at once are taken', async (t) => {
  const vendor = await serveHemato(t);
  const id = await vendor.study();
  const pictures = ['a', 'b'].map((seed) => padded(30_000_000, seed));
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => stream(vendor, id, pictures[index % 2] ?? JPEG)),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array(10).fill(201),
  );
  const ids = await Promise.all(answers.map(async (answer) => uploaded.parse(await answer.json()).results.file_id));
  assert.equal(new Set(ids).size, 2);
  assert.equal(
    ids[0],
    `sha224-i-${createHash('sha224')
      .update(pictures[0] ?? '')
      .digest('hex')}`,
  );
  await vendor.tasks(id);
  vendor.turn(2);
  assert.equal((await vendor.status(id)).report_status, 'ready');
});

test('a refusal before the body is read reaches a client that is still sending', async (t) => {
  const vendor = await serveHemato(t);
  const id = await vendor.study();
  const large = padded(20_000_000, 'c');
  await vendor.upload(id);
  await vendor.tasks(id);
  assert.equal((await stream(vendor, id, large)).status, 400, 'the study is locked');
  vendor.set('token-expired');
  assert.equal((await vendor.upload(id, large)).status, 401);
});

test('a large picture is not held while it comes in, a small one is looked at whole', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const sent: WeakRef<Buffer>[] = [];
  let held = Number.NaN;
  async function* large(): AsyncGenerator<Buffer> {
    yield JPEG;
    while (sent.length < 460) {
      const chunk = Buffer.alloc(65_536, 7);
      sent.push(new WeakRef(chunk));
      yield chunk;
    }
    // A weak reference holds what it has been asked for until the turn ends.
    await nextTurn();
    collect();
    held = sent.filter((chunk) => chunk.deref() !== undefined).length;
    yield Buffer.from('end');
  }
  const received = await receive(large(), 'image/jpeg', 40_000_000);
  assert.ok('sha256' in received && received.whole === undefined && received.bytes > 30_000_000);
  assert.ok(held < 5, `${held} of ${sent.length} chunks`);
  const small = await receive(Readable.from([JPEG]), 'image/jpeg', 40_000_000);
  assert.ok('sha256' in small && small.whole?.equals(JPEG));
});

test('sizes are read from bytes in any portions, and any bytes at all do no harm', () => {
  const read = (reader: ReturnType<typeof jpegSize>, bytes: Buffer, cuts: number[]) => {
    let from = 0;
    for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
      reader.take(bytes.subarray(from, to));
      from = to;
    }
    return reader.size();
  };
  const portions = fc.array(fc.nat(200_000), { maxLength: 40 });
  const size = { width: 120, height: 80 };
  const long = padded(150_000, 'z');
  fc.assert(
    fc.property(portions, (cuts) => {
      assert.deepEqual(read(jpegSize(), JPEG, cuts), size);
      assert.deepEqual(read(jpegSize(), long, cuts), size);
      assert.deepEqual(read(pngSize(), PNG, cuts), size);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(60), portions, (noise, keep, cuts) => {
      for (const [reader, picture] of [
        [jpegSize(), JPEG],
        [pngSize(), PNG],
      ] as const) {
        const found = read(reader, Buffer.concat([picture.subarray(0, keep), noise]), cuts);
        assert.ok(found === undefined || (found.width > 0 && found.height > 0));
      }
    }),
  );
});
