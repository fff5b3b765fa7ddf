/** Subscription delivery: which Subscriptions a committed write concerns, and the attempts to tell their endpoints. */
import type { Resource, Subscription } from '@medplum/fhirtypes';
import { hapiDialect } from './hapi.ts';
import { openLines } from './lines.ts';
import { medplumDialect } from './medplum.ts';
import type { Misfortune } from './mishaps.ts';
import type { Answer, Notice, Sender } from './sender.ts';
import type { Store } from './store.ts';
import type { Change, Delivery, EhrLog, Mishaps } from './types.ts';

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
  store: Store;
  sender: Sender;
  misfortune: Misfortune;
  base(): string;
  now(): Date;
  log: EhrLog;
  toServed<T extends Resource>(resource: T): T;
  /** Milliseconds of one unit of the retry schedule. */
  unit: number;
  activationMs: number;
  /** Milliseconds that an overtaken notification waits at most. */
  behindMs: number;
  setStatus(id: string, status: Subscription['status'], error?: string): Promise<void>;
}

/** Who tells the endpoints, in whichever manner. */
export interface Subscriptions {
  /** A promise where the write is to be answered only after it. */
  tell(changes: readonly Change[]): Promise<void> | undefined;
  deliveries(): readonly Delivery[];
  heartbeat(): Promise<void>;
  restart(): void;
  close(): Promise<void>;
}

export function openSubscriptions(options: SubscriptionOptions & { manner: 'medplum' | 'hapi' }): Subscriptions {
  const { manner, store, sender, misfortune, now, log, unit, behindMs } = options;
  const dialect = manner === 'medplum' ? medplumDialect(options) : hapiDialect(options);
  const sent: Delivery[] = [];
  const lines = openLines({
    sender,
    misfortune,
    inOrder: dialect.inOrder,
    behindMs,
    giveUp(id, status) {
      const why = 'Automatically disabled after consecutive failures';
      void options.setStatus(id, status === 'error' ? 'error' : dialect.off, why);
    },
  });

  const subscriptionOf = (id: string): Subscription | undefined => {
    const found = store.live('Subscription', id);
    return found?.resourceType === 'Subscription' ? found : undefined;
  };

  async function deliver(id: string, change: Change): Promise<void> {
    const began = Date.now();
    for (let attempt = 1; !sender.isClosed(); attempt += 1) {
      const subscription = subscriptionOf(id);
      if (subscription?.status !== 'active' || (attempt > 1 && dialect.outdated(change))) {
        return;
      }
      const notice = dialect.notice(subscription, change);
      const answer = await sender.send(notice, dialect.patience);
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
      await sender.pause(units * unit);
    }
  }

  async function evaluate(change: Change, active: Subscription[], mishaps: Mishaps): Promise<void> {
    for (const subscription of active) {
      const { id } = subscription;
      try {
        if (id && !mishaps.silent && (await dialect.concerns(subscription, change))) {
          void lines.post(id, () => deliver(id, change), mishaps);
        }
      } catch {
        // A criteria that cannot be evaluated never fires, on real servers too; the operator is told.
        log.warn({ subscription: id }, 'criteria could not be evaluated');
      }
    }
  }

  /** HAPI makes a requested Subscription active by itself, without a word to the endpoint. */
  function activate(change: Change): void {
    const { resource } = change;
    const requested = resource.resourceType === 'Subscription' && resource.status === 'requested';
    if (misfortune.now().stuck) {
      return;
    }
    if (manner === 'hapi' && requested && resource.channel.type === 'rest-hook' && change.interaction !== 'delete') {
      void sender.pause(options.activationMs).then(async () => {
        if (!sender.isClosed() && subscriptionOf(change.id)?.status === 'requested') {
          await options.setStatus(change.id, 'active');
        }
      });
    }
  }

  let evaluated: Promise<void> = Promise.resolve();
  return {
    tell(changes) {
      if (changes.length === 0 || sender.isClosed()) {
        return undefined;
      }
      changes.forEach(activate);
      const active: Subscription[] = [];
      for (const resource of store.all('Subscription')) {
        if (resource.resourceType === 'Subscription' && resource.status === 'active') {
          active.push(resource);
        }
      }
      // As set when the change was made: criteria are looked at a while later.
      const mishaps = misfortune.now();
      evaluated = evaluated.then(async () => {
        for (const change of changes) {
          await evaluate(change, active, mishaps);
        }
      });
      return undefined;
    },
    deliveries: () => sent,
    heartbeat: async () => undefined,
    restart: () => undefined,
    async close() {
      await sender.close();
      await evaluated;
    },
  };
}
