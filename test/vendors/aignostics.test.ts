import { AIGNOSTICS_DEFAULTS } from '../../sandbox/aignostics/defaults.ts';
import type { AignosticsFault } from '../../sandbox/aignostics/faults.ts';
import { aignostics } from '../../src/vendors/aignostics/index.ts';
import type { Vendor } from '../../src/vendors/contract.ts';
import { servedStorage } from '../support/served-storage.ts';
import { type Served, serveAignostics } from './aignostics/serve.ts';
import { REFERENCE, SVS, serviceRequest, slideInput, specimen } from './aignostics/slide.ts';
import { type OpenedVendor, vendorContract } from './contract.ts';

/** The simulator's clock goes on by so much with each look at it. */
const TICK_MS = 100;

/** One is enough to see whether it comes home once: maps and all the others are the other tests'. */
const FILES = ['readout_generation:slide_readouts'];

let served: Served | undefined;
const set = (fault: AignosticsFault) => () => served?.set(fault);

async function openVendor(): Promise<OpenedVendor> {
  let at = Date.parse('2026-11-22T10:00:00Z');
  const tick = (): Date => {
    at += TICK_MS;
    return new Date(at);
  };
  const vendor = await serveAignostics(tick, { secondsUntilDone: 2, files: FILES });
  const storage = await servedStorage();
  served = vendor;
  return {
    settings: vendor.settings,
    wrongSettings: { ...vendor.settings, auth: { ...(vendor.settings.auth as object), clientId: 'another-client' } },
    secrets: [AIGNOSTICS_DEFAULTS.refreshToken],
    storage: storage.storage,
    ledger: async () => ({ run: vendor.billed('runs') }),
    async close() {
      await Promise.all([vendor.close(), storage.close()]);
    },
  };
}

vendorContract({
  // The engine knows vendors without their types, as the registry holds them.
  vendor: aignostics as unknown as Vendor,
  openVendor,
  on: 'ServiceRequest?status=active',
  options: { application: 'he-tme', version: '1.4.0' },
  slides: new Map([[REFERENCE, SVS]]),
  reading: (id) => {
    const focus = serviceRequest(id);
    return {
      focus,
      ordering: focus,
      replaces: [],
      version: '1',
      patient: { resourceType: 'Patient', id: 'p1', name: [{ family: 'Abendroth' }], birthDate: '1951-07-23' },
      subject: 'Patient/p1',
      signature: 'one slide',
      specimens: [specimen],
      inputs: [slideInput()],
    };
  },
  billedAs: () => 'run',
  faults: [
    { name: 'a run is created and answered with 500', kind: 'ambiguous', set: set('run-created-then-500') },
    { name: 'a run is created and the connection breaks', kind: 'ambiguous', set: set('run-created-then-timeout') },
    { name: 'a run is not created and answered with 500', kind: 'ambiguous', set: set('run-not-created-500') },
    { name: 'the token has expired', kind: 'transient', set: set('token-expired') },
    { name: 'the platform is busy', kind: 'either', set: set('5xx-burst') },
    { name: 'the platform asks to wait', kind: 'transient', set: set('rate-limit') },
    { name: 'an answer is cut off', kind: 'transient', set: set('malformed-json') },
    { name: 'a new run is not known everywhere yet', kind: 'transient', set: set('replica-lag-404') },
    { name: 'a file arrives damaged', kind: 'transient', set: set('wrong-checksum') },
    { name: 'the address of a file has expired', kind: 'transient', set: set('storage-403-expired') },
    { name: 'a file breaks off', kind: 'transient', set: set('storage-cut') },
    { name: 'the quota is used up', kind: 'quota', set: set('quota-402') },
  ],
});
