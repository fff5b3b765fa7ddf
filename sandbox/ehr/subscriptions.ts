/** Subscription delivery: which Subscriptions a committed write concerns, and the attempts to tell their endpoints. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Resource, Subscription } from '@medplum/fhirtypes';
import { Agent, fetch } from 'undici';
import type { EhrFault } from './faults.ts';
import { hapiDialect } from './hapi.ts';
import { medplumDialect } from './medplum.ts';
import type { Store } from './store.ts';
import type { Change, Delivery, EhrLog, Manner } from './types.ts';

/** One HTTP request that tells of a change. */
export interface Notice {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** The endpoint's answer; absent where there was none. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
}

/** How one kind of server delivers. */
export interface Dialect {
  concerns(subscription: Subscription, change: Change): Promise<boolean>;
  notice(subscription: Subscription, change: Change): Notice;
  accepts(subscription: Subscription, answer: Answer): boolean;
  /** Units (seconds) until the next try after `tries`, the first of which began `elapsed` units ago; undefined: give up. */
  wait(subscription: Subscription, tries: number, elapsed: number): number | undefined;
  /** Whether a retry of this change is pointless by now. */
  outdated(change: Change): boolean;
  /** Whether later changes wait behind the one that is being retried. */
  inOrder: boolean;
  /** Seconds an endpoint may take. */
  patience: number;
  /** What a Subscription becomes when the server gives it up. */
  off: Subscription['status'];
}

export interface SubscriptionOptions {
  manner: Manner;
  store: Store;
  base(): string;
  now(): Date;
  log: EhrLog;
  fault(name: EhrFault): boolean;
  toServed<T extends Resource>(resource: T): T;
  /** Milliseconds of one unit of the retry schedule. */
  unit: number;
  activationMs: number;
  setStatus(id: string, status: Subscription['status'], error?: string): Promise<void>;
}

export interface Subscriptions {
  tell(changes: readonly Change[]): void;
  deliveries(): readonly Delivery[];
  close(): Promise<void>;
}

export function openSubscriptions(options: SubscriptionOptions): Subscriptions {
  const { manner, store, now, log, fault, unit } = options;
  const dialect = manner === 'medplum' ? medplumDialect(options) : hapiDialect(options);
  const agent = new Agent({ connections: 16, headersTimeout: dialect.patience * 1000 });
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const sent: Delivery[] = [];
  /** The last delivery of each Subscription, and all that are under way. */
  const lines = new Map<string, Promise<void>>();
  const underWay = new Set<Promise<void>>();

  const subscriptionOf = (id: string): Subscription | undefined => {
    const found = store.live('Subscription', id);
    return found?.resourceType === 'Subscription' ? found : undefined;
  };

  /** Waits without keeping the process alive; ends at once when we close. */
  const pause = (ms: number): Promise<void> =>
    delay(ms, undefined, { ref: false, signal: closing.signal }).catch(() => undefined);

  async function send(notice: Notice): Promise<Answer | undefined> {
    const { method, url, headers, body } = notice;
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(dialect.patience * 1000)]);
    try {
      const response = await fetch(url, { method, headers, body, signal, dispatcher: agent });
      const contentType = response.headers.get('content-type') ?? '';
      return { status: response.status, contentType, body: await response.text() };
    } catch {
      return undefined;
    }
  }

  async function deliver(id: string, change: Change): Promise<void> {
    const began = Date.now();
    for (let attempt = 1; !closing.signal.aborted; attempt += 1) {
      const subscription = subscriptionOf(id);
      if (subscription?.status !== 'active' || (attempt > 1 && dialect.outdated(change))) {
        return;
      }
      const notice = dialect.notice(subscription, change);
      const answer = await send(notice);
      const accepted = answer !== undefined && dialect.accepts(subscription, answer);
      sent.push({
        at: now().toISOString(),
        subscription: id,
        resource: `${change.type}/${change.id}`,
        interaction: change.interaction,
        method: notice.method,
        url: notice.url,
        attempt,
        ...(answer && { status: answer.status }),
        accepted,
      });
      const units = accepted ? undefined : dialect.wait(subscription, attempt, (Date.now() - began) / unit);
      if (units === undefined) {
        if (!accepted) {
          log.warn({ subscription: id, attempt, resourceType: change.type }, 'notification given up');
        }
        return;
      }
      await pause(units * unit);
    }
  }

  function enqueue(id: string, change: Change): void {
    if (fault('notification-lost')) {
      return;
    }
    if (fault('subscription-off')) {
      void options.setStatus(id, dialect.off, 'Automatically disabled after consecutive failures');
      return;
    }
    for (let times = fault('notification-twice') ? 2 : 1; times > 0; times -= 1) {
      const before = dialect.inOrder ? lines.get(id) : undefined;
      lines.set(
        id,
        (before ?? Promise.resolve()).then(() => deliver(id, change)),
      );
    }
  }

  async function evaluate(change: Change, active: Subscription[]): Promise<void> {
    for (const subscription of active) {
      try {
        if (subscription.id && (await dialect.concerns(subscription, change))) {
          enqueue(subscription.id, change);
        }
      } catch {
        // A criteria that cannot be evaluated never fires, on real servers too; the operator is told.
        log.warn({ subscription: subscription.id }, 'criteria could not be evaluated');
      }
    }
  }

  /** HAPI makes a requested Subscription active by itself, without a word to the endpoint. */
  function activate(change: Change): void {
    const { resource } = change;
    const requested = resource.resourceType === 'Subscription' && resource.status === 'requested';
    if (manner === 'hapi' && requested && resource.channel.type === 'rest-hook' && change.interaction !== 'delete') {
      void pause(options.activationMs).then(async () => {
        if (!closing.signal.aborted && subscriptionOf(change.id)?.status === 'requested') {
          await options.setStatus(change.id, 'active');
        }
      });
    }
  }

  let evaluated: Promise<void> = Promise.resolve();
  return {
    tell(changes) {
      if (changes.length === 0 || closing.signal.aborted) {
        return;
      }
      changes.forEach(activate);
      const active: Subscription[] = [];
      for (const resource of store.all('Subscription')) {
        if (resource.resourceType === 'Subscription' && resource.status === 'active') {
          active.push(resource);
        }
      }
      evaluated = evaluated.then(async () => {
        for (const change of changes) {
          await evaluate(change, active);
        }
      });
    },
    deliveries: () => sent,
    async close() {
      closing.abort();
      await evaluated;
      await Promise.allSettled(underWay);
      await agent.destroy();
    },
  };
}
