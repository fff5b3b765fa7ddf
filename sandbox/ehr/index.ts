/** The embedded EHR: a FHIR R4 server in memory, as strict as the real one whose manner it plays. */
import { deepClone } from '@medplum/core';
import { FhirRouter } from '@medplum/fhir-router';
import { openBundles } from './bundles.ts';
import { definitions } from './definitions.ts';
import { openFaults } from './faults.ts';
import { openPresigner } from './presign.ts';
import { EhrRepository } from './repository.ts';
import { parseQuery } from './search.ts';
import { openSerial } from './serial.ts';
import { serve } from './server.ts';
import { openStore } from './store.ts';
import { openSubscriptions } from './subscriptions.ts';
import type { Change, Ehr, EhrOptions } from './types.ts';

export type { Delivery, Ehr, EhrOptions, Faults, Manner, Transactions } from './types.ts';

const quiet = { info: () => undefined, warn: () => undefined };

/** Opens the server; nothing listens until `router` (and `storage`, in Medplum's manner) is mounted. */
export function openEhr(options: EhrOptions): Ehr {
  const { manner, transactions = 'atomic', limits = {}, now = () => new Date(), log = quiet } = options;
  const { bodyBytes = 32 * 1024 * 1024 } = limits;
  const base = (): string => options.baseUrl().replace(/\/$/, '');
  const storageUrl = options.storageUrl ?? (() => new URL('/storage', base()).href);
  const store = openStore();
  const fault = openFaults(options.faults);
  const presigner = openPresigner({
    store,
    base,
    storageUrl,
    now,
    seconds: limits.presignedSeconds ?? 3600,
    faults: options.faults,
  });
  const rewrites = manner === 'medplum';
  const repository = new EhrRepository({
    store,
    manner,
    integrity: options.referentialIntegrity ?? manner === 'hapi',
    maxBytes: bodyBytes,
    now,
    base,
    toStored: rewrites ? presigner.toStored : (resource) => resource,
  });
  const toServed: typeof presigner.toServed = rewrites ? presigner.toServed : (resource) => resource;

  const serial = openSerial();
  const run = <T>(work: () => Promise<T>): Promise<{ result: T; changes: Change[] }> =>
    serial(async () => {
      // The library's search parser needs the definitions, too.
      definitions();
      try {
        return { result: await work(), changes: store.commit() };
      } catch (thrown) {
        store.undo(0);
        throw thrown;
      }
    }).then((done) => {
      subscriptions.tell(done.changes);
      return done;
    });

  const subscriptions = openSubscriptions({
    manner,
    store,
    base,
    now,
    log,
    fault,
    toServed,
    unit: options.retryUnit ?? 1000,
    activationMs: options.activationMs ?? 200,
    setStatus: async (id, status, error) => {
      await run(async () => {
        const current = store.live('Subscription', id);
        if (current?.resourceType === 'Subscription' && current.status !== status) {
          await repository.updateResource({ ...current, status, ...(error && { error }) });
        }
      });
    },
  });

  const router = serve({
    manner,
    transactions,
    base,
    started: now().toISOString(),
    tokens: options.tokens,
    bodyBytes,
    faultMs: options.faultMs ?? 2000,
    store,
    repository,
    router: new FhirRouter(),
    bundles: openBundles({
      store,
      repository,
      manner,
      base,
      now,
      most: limits.pageSize ?? (rewrites ? 1000 : 200),
      reuseMs: manner === 'hapi' ? (options.searchReuseMs ?? 0) : 0,
    }),
    presigner,
    fault,
    run,
    toServed,
  });

  return {
    router,
    storage: presigner.storage,
    create: async (resource) => deepClone((await run(() => repository.createResource(resource))).result),
    update: async (resource) =>
      deepClone((await run(() => repository.updateResource<typeof resource>(resource))).result),
    remove: async (type, id) => {
      await run(() => repository.deleteResource(type, id));
    },
    read: async (type, id) => (await run(async () => deepClone(store.live(type, id)))).result,
    search: async (query) => {
      const [type = '', words] = query.split('?', 2);
      return (await run(() => repository.search(parseQuery(type, new URLSearchParams(words))))).result;
    },
    deliveries: subscriptions.deliveries,
    close: subscriptions.close,
  };
}
