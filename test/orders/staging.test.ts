/** A slide on its way to where the vendor can fetch it: part by part, through crashes, full disks and other people's tidying. */
import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import type { Engine } from '../../src/orders/engine.ts';
import { removeLeftCopies } from '../../src/orders/remove-copy.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { partSize } from '../../src/orders/uploads.ts';
import type { SlideSource } from '../../src/slides/types.ts';
import { streamOfBytes } from '../../src/streams.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { type MemoryEhr, memoryEhr } from '../support/memory-ehr.ts';
import { type ServedStorage, servedStorage } from '../support/served-storage.ts';
import { until } from '../support/until.ts';
import {
  checksum,
  clean,
  MB,
  PART,
  SLIDE,
  SLIDE_ORDERS,
  type SlideToy,
  slideReading,
  slideToy,
} from './staging-support.ts';

/** A file whose server gives no parts of it. */
const wholeOnly: SlideSource = {
  readAt: () => Promise.reject(new AdapterError('input-unavailable', 'There is no reading so far behind')),
  readsAnywhere: async () => false,
  part: async (start) => ({ body: streamOfBytes(SLIDE.subarray(start)), end: SLIDE.length }),
  url: () => undefined,
};

onEveryDatabase('a slide of an order', ({ open }) => {
  let database: Database;
  let served: ServedStorage;
  let room = Number.MAX_SAFE_INTEGER;
  let rig: Rig;
  let ehr: MemoryEhr;
  let toy: SlideToy;

  async function ready(wish: Parameters<typeof slideToy>[0] & { deidentified?: boolean; slide?: Uint8Array } = {}) {
    const { slide = SLIDE, deidentified = false } = wish;
    toy = slideToy(wish);
    ehr = memoryEhr((id) => slideReading(id, slide), new Map(), new Map([['Media/m', slide]]));
    const { storage } = served;
    const { vendor } = toy;
    rig = await engineRig({ database, vendor, ehr, storage, on: SLIDE_ORDERS, slidesDeidentified: deidentified });
    await rig.admit('1');
  }
  const files = async (): Promise<string[]> => {
    const all = await readdir(served.folder, { recursive: true, withFileTypes: true }).catch(() => []);
    return all.filter((entry) => entry.isFile()).map(({ name }) => name);
  };
  const rows = () => database.query<{ input: string; released: boolean }>('select input, released from staged');
  const tidy = () => removeLeftCopies({ database, storages: new Map([['site', served.storage]]), log: silentLog });

  beforeEach(async () => {
    database = await open();
    room = Number.MAX_SAFE_INTEGER;
    served = await servedStorage({ free: async () => room, mostPart: PART });
  });
  afterEach(async () => {
    await rig.stop();
    await served.close();
    await database.close();
  });

  test('is copied part by part, de-identified and checksummed, fetched, and gone afterwards', async () => {
    await ready();
    await rig.start();
    assert.equal((await rig.settle('1')).status, 'completed');
    const wanted = await clean();
    assert.notEqual(Buffer.compare(wanted, SLIDE), 0);
    assert.deepEqual(toy.told, [PART, 2 * PART, SLIDE.length, checksum(wanted)]);
    assert.deepEqual(ehr.slideParts, [
      [0, PART],
      [PART, 2 * PART],
      [2 * PART, SLIDE.length],
    ]);
    assert.equal(Buffer.compare(toy.fetched[0] ?? Buffer.alloc(0), wanted), 0);
    assert.deepEqual([await files(), await rows()], [[], []]);
  });

  test('leaves as it is where the site says that its slides are de-identified', async () => {
    await ready({ deidentified: true });
    await rig.start();
    await rig.settle('1');
    assert.equal(toy.told.at(-1), checksum(SLIDE));
    assert.equal(Buffer.compare(toy.fetched[0] ?? Buffer.alloc(0), SLIDE), 0);
  });

  // The parts, and after them the completion: each is killed with its work done, before and after that is stored.
  for (const point of ['step-done', 'step-stored']) {
    for (const count of [1, 2, 3, 4]) {
      test(`goes on at the part where the process died: ${point} after ${count}`, async () => {
        await ready();
        let dead = false;
        let engine: Engine | undefined;
        engine = await rig.start(async (name) => {
          if (!dead && name === point && toy.told.length === count) {
            dead = true;
            await until('the engine has started', () => engine);
            engine?.halt();
            await new Promise(() => {});
          }
        });
        await until('the engine to die', () => dead);
        await rig.start();
        assert.equal((await rig.settle('1')).status, 'completed');
        const again = ehr.slideParts.length - 3;
        assert.equal(again, point === 'step-done' && count < 4 ? 1 : 0, 'parts that were read twice');
        assert.equal(toy.told.at(-1), checksum(await clean()));
        assert.equal(Buffer.compare(toy.fetched[0] ?? Buffer.alloc(0), await clean()), 0);
        await served.storage.abortStale(new Date(Date.now() + 60_000));
        assert.deepEqual(await files(), []);
      });
    }
  }

  test('waits for room where the disk is full, says so, and goes on by itself', async () => {
    await ready();
    room = 0;
    await rig.start();
    const held = await rig.settle('1', ({ status }) => status === 'held', { jump: false });
    assert.equal(held.reason?.code, 'storage-full');
    assert.match(held.reason?.text ?? '', /goes on by itself/);
    assert.ok(held.heldUntil);
    const task = () => ehr.tasks.get(held.key)?.at(-1);
    await until('the Task to say so', () => task()?.status === 'on-hold' && task()?.reason === 'storage-full');
    // Room for what was begun and one part, and then no more: nothing of what was copied is lost.
    room = SLIDE.length;
    await rig.settle('1', () => toy.told.includes(PART));
    room = 0;
    await rig.settle('1', ({ status }) => status === 'held', { jump: false });
    const parts = ehr.slideParts.length;
    room = SLIDE.length;
    assert.equal((await rig.settle('1')).status, 'completed');
    assert.ok(
      ehr.slideParts.slice(parts).every(([start]) => start >= PART),
      'the first part is not copied again',
    );
    assert.deepEqual(await files(), []);
  });

  test('is copied anew where the storage has lost what was begun', async () => {
    await ready();
    const engine = await rig.start(async (name) => {
      if (name === 'step-stored' && toy.told.length === 2) {
        await rm(join(served.folder, '.staging'), { recursive: true });
      }
    });
    assert.equal((await rig.settle('1')).status, 'completed');
    await engine.stop(1);
    assert.deepEqual(ehr.slideParts[2], [2 * PART, SLIDE.length]);
    assert.deepEqual(ehr.slideParts[3], [0, PART]);
    assert.equal(toy.told.at(-1), checksum(await clean()));
  });

  test('that has changed while it is copied refuses the order; housekeeping removes what was copied', async () => {
    await ready();
    await rig.start(async (name) => {
      if (name === 'step-stored' && toy.told.length === 1) {
        ehr.failNext.openSlide = new AdapterError('input-unavailable', 'changed', {
          orderer: 'The slide has changed.',
        });
      }
    });
    const order = await rig.settle('1');
    assert.deepEqual([order.status, order.reason?.text], ['rejected', 'The slide has changed.']);
    assert.equal((await files()).length, 1);
    await tidy();
    assert.deepEqual([await files(), await rows()], [[], []]);
  });

  test('whose copy nobody has released is removed once the order has ended, and not before', async () => {
    await ready({ release: false });
    await rig.start(async (name) => {
      if (name === 'step-stored' && toy.told.length === 1) {
        await tidy();
      }
    });
    await rig.settle('1');
    assert.deepEqual([(await files()).length, (await rows()).length], [1, 1]);
    await tidy();
    assert.deepEqual([await files(), await rows()], [[], []]);
  });

  test('is released although the storage is away; housekeeping removes it', async () => {
    await ready();
    const { remove } = served.storage;
    served.storage.remove = () => Promise.reject(new AdapterError('storage-unavailable', 'away'));
    await rig.start();
    assert.equal((await rig.settle('1')).status, 'completed');
    assert.deepEqual(
      (await rows()).map(({ released }) => released),
      [true],
    );
    served.storage.remove = remove;
    await tidy();
    assert.deepEqual([await files(), await rows()], [[], []]);
  });

  test('that is only to be had whole is one part, and made anonymous once it is here', async () => {
    const { storage } = served;
    Object.assign(storage, { partSize: { least: 1, most: SLIDE.length } });
    await ready();
    ehr.openSlide = async () => wholeOnly;
    const engine = await rig.start(async (name) => {
      if (name === 'step-stored' && toy.told.length === 2) {
        assert.equal((await files()).length, 2, 'what it is made of, and what is made');
      }
    });
    assert.equal((await rig.settle('1')).status, 'completed');
    await engine.stop(1);
    assert.equal(toy.told.at(-1), checksum(await clean()));
    assert.equal(Buffer.compare(toy.fetched[0] ?? Buffer.alloc(0), await clean()), 0);
    assert.deepEqual([await files(), await rows()], [[], []]);
  });

  test('that was only to be had whole is copied anew where the first copy is lost', async () => {
    Object.assign(served.storage, { partSize: { least: 1, most: SLIDE.length } });
    await ready();
    ehr.openSlide = async () => wholeOnly;
    let lost = 0;
    await rig.start(async (name) => {
      if (name === 'step-done' && lost === 0 && toy.told.length === 1) {
        lost = (await files()).length;
        await rm(served.folder, { recursive: true });
      }
    });
    assert.equal((await rig.settle('1')).status, 'completed');
    assert.equal(lost, 1);
    assert.equal(toy.told.at(-1), checksum(await clean()));
  });

  test('that is only to be had whole, and is larger than a part may be, is refused', async () => {
    await ready();
    ehr.openSlide = async () => wholeOnly;
    await rig.start();
    const { status, reason } = await rig.settle('1');
    assert.deepEqual([status, reason?.code], ['rejected', 'input-too-large']);
    assert.deepEqual(await files(), []);
  });

  test('is passed on where it stands, if its own URL counts for long enough: it is read for its checksum alone', async () => {
    await ready({ deidentified: true });
    const { openSlide } = ehr;
    const url = await served.storage.begin('elsewhere.svs', { contentType: 'image/tiff', size: 0 }).then(async (id) => {
      const part = { number: 1, offset: 0, size: SLIDE.length, body: streamOfBytes(SLIDE) };
      await served.storage.complete({ key: 'elsewhere.svs', id }, [
        await served.storage.part({ key: 'elsewhere.svs', id }, part),
      ]);
      return served.storage.url('elsewhere.svs', 600);
    });
    ehr.openSlide = async (input) => ({ ...(await openSlide(input)), url: () => url });
    await rig.start();
    await rig.settle('1');
    assert.equal(toy.told.at(-1), checksum(SLIDE));
    assert.equal(Buffer.compare(toy.fetched[0] ?? Buffer.alloc(0), SLIDE), 0);
    assert.deepEqual(await files(), ['elsewhere.svs']);
  });

  test('is never passed on where the site does not say that its slides are de-identified', async () => {
    await ready();
    const { openSlide } = ehr;
    ehr.openSlide = async (input) => ({ ...(await openSlide(input)), url: () => 'https://slides.example/as-it-is' });
    await rig.start();
    assert.equal((await rig.settle('1')).status, 'completed');
    assert.equal(Buffer.compare(toy.fetched[0] ?? Buffer.alloc(0), await clean()), 0);
  });

  test('that cannot be made anonymous refuses the order before anything is copied', async () => {
    await ready({ slide: new Uint8Array(Buffer.from('no slide at all')) });
    await rig.start();
    assert.equal((await rig.settle('1')).status, 'rejected');
    assert.deepEqual([await files(), ehr.slideParts], [[], []]);
  });
});

test('a part is a 64th of the slide, at least 16 and at most 64 MB, within what the storage takes', () => {
  const any = { least: 1, most: Number.MAX_SAFE_INTEGER };
  assert.equal(partSize(100, any), 16 * MB);
  assert.equal(partSize(2048 * MB, any), 32 * MB);
  assert.equal(partSize(20_000 * MB, any), 64 * MB);
  assert.equal(partSize(1_000_000 * MB, any), 100 * MB, 'ten thousand parts at most');
  assert.equal(partSize(100, { least: 20 * MB, most: 40 * MB }), 20 * MB);
  assert.equal(partSize(20_000 * MB, { least: 1, most: 40 * MB }), 40 * MB);
});
