import type { HistaiFault } from '../../sandbox/histai/faults.ts';
import type { Vendor } from '../../src/vendors/contract.ts';
import { histai } from '../../src/vendors/histai/index.ts';
import { servedStorage } from '../support/served-storage.ts';
import { type OpenedVendor, vendorContract } from './contract.ts';
import { reading, serviceRequest } from './histai/flow-support.ts';
import { serveDatahub } from './histai/serve-datahub.ts';

/** The simulator's clock goes on by so much with each look at it. */
const TICK_MS = 100;

let served: Awaited<ReturnType<typeof serveDatahub>> | undefined;
const set = (fault: HistaiFault) => () => served?.set(fault);

async function openVendor(): Promise<OpenedVendor> {
  let at = Date.parse('2026-11-22T10:00:00Z');
  const tick = (): Date => {
    at += TICK_MS;
    return new Date(at);
  };
  const datahub = await serveDatahub(tick, {
    secondsUntilBuilt: 0.4,
    secondsUntilExported: 0.4,
    balanceUsd: 1_000_000,
  });
  const storage = await servedStorage();
  served = datahub;
  return {
    settings: { ...datahub.settings, download: true },
    wrongSettings: { ...datahub.settings, apiKey: 'another-key' },
    secrets: [datahub.settings.apiKey],
    storage: storage.storage,
    ledger: async () => ({ pay: datahub.charges(), cohort: datahub.cohorts() }),
    async close() {
      await Promise.all([datahub.close(), storage.close()]);
    },
  };
}

vendorContract({
  // The engine knows vendors without their types, as the registry holds them.
  vendor: histai as unknown as Vendor,
  openVendor,
  on: 'ServiceRequest?status=active',
  // One case, one slide: every request and every step is a point at which something may break.
  options: { cases: 1, slidesPerCase: 1, stains: ['H&E'], chart: false },
  reading: (id) => ({
    ...reading(serviceRequest(id)),
    // It is told nothing of the patient, and must leave no trace of one all the same.
    patient: { resourceType: 'Patient', id: 'p1', name: [{ family: 'Abendroth' }], birthDate: '1951-07-23' },
  }),
  answer: ({ number }) => number?.exactly ?? 'proceed',
  // The purchase's and the approval's times, the cohort's name after its order, the files of a cohort.
  varies: [
    /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z)/g,
    /fhir-ai-adapter-[0-9a-f]{24}/g,
    /"fileId":"[0-9a-f-]{36}"/g,
  ],
  billedAs: (key) => key.split('/')[0] ?? key,
  faults: [
    { name: 'a cohort is made and answered with 500', kind: 'ambiguous', set: set('create-then-500') },
    { name: 'a cohort is made and the connection breaks', kind: 'ambiguous', set: set('create-then-hang-up') },
    { name: 'a payment is taken and answered with 500', kind: 'ambiguous', set: set('pay-then-500') },
    { name: 'a payment is taken and the connection breaks', kind: 'ambiguous', set: set('pay-then-hang-up') },
    { name: 'a payment is not taken and answered with 500', kind: 'ambiguous', set: set('pay-not-charged-500') },
    { name: 'HistAI is busy', kind: 'either', set: set('5xx-burst') },
    { name: 'HistAI asks to wait', kind: 'transient', set: set('rate-limit') },
    { name: 'an answer is cut off', kind: 'either', set: set('malformed-json') },
    { name: 'a link has expired', kind: 'transient', set: set('link-expired') },
    { name: 'a file breaks off', kind: 'transient', set: set('storage-cut') },
    { name: 'the account has no subscription', kind: 'quota', set: set('subscription-required') },
  ],
});
