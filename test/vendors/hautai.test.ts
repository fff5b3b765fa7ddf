import { createHash } from 'node:crypto';
import type { Vendor } from '../../src/vendors/contract.ts';
import { hautai } from '../../src/vendors/hautai/index.ts';
import { noteReading } from '../support/memory-ehr.ts';
import { type OpenedVendor, vendorContract } from './contract.ts';
import { photo } from './hautai/photo.ts';
import { companyId, datasetId, type Served, serveHautai, VENDOR } from './hautai/serve.ts';

const PHOTO = photo();
const REFERENCE = 'Media/face-front';
/** The simulator's clock goes on by so much with each look at it: its results grow between two requests. */
const TICK_MS = 250;

let served: Served | undefined;
const set = (fault: string) => () => void served?.faults.set(VENDOR, fault);

async function openVendor(): Promise<OpenedVendor> {
  let at = Date.parse('2026-11-22T10:00:00Z');
  const tick = (): Date => {
    at += TICK_MS;
    return new Date(at);
  };
  const vendor = await serveHautai(tick, { masks: ['lines', 'redness'] });
  served = vendor;
  const settings = {
    baseUrl: vendor.baseUrl,
    companyId,
    datasetId,
    token: 'sandbox-token-of-the-suite',
    storageHosts: ['localhost'],
  };
  return {
    settings,
    wrongSettings: { ...settings, token: 'another-token' },
    secrets: [settings.token],
    ledger: async () => ({
      batch: vendor.opened(),
      analysis: vendor.ledger.read()[VENDOR]?.billed.analyses ?? 0,
    }),
    close: vendor.close,
  };
}

vendorContract({
  // The engine knows vendors without their types, as the registry holds them.
  vendor: hautai as unknown as Vendor,
  openVendor,
  pictures: new Map([[REFERENCE, PHOTO]]),
  reading: (id) => ({
    ...noteReading(id, 'No note.'),
    patient: { resourceType: 'Patient', id: 'p1', name: [{ family: 'Abendroth' }], birthDate: '1951-07-23' },
    inputs: [
      {
        name: 'picture/001',
        kind: 'picture',
        contentType: 'image/png',
        sha256: createHash('sha256').update(PHOTO).digest('hex'),
        size: PHOTO.byteLength,
        date: '2026-11-20T09:30:00Z',
        reference: REFERENCE,
        place: 'content',
        picture: {
          contentType: 'image/png',
          pictures: 1,
          width: 60,
          height: 80,
          view: { text: 'Front' },
          extension: [],
        },
      },
    ],
  }),
  billedAs: (key) => (key.startsWith('batch/') ? 'batch' : 'analysis'),
  faults: [
    { name: 'a batch is opened and the connection breaks', kind: 'ambiguous', set: set('batch-opened-answer-lost') },
    { name: 'an analysis is taken and answered with 500', kind: 'ambiguous', set: set('compute-taken-then-500') },
    {
      name: 'an analysis is taken and the connection breaks',
      kind: 'ambiguous',
      set: set('compute-taken-then-timeout'),
    },
    { name: 'an analysis is not taken and answered with 500', kind: 'ambiguous', set: set('compute-not-taken-500') },
    { name: 'storage says that an address has expired', kind: 'transient', set: set('storage-403-expired') },
    { name: 'storage answers with 500', kind: 'transient', set: set('storage-500') },
    { name: 'an upload is broken off', kind: 'transient', set: set('upload-cut') },
    { name: 'results are not there yet', kind: 'transient', set: set('results-key-missing') },
    { name: 'results are cut off', kind: 'transient', set: set('malformed-json') },
    { name: 'a mask has expired', kind: 'transient', set: set('mask-expired') },
    { name: 'a mask is not there at once', kind: 'transient', set: set('mask-missing') },
    { name: 'a mask carries scripts', kind: 'transient', set: set('svg-with-script') },
    { name: 'the vendor asks to wait', kind: 'transient', set: set('rate-limit-429') },
    { name: 'the plan is used up', kind: 'quota', set: set('plan-used-up-403') },
  ],
});
