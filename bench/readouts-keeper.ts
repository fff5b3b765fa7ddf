/**
 * A process that fetches the tables of a slide as a vendor's step does, keeps them in the site's folder, and reads the
 * slide's readouts back: one thing for each message that it gets, answered with what it took.
 */

import { z } from 'zod';
import { silentLog } from '../src/log.ts';
import { openKeptFiles } from '../src/orders/keep-file.ts';
import { admitOrder, latestGeneration } from '../src/orders/store/admit-order.ts';
import { openDatabase } from '../src/orders/store/database.ts';
import { openFolderStorage } from '../src/storage/folder.ts';
import { readReadouts } from '../src/vendors/aignostics/readouts.ts';
import { openVendorHttp } from '../src/vendors/http-client.ts';

const { HOST = '', FOLDER = '', DATABASE = '', SCHEMA = '' } = process.env;

const known = z.record(z.string(), z.object({ size: z.number(), crc32c: z.string() }));

const database = await openDatabase({ url: DATABASE, folder: '', schema: SCHEMA, connections: 4 });
const storage = openFolderStorage({ root: FOLDER, watermark: 0, url: (key) => `http://127.0.0.1/${key}` });
const http = openVendorHttp({ baseUrl: HOST, headers: () => ({}), log: silentLog, vendor: 'bench' });
const baseKey = 'bench/ServiceRequest/1/slides';
const about = { site: 'bench', route: 'slides', vendor: 'none', resourceType: 'ServiceRequest', resourceId: '1' };
const seen = { generation: 1, seenVersion: '1', seenUpdated: null, events: [] };
await admitOrder(database, { baseKey, ...about, ...seen }, new Date());
const order = await latestGeneration(database, baseKey);
if (!order) {
  throw new Error('There is no order');
}
const files = openKeptFiles({ database, storage, order, signal: new AbortController().signal });
const checksums = known.parse((await http.request({ method: 'GET', path: '/' })).json());

async function keep(name: string): Promise<object> {
  const expected = checksums[name];
  const { body } = await http.request({ method: 'GET', path: `/${name}`, streamed: true });
  if (!body || !expected) {
    throw new Error('The host has no such table');
  }
  const kept = await files.keep({ name, contentType: 'text/csv', title: name }, body, { crc32c: expected.crc32c });
  if (kept.size !== expected.size) {
    throw new Error('The table is not whole');
  }
  return { size: kept.size };
}

async function read(name: string): Promise<object> {
  const read = await readReadouts(await files.read(name));
  return { columns: 'readouts' in read ? read.readouts.columns : 0 };
}

const JOBS: Record<string, () => Promise<object>> = {
  keep: () => keep('cells.csv'),
  'keep the slide': () => keep('slide.csv'),
  read: () => read('cells.csv'),
  'read the slide': () => read('slide.csv'),
};

process.on('message', async (job) => {
  const begun = performance.now();
  const done = await JOBS[String(job)]?.();
  process.send?.({ ms: performance.now() - begun, ...done });
});
process.send?.({ ms: 0 });
