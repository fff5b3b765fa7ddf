import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import { z } from 'zod';
import { createFaults, type Faults } from '../../sandbox/faults.ts';
import { healthsageRoutes } from '../../sandbox/healthsage/routes.ts';
import { createLedger } from '../../sandbox/ledger.ts';
import { chunkName, effectKey, readEffectKey, sha256 } from '../../src/vendors/healthsage/chunk-text.ts';
import { pointText } from '../../src/vendors/healthsage/code-points.ts';
import { healthsage } from '../../src/vendors/healthsage/index.ts';
import { splitNote } from '../../src/vendors/healthsage/split.ts';
import { noteReading } from '../support/memory-ehr.ts';
import { type OpenedVendor, vendorContract } from './contract.ts';

const NOTE = [
  'Diagnoses: Type 2 diabetes mellitus since 2015. Myocardial infarction in March 2019.',
  'Family history: The father had a stroke. No evidence of pneumonia was found in this patient.',
].join('\n\n');

/** The ledger knows a chunk by its hash, however often it was submitted. */
const chunks = splitNote(NOTE).map(({ base, length }, index): [string, string] => [
  effectKey(chunkName(index), 1),
  sha256(pointText(NOTE).slice(base, base + length)),
]);
const byFirstKey = new Map(chunks);

let faults: Faults = createFaults();
const set = (fault: string) => () => void faults.set('healthsage', fault);

async function openVendor(): Promise<OpenedVendor> {
  faults = createFaults();
  const ledger = createLedger();
  const parts = { faults: faults.of('healthsage'), ledger: ledger.of('healthsage'), now: () => new Date() };
  const app = express().use(healthsageRoutes({ ...parts, options: { pollsUntilDone: 1 } }));
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const settings = { baseUrl: `http://127.0.0.1:${port}`, apiKey: 'sandbox-key-of-the-suite' };
  return {
    settings,
    wrongSettings: { ...settings, apiKey: 'unknown-key' },
    secrets: [settings.apiKey],
    async ledger() {
      const submissions = Object.entries(ledger.read().healthsage?.submissions ?? {});
      return Object.fromEntries(submissions.map(([hash, { bills }]) => [hash, bills]));
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

vendorContract({
  vendor: healthsage,
  openVendor,
  reading: (id) => ({
    ...noteReading(id, NOTE),
    patient: { resourceType: 'Patient', id: 'p1', name: [{ family: 'Abendroth' }], birthDate: '1951-07-23' },
  }),
  billedAs(key) {
    const first = effectKey(readEffectKey(key)?.name ?? key, 1);
    return byFirstKey.get(first) ?? key;
  },
  faults: [
    { name: 'a note is taken and answered with 500', kind: 'ambiguous', set: set('accepted-then-500') },
    { name: 'a note is taken and the connection breaks', kind: 'ambiguous', set: set('accepted-then-timeout') },
    { name: 'a note is not taken and answered with 500', kind: 'ambiguous', set: set('rejected-500') },
    { name: 'a task is not known yet', kind: 'transient', set: set('task-not-yet-visible') },
    { name: 'a task has an undocumented status', kind: 'transient', set: set('unknown-status-started') },
    { name: 'the token budget is used up', kind: 'quota', set: set('quota') },
  ],
});
