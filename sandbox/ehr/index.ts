/** The embedded EHR: a FHIR R4 server in memory, as strict as the real one whose manner it plays. */
import { deepClone } from '@medplum/core';
import { FhirRouter } from '@medplum/fhir-router';
import type { Subscription } from '@medplum/fhirtypes';
import { openBundles } from './bundles.ts';
import { definitions } from './definitions.ts';
import { openFaults } from './faults.ts';
import { lesser } from './lacks.ts';
import { openMisfortune } from './mishaps.ts';
import { openPresigner } from './presign.ts';
import { EhrRepository } from './repository.ts';
import { parseQuery } from './search.ts';
import { openSender } from './sender.ts';
import { openSerial } from './serial.ts';
import { serve } from './server.ts';
import { openStore } from './store.ts';
import { openSubscriptions } from './subscriptions.ts';
import { openTopics } from './topics/index.ts';
import type { Change, Ehr, EhrOptions } from './types.ts';
import { openWebSockets } from './websocket.ts';

export type { Delivery, Ehr, EhrOptions, Faults, Lacks, Manner, Mishaps, TopicOptions, Transactions } from './types.ts';

const quiet = { info: () => undefined, warn: () => undefined };

/** Opens the server; nothing listens until `router` (and `storage`, in Medplum's manner) is mounted. */
export function openEhr(options: EhrOptions): Ehr {
  const { manner, transactions = 'atomic', limits = {}, now = () => new Date(), log = quiet } = options;
  const { bodyBytes = 32 * 1024 * 1024 } = limits;
  const base = (): string => options.baseUrl().replace(/\/$/, '');
  const storageUrl = options.storageUrl ?? (() => new URL('/storage', base()).href);
  const store = openStore();
  const { fault, level } = openFaults(options.faults);
  const misfortune = openMisfortune({ seed: options.seed ?? 1, mishaps: options.mishaps, fault, level });
  const faultMs = options.faultMs ?? 2000;
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
    validated: (resource) => topics?.validate(resource) ?? false,
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
    }).then(async (done) => {
      webSockets.tell(done.changes);
      await subscriptions.tell(done.changes);
      return done;
    });

  const telling = {
    store,
    sender: openSender(),
    misfortune,
    base,
    now,
    log,
    toServed,
    unit: options.retryUnit ?? 1000,
    activationMs: options.activationMs ?? 200,
    behindMs: faultMs,
    setStatus: async (id: string, status: Subscription['status'], error?: string) => {
      await run(async () => {
        const current = store.live('Subscription', id);
        if (current?.resourceType === 'Subscription' && current.status !== status) {
          // R5 has no place for the reason.
          const why = current.channel ? { error } : {};
          await repository.updateResource({ ...current, status, ...(error && why) });
        }
      });
    },
  };
  const topics = manner === 'backport' ? openTopics({ ...telling, topics: options.topics ?? {} }) : undefined;
  const subscriptions = topics ?? openSubscriptions({ ...telling, manner: manner === 'hapi' ? 'hapi' : 'medplum' });
  const webSockets = openWebSockets({ ...options.webSocket, base, now, log, faults: options.faults, toServed });

  const router = serve({
    manner,
    transactions,
    base,
    started: now().toISOString(),
    tokens: options.tokens,
    bodyBytes,
    faultMs,
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
    webSockets: manner === 'medplum' ? webSockets : undefined,
    topics: topics?.http,
  });

  return {
    router: options.lacks ? lesser(router, options.lacks, bodyBytes) : router,
    storage: presigner.storage,
    upgrade: webSockets.upgrade,
    webSockets: webSockets.control,
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
    misbehave: misfortune.set,
    heartbeat: subscriptions.heartbeat,
    restart: subscriptions.restart,
    close: () => {
      webSockets.close();
      return subscriptions.close();
    },
  };
}
