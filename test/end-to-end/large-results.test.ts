/** A large result, from the vendor's stream to the user of an EHR who follows what stands there. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Binary, DocumentReference } from '@medplum/fhirtypes';
import express from 'express';
import { openPermissions } from '../../src/fhir/may-read.ts';
import { silentLog } from '../../src/log.ts';
import { openEhrReaders } from '../../src/operations/ehr-readers.ts';
import { filesRouter } from '../../src/operations/files.ts';
import { systemClock } from '../../src/orders/clock.ts';
import { ENGINE_DEFAULTS, startEngine } from '../../src/orders/engine.ts';
import { admitOrder, latestGeneration } from '../../src/orders/store/admit-order.ts';
import { openDatabase } from '../../src/orders/store/database.ts';
import { findLargeFile } from '../../src/orders/store/large-files.ts';
import { openLeases } from '../../src/orders/store/leases.ts';
import { openMemory } from '../../src/orders/store/memory.ts';
import { tellOrder } from '../../src/orders/store/tell-order.ts';
import { buildSites } from '../../src/runtime.ts';
import { openStorages } from '../../src/storage/open.ts';
import { streamOfBytes } from '../../src/streams.ts';
import { defineVendor } from '../../src/vendors/contract.ts';
import { configOf, file, site } from '../config/fixture.ts';
import { serveEhr } from '../sandbox/serve-ehr.ts';
import { noSecrets } from '../support/no-secrets.ts';
import { serve } from '../support/serve.ts';
import { toyFindings, toyVendor } from '../support/toy-vendor.ts';
import { until } from '../support/until.ts';

const LIMIT = 100_000;
const SMALL = Buffer.alloc(LIMIT, 'a small map ');
const LARGE = Buffer.alloc(3_000_000, 'row;');
const [OURS, THEIRS] = ['the-token-of-the-adapter', 'the-token-of-a-reader'];

/** A vendor that keeps both files, and finds them to be documents. */
function keepingVendor() {
  const named = { small: SMALL, large: LARGE };
  const { vendor } = toyVendor(
    [
      async (state, { files }) => {
        for (const [name, bytes] of Object.entries(named)) {
          const about = { name: `${name}.csv`, contentType: 'text/csv', title: `The ${name} table` };
          await files.keep(about, streamOfBytes(bytes));
        }
        return { next: { ...state, at: 1 } };
      },
    ],
    {
      toFindings: () => ({
        ...toyFindings(0),
        items: Object.keys(named).map((name) => ({
          part: `document/${name}`,
          label: `The ${name} table`,
          resource: { resourceType: 'DocumentReference', status: 'current' },
          evidence: [],
          file: `${name}.csv`,
        })),
      }),
    },
  );
  return defineVendor({ ...vendor, name: 'healthsage' });
}

