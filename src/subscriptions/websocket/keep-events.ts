/**
 * Stores what came over a WebSocket as the intake stores what was posted. Nobody sends it again: where the database does
 * not take it, a sweep is owed, and asked for once the database is back.
 */
import { AdapterError, asAdapterError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { IncomingNotification, NotificationStore } from '../../orders/types.ts';
import { createBatcher } from '../batch.ts';
import { byteBudget } from '../byte-budget.ts';
import { WEBSOCKET_METHOD } from '../dialects/medplum-websocket.ts';
import { dedupeKey } from '../kept.ts';
import type { EventFrame } from './connection.ts';
import { PAUSES } from './pauses.ts';

export interface KeepEventsOptions {
  store: Pick<NotificationStore, 'insert'>;
  log: Log;
  now(): Date;
  requestSweep(site: string): void;
  onStored?(notification: IncomingNotification): void;
  /** Seconds. */
  wait(seconds: number, signal: AbortSignal): Promise<unknown>;
  signal: AbortSignal;
  /** Bytes that may wait for the database in memory. */
  memoryLimit?: number;
}

const MEGABYTE = 1024 * 1024;

/** Equal for equal news: every one is read anew, so of two about the same version that wait, one is enough. */
function notificationOf(site: string, { text, about }: EventFrame, receivedAt: Date): IncomingNotification {
  const body = Buffer.from(text, 'utf8');
  const version = about?.version === undefined ? '' : `/_history/${about.version}`;
  const came = {
    site,
    method: WEBSOCKET_METHOD,
    path: about ? `/${about.type}/${about.id}${version}` : '',
    headers: { 'content-type': 'application/fhir+json' },
  };
  return { ...came, body, receivedAt, dedupe: dedupeKey({ ...came, body: about ? new Uint8Array() : body }) };
}

/** Takes events of any site; `settled` waits for what the database is busy with. */
export function openKeepEvents(options: KeepEventsOptions): {
  keep(site: string, event: EventFrame): void;
  settled(): Promise<void>;
} {
  const { store, log } = options;
  const budget = byteBudget(options.memoryLimit ?? 64 * MEGABYTE);
  const owed = new Set<string>();
  const underWay = new Set<Promise<void>>();
  const batcher = createBatcher<IncomingNotification>({
    write: (notifications) => store.insert(notifications),
    size: ({ body }) => body.length,
    maxBytes: 8 * MEGABYTE,
    maxItems: 256,
    retrySingly: (error) => asAdapterError(error).code !== 'database-unavailable',
  });

  /** One lost event of a site tries the database until it is back; the sweep brings the others too. */
  async function owe(lost: IncomingNotification): Promise<void> {
    const { site } = lost;
    if (owed.has(site)) {
      return;
    }
    owed.add(site);
    for (let tried = 0; !options.signal.aborted; tried += 1) {
      await options.wait(Math.min(PAUSES.longest, 2 ** Math.min(tried, 6)), options.signal).catch(() => {});
      try {
        await store.insert([lost]);
        break;
      } catch (thrown) {
        if (asAdapterError(thrown).code !== 'database-unavailable') {
          break;
        }
      }
    }
    owed.delete(site);
    if (!options.signal.aborted) {
      options.requestSweep(site);
    }
  }

  async function insert(notification: IncomingNotification): Promise<void> {
    const bytes = notification.body.length;
    if (!budget.take(bytes)) {
      throw new AdapterError('database-unavailable', 'The database does not keep up with the WebSocket');
    }
    try {
      await batcher.add(notification);
    } finally {
      budget.give(bytes);
    }
  }

  return {
    keep(site, event) {
      const notification = notificationOf(site, event, options.now());
      const working = insert(notification)
        .then(
          () => options.onStored?.(notification),
          (thrown: unknown) => {
            log.error({ site, code: asAdapterError(thrown).code }, 'event not stored: a sweep is owed');
            void owe(notification);
          },
        )
        .finally(() => underWay.delete(working));
      underWay.add(working);
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}
