/** A vendor's storage whose connections end where a test says, and an order that keeps a file from there. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { AdapterError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { openKeepOn } from '../../src/orders/keep-on.ts';
import { removeLeftCopies } from '../../src/orders/remove-copy.ts';
import { admitOrder, latestGeneration } from '../../src/orders/store/admit-order.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { type LargeFile, listLargeFiles } from '../../src/orders/store/large-files.ts';
import type { Storage } from '../../src/storage/types.ts';
import type { Files, Keeping } from '../../src/vendors/contract.ts';

import { fakeClock } from '../support/fake-clock.ts';
import { servedStorage } from '../support/served-storage.ts';
import { checksum } from './staging-support.ts';

/** Bytes of a part in the tests' folder: the file has four. */
export const PART = 100;
export const FILE = randomBytes(350);
export const size = FILE.length;
export const DONE = { done: true, bytes: size, crc32c: checksum(FILE) };
export const kept = (bytes: number) => ({ done: false, bytes, of: size });
export const TRANSIENT = { code: 'vendor-protocol', kind: 'transient' };
export const brokeOff = () => new AdapterError('vendor-unreachable', 'broke off');
export const ABOUT = { name: 'slide/1', contentType: 'application/octet-stream', title: 'A bought slide' };

export interface VendorFile {
  open: Parameters<Files['keepOn']>[1];
  /** From which byte each connection was asked for. */
  asked: number[];
  /** Bytes that were taken from all of them. */
  served(): number;
}

/** How a connection ends: after so many bytes, with this error or as if that were all. */
export interface Cut {
  after: number;
  error?: Error;
}

/** `cuts`: of the connections in turn; undefined, and those after them, last to the file's end. */
export function vendorFile(bytes: Uint8Array, cuts: (Cut | undefined)[] = [], piece = 7): VendorFile {
  const asked: number[] = [];
  let served = 0;
  const left = [...cuts];
  return {
    asked,
    served: () => served,
    async open(start) {
      asked.push(start);
      const cut = left.shift();
      const end = Math.min(bytes.length, start + (cut?.after ?? bytes.length));
      function* pieces(): Generator<Uint8Array> {
        for (let at = start; at < end; at += piece) {
          const given = bytes.subarray(at, Math.min(end, at + piece));
          served += given.length;
          yield given;
        }
        if (cut?.error) {
          throw cut.error;
        }
      }
      return Readable.from(pieces(), { objectMode: false, highWaterMark: 1 });
    },
  };
}

export interface KeepingOrder {
  id: string;
  site: string;
  run: number;
  fence: string;
}

async function keepingOrder(database: Database, now: Date): Promise<KeepingOrder> {
  const baseKey = 'site/ServiceRequest/1/cohort';
  const about = { generation: 1, site: 'site', route: 'cohort', vendor: 'toy', resourceType: 'ServiceRequest' };
  const seen = { resourceId: '1', seenVersion: '1', seenUpdated: null, events: [{ event: 'admitted' }] };
  await admitOrder(database, { baseKey, ...about, ...seen }, now);
  return (await latestGeneration(database, baseKey)) ?? assert.fail('no order');
}

export interface Wish {
  name?: string;
  size: number;
  /** The process dies before the outcome is stored. */
  dies?: boolean;
}

/** One step that asks for the next part, in a process of its own: it knows what is stored, and nothing else. */
export function keepingSteps(services: {
  database: Database;
  storage: Storage;
  order: KeepingOrder;
  signal?: AbortSignal;
}): (file: VendorFile, wish: Wish) => Promise<Keeping> {
  const { database, signal = new AbortController().signal } = services;
  return async ({ open }, { name = ABOUT.name, size, dies = false }) => {
    const { keepOn, store } = openKeepOn({ ...services, signal });
    const keeping = await keepOn({ ...ABOUT, name, size }, open);
    await (dies || database.tx(store));
    return keeping;
  };
}

export interface KeepingWorld {
  storage: Storage;
  folder: string;
  order: KeepingOrder;
  next: ReturnType<typeof keepingSteps>;
  /** Steps until the file is kept, and looks at it. */
  finished(file: VendorFile): Promise<void>;
  /** The paths of all files in the storage's folder. */
  files(): Promise<string[]>;
  rows(): Promise<{ released: boolean }[]>;
  stored(): Promise<LargeFile[]>;
  tidy(): Promise<void>;
  /** The order's next run, as a person's retry begins it. */
  runAgain(): Promise<void>;
  close(): Promise<void>;
}

export async function keepingWorld(database: Database): Promise<KeepingWorld> {
  const { storage, folder, close } = await servedStorage({ mostPart: PART });
  const order = await keepingOrder(database, fakeClock().now());
  const world: KeepingWorld = {
    ...{ storage, folder, order, close },
    next: keepingSteps({ database, storage, order }),
    async finished(file) {
      for (let keeping = await world.next(file, { size }); !keeping.done; keeping = await world.next(file, { size })) {
        // The next part.
      }
      const [row] = await world.stored();
      assert.equal(row?.sha1, createHash('sha1').update(FILE).digest('base64'));
      assert.ok(FILE.equals(await buffer(await storage.read(row?.key ?? ''))));
      assert.deepEqual([(await world.files()).length, await world.rows()], [1, []]);
    },
    async files() {
      const all = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
      return all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    },
    rows: () => database.query<{ released: boolean }>('select released from keeping'),
    stored: () => listLargeFiles(database, world.order.id, world.order.run),
    tidy: () => removeLeftCopies({ database, storages: new Map([['site', storage]]), log: silentLog }),
    async runAgain() {
      world.order = { ...world.order, run: world.order.run + 1 };
      await database.query('update orders set run = $2 where id = $1', [world.order.id, world.order.run]);
      world.next = keepingSteps({ database, storage, order: world.order });
    },
  };
  return world;
}
