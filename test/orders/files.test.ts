/** Files that a vendor's work leaves behind, on their way from a step into the EHR. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Database } from '../../src/orders/store/database.ts';
import { listWritten } from '../../src/orders/store/order-data.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { toyFindings, toyVendor } from '../support/toy-vendor.ts';

const BYTES = Buffer.from('a drawing');

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
});