async function openHouse(t: TestContext) {
  const { ehr, base } = await serveEhr(t, { tokens: [OURS, THEIRS] });
  const folder = await mkdtemp(join(tmpdir(), 'large-results-'));
  const database = await openDatabase({ folder: 'memory://', schema: 'public' });
  const app = express();
  const door = await serve(app);
  const config = configOf(
    file({
      http: { publicUrl: door.url },
      sites: [
        site({
          fhir: { baseUrl: base, binaryLimit: LIMIT, auth: { type: 'bearer', token: OURS } },
          storage: { type: 'folder', path: folder, watermark: 0 },
        }),
      ],
    }),
  );
  const now = (): Date => new Date();
  const leases = openLeases(database, 'house', now);
  const storages = openStorages(config, undefined);
  const sites = buildSites(config, {
    vendors: { healthsage: keepingVendor() },
    log: silentLog,
    memory: (name, owner) => openMemory(database, leases, { site: name, owner }, now),
    secrets: () => noSecrets,
    storages,
  });
  const permissions = openPermissions(config.sites[0]?.fhir ?? assert.fail());
  app.use(
    filesRouter({
      tokens: undefined,
      storages,
      users: [],
      find: (id) => findLargeFile(database, id, now()),
      readers: openEhrReaders(({ token, resource }) => permissions.mayRead(token, resource), now),
      log: silentLog,
    }),
  );
  const services = { database, sites, clock: systemClock, log: silentLog, random: () => 0.5 };
  const meter = { stage() {}, outcome() {}, effect() {} };
  const engine = await startEngine(
    { ...services, meter, checkpoint: async () => {} },
    { ...ENGINE_DEFAULTS, concurrency: 2, pollSeconds: 0.05 },
  );
  t.after(async () => {
    await engine.stop(2);
    await Promise.all([...sites.values(), ...storages.values(), permissions, door].map((each) => each.close()));
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { ehr, database, engine };
}

test('a large result is a link in the EHR that leads to its bytes, for whoever may read what refers to it', async (t) => {
  const { ehr, database, engine } = await openHouse(t);
  const person = await ehr.create({ resourceType: 'Patient', name: [{ family: 'Example' }] });
  const note = await ehr.create<DocumentReference>({
    resourceType: 'DocumentReference',
    status: 'current',
    subject: { reference: `Patient/${person.id}` },
    content: [{ attachment: { contentType: 'text/plain', data: Buffer.from('a note').toString('base64') } }],
  });
  const baseKey = `general/DocumentReference/${note.id}/note-coding`;
  const about = { generation: 1, site: 'general', route: 'note-coding', vendor: 'healthsage' };
  const seen = { resourceType: 'DocumentReference', resourceId: note.id, seenVersion: '1', seenUpdated: null };
  await admitOrder(database, { baseKey, ...about, ...seen, events: [{ event: 'admitted' }] }, new Date());
  engine.wake();
  const order = () => latestGeneration(database, baseKey);
  const done = await until('the order has ended', async () => {
    const it = await order();
    return it?.leg === 'ended' ? it : undefined;
  });
  assert.equal(done.status, 'completed');

  const results = async (): Promise<DocumentReference[]> => {
    const { entry = [] } = await ehr.search('DocumentReference?_count=100');
    return entry.flatMap(({ resource: one }) =>
      one?.resourceType === 'DocumentReference' && one.identifier ? [one] : [],
    );
  };
  const titled = (all: DocumentReference[], title: string) =>
    all.find(({ content }) => content[0]?.attachment.title === title)?.content[0]?.attachment ?? assert.fail(title);
  const small = titled(await results(), 'The small table');
  const binary = (await ehr.search('Binary?_count=10')).entry?.map(({ resource: one }) => one as Binary) ?? [];
  assert.equal(binary.length, 1);
  assert.ok(Buffer.from(binary[0]?.data ?? '', 'base64').equals(SMALL), 'streamed from the storage into the EHR');
  assert.match(small.url ?? '', /Binary/);

  const large = titled(await results(), 'The large table');
  const { url = '' } = large;
  assert.match(url, /\/files\/[\w-]{22}$/);
  const get = (headers: Record<string, string>) => fetch(url, { headers });
  const bearer = { Authorization: `Bearer ${THEIRS}` };
  assert.equal((await get({})).status, 404);
  assert.equal((await get({ Authorization: 'Bearer another-token' })).status, 404, 'the EHR lets them read nothing');
  const answer = await get(bearer);
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200);
  assert.ok(bytes.equals(LARGE));
  assert.equal(bytes.length, large.size);
  assert.equal(createHash('sha1').update(bytes).digest('base64'), large.hash);
  const part = await get({ ...bearer, Range: 'bytes=4-7' });
  assert.deepEqual([part.status, await part.text()], [206, 'row;']);

  await ehr.update({ ...note, status: 'entered-in-error' });
  await tellOrder(database, done.id, { source: 'notification' }, new Date());
  engine.wake();
  await until('its results are taken back', async () => (await order())?.status === 'withdrawn');
  assert.ok((await results()).every(({ status }) => status === 'entered-in-error'));
  const id = url.slice(-22);
  const row = await findLargeFile(database, id, new Date());
  const days = ((row?.expiresAt?.getTime() ?? 0) - Date.now()) / 86_400_000;
  assert.ok(days > 29 && days < 31, 'it can be looked at for the retention');
  assert.equal((await get(bearer)).status, 200);
});
