/** A NotificationStore in memory, for tests of the rooms around it. */
import type { IncomingNotification, NotificationStore, StoredNotification } from '../../src/orders/types.ts';

export interface MemoryRow extends StoredNotification {
  state: 'waiting' | 'done' | 'aside';
  /** Milliseconds since 1970. */
  dueAt: number;
  outcome?: string;
}

export interface MemoryNotifications extends NotificationStore {
  rows: MemoryRow[];
  /** The sizes of the statements: how many notifications came together. */
  batches: number[];
}

/** `before` runs ahead of each insert and may throw or wait, as a database would. */
export function memoryNotifications(options: {
  now?: () => Date;
  before?: (notifications: IncomingNotification[]) => void | Promise<void>;
}): MemoryNotifications {
  const clock = () => (options.now?.() ?? new Date()).getTime();
  const rows: MemoryRow[] = [];
  const batches: number[] = [];
  const listeners = new Set<() => void>();
  const change = (id: string, fields: Partial<MemoryRow>) => {
    const row = rows.find((candidate) => candidate.id === id);
    Object.assign(row ?? {}, fields);
  };
  return {
    rows,
    batches,
    async insert(notifications) {
      await options.before?.(notifications);
      batches.push(notifications.length);
      for (const notification of notifications) {
        const { site, dedupe } = notification;
        if (!rows.some((row) => row.state === 'waiting' && row.site === site && row.dedupe === dedupe)) {
          rows.push({ ...notification, id: String(rows.length + 1), attempts: 0, state: 'waiting', dueAt: clock() });
        }
      }
      for (const listener of listeners) {
        listener();
      }
    },
    async take(limit, leaseSeconds) {
      // As with a database, other work gets its turn meanwhile.
      await new Promise((resolve) => setImmediate(resolve));
      const due = rows.filter((row) => row.state === 'waiting' && row.dueAt <= clock()).slice(0, limit);
      for (const row of due) {
        row.attempts += 1;
        row.dueAt = clock() + leaseSeconds * 1000;
      }
      return due.map((row) => ({ ...row }));
    },
    async done(id, outcome) {
      change(id, { state: 'done', outcome });
    },
    async setAside(id, why) {
      change(id, { state: 'aside', outcome: why });
    },
    async postpone(id, seconds, why) {
      change(id, { dueAt: clock() + seconds * 1000, outcome: why });
    },
    onWaiting(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
