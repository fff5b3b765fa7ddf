/** A process that copies the slide once: `floor` with node streams alone, `ours` as the adapter does. Prints milliseconds. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32c } from '@node-rs/crc32';
import { request } from 'undici';
import { configSchema } from '../src/config/schema.ts';
import { openFhirClient } from '../src/fhir/client.ts';
import { readOrder } from '../src/fhir/inputs.ts';
import { openSlide } from '../src/fhir/open-slide.ts';
import { silentLog } from '../src/log.ts';
import { openStaging } from '../src/orders/staging.ts';
import { admitOrder, latestGeneration } from '../src/orders/store/admit-order.ts';
import { openDatabase } from '../src/orders/store/database.ts';
import { openStorage } from '../src/storage/open.ts';

let begun = performance.now();
const { STAGER = '', EHR = '', FOLDER = '', DATABASE = '', SCHEMA = '' } = process.env;

/** Read, hash and write; nothing is resumable, and nothing is waited for but the disk's own buffer. */
async function floor(): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  const { body } = await request(`${EHR}/Binary/1`);
  let crc = 0;
  await pipeline(
    body,
    async function* (pieces: AsyncIterable<Uint8Array>) {
      for await (const piece of pieces) {
        crc = crc32c(piece, crc);
        yield piece;
      }
    },
    createWriteStream(join(FOLDER, 'floor.svs'), { flush: true }),
  );
  return String(crc);
}

async function ours(): Promise<string> {
  const { fhir, storage: where } = configSchema.parse({
    sites: [
      {
        name: 'bench',
        fhir: { baseUrl: EHR },
        subscriptions: { secret: 'none' },
        routes: [{ id: 'slides', on: 'ServiceRequest?status=active', vendor: 'none' }],
        storage: { type: 'folder', path: FOLDER, watermark: 0 },
      },
    ],
  }).sites[0] ?? { fhir: undefined, storage: undefined };
  if (!fhir || !where) {
    throw new Error('There is no site');
  }
  const client = openFhirClient({ site: 'bench', config: fhir, log: silentLog });
  const database = await openDatabase({ url: DATABASE, folder: '', schema: SCHEMA, connections: 2 });
  const storage = openStorage({ name: 'bench', storage: where }, { folder: FOLDER });
  // The adapter has its database open.
  begun = performance.now();
  try {
    const needs = ['slide' as const];
    const reading = await readOrder(client, { type: 'ServiceRequest', id: '1', needs, acceptMissingDocStatus: true });
    const [input] = reading?.inputs ?? [];
    if (!input) {
      throw new Error(reading?.refusal?.text ?? 'The order has no slide');
    }
    const baseKey = `bench/ServiceRequest/1/${Date.now()}`;
    const about = { generation: 1, site: 'bench', route: 'slides', vendor: 'none', resourceType: 'ServiceRequest' };
    const seen = { resourceId: '1', seenVersion: '1', seenUpdated: null, events: [] };
    await admitOrder(database, { baseKey, ...about, ...seen }, new Date());
    const order = await latestGeneration(database, baseKey);
    if (!order) {
      throw new Error('There is no order');
    }
    for (;;) {
      // A step: what stands is read from the database, and what was copied is stored.
      const step = openStaging({
        ...{ database, storage, order, deidentified: false, signal: new AbortController().signal },
        inputOf: () => input,
        openSlide: (slide) => openSlide(client, slide, { hosts: [], now: () => new Date() }),
      });
      const staging = await step.slides.stage(input.name);
      await database.tx(step.store);
      if (staging.done) {
        return staging.crc32c;
      }
    }
  } finally {
    void client.close();
    void database.close();
  }
}

const checksum = await (STAGER === 'floor' ? floor() : ours());
process.send?.({ ms: performance.now() - begun, checksum });
process.disconnect?.();
