/** Files that a vendor's work leaves behind, on their way from a step into the EHR. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { admitOrder, latestGeneration } from '../../src/orders/store/admit-order.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { listFiles, PIECE, putFiles, readFile } from '../../src/orders/store/files.ts';
import { listWritten } from '../../src/orders/store/order-data.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { toyFindings, toyVendor } from '../support/toy-vendor.ts';

const BYTES = Buffer.from('a drawing');

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) {
    all.push(piece);
  }
  return all;
}

onEveryDatabase('a file of a result', ({ open }) => {
  let rig: Rig | undefined;
  let database: Database | undefined;
  afterEach(async () => {
    await rig?.stop();
    await database?.close();
  });

  test('is kept with the step and remembered as a Binary before the results are written', async () => {
    database = await open();
    const toy = toyVendor(
      [
        async (state, { files }) => {
          await files.put({ name: 'drawing.png', contentType: 'image/png', title: 'A drawing', bytes: BYTES });
          assert.deepEqual(await files.list(), ['drawing.png']);
          return { next: { ...state, at: 1 } };
        },
      ],
      {
        toFindings: () => ({
          ...toyFindings(1),
          report: { category: [], code: { text: 'toy' }, attachments: ['drawing.png'] },
        }),
      },
    );
    const ehr = memoryEhr((id) => noteReading(id, 'a note'));
    rig = await engineRig({ database, vendor: toy.vendor, ehr });
    await rig.admit('1');
    let died = 0;
    const dying = await rig.start(async (point) => {
      if (point === 'published' && died === 0) {
        died += 1;
        throw new Error('we died here');
      }
    });
    const order = await rig.settle('1');
    await dying.stop(1);
    assert.equal(order.status, 'completed');
    assert.equal(died, 1);
    const [first, second] = ehr.published.get(order.key) ?? [];
    assert.deepEqual(
      first?.files.map(({ name, contentType, title, size, sha1 }) => [name, contentType, title, size, sha1]),
      [['drawing.png', 'image/png', 'A drawing', BYTES.length, 'W3IMKUlYZuw87HtrGBay85gT95Q=']],
    );
    assert.deepEqual(Buffer.from(ehr.files.get('drawing.png') ?? []), BYTES);
    assert.deepEqual(first?.written, []);
    const binary = second?.written.find(({ type }) => type === 'Binary');
    assert.match(binary?.part ?? '', /^binary\//, 'it is known although the answer never came');
    const written = await listWritten(database, order.id);
    assert.equal(written.filter(({ type }) => type === 'Binary').length, 1);
  });

  test('is read in pieces, and missed where it is gone or another than was listed', async () => {
    database = await open();
    const baseKey = 'site/DocumentReference/1/route';
    const about = { generation: 1, site: 'site', route: 'route', vendor: 'toy', resourceType: 'DocumentReference' };
    const seen = { resourceId: '1', seenVersion: '1', seenUpdated: null, events: [{ event: 'admitted' }] };
    await admitOrder(database, { baseKey, ...about, ...seen }, new Date());
    const { id } = (await latestGeneration(database, baseKey)) ?? assert.fail('no order');
    const sizes = [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7];
    const files = sizes.map((size) => ({
      name: `file/${size}`,
      contentType: 'image/png',
      title: 'A drawing',
      bytes: Buffer.alloc(size, BYTES),
    }));
    await putFiles(database, id, 1, files);
    const listed = await listFiles(database, id, 1);
    for (const { name, bytes } of files) {
      const file = listed.find((each) => each.name === name) ?? assert.fail(name);
      const pieces = await collect(readFile(database, id, 1, file));
      assert.ok(Buffer.concat(pieces).equals(bytes), name);
      assert.equal(pieces.length, Math.ceil(bytes.length / PIECE), name);
      const longer = readFile(database, id, 1, { name, size: bytes.length + 1 });
      await assert.rejects(collect(longer), { code: 'unexpected', remedy: 'hold' }, name);
    }
    await assert.rejects(collect(readFile(database, id, 2, { name: 'file/1', size: 1 })), { remedy: 'hold' });
  });
});
