/** The vocabulary of the orders room. */
import type { Resource } from '@medplum/fhirtypes';

/** A notification as it came, to be stored before it is answered. */
export interface IncomingNotification {
  site: string;
  receivedAt: Date;
  method: string;
  /** The path below `/notify/{site}`: `` or `/DocumentReference/1`. */
  path: string;
  /** Only the headers that a dialect reads, lower-case; never a secret. */
  headers: Record<string, string>;
  body: Uint8Array;
  /** Equal for equal notifications: a second one that waits beside the first is not stored again. */
  dedupe: string;
}

export interface StoredNotification extends IncomingNotification {
  id: string;
  attempts: number;
}

/** Where notifications are kept; the intake knows nothing else of the database. */
export interface NotificationStore {
  /** Stores all of them in one statement, or throws and stores none. Equal waiting ones are stored once. */
  insert(notifications: IncomingNotification[]): Promise<void>;
  /**
   * The oldest waiting notifications, leased to this process for `leaseSeconds`; another process does not get them.
   */
  take(limit: number, leaseSeconds: number): Promise<StoredNotification[]>;
  /** Dealt with. `outcome` is counted: how many hints, or why none. */
  done(id: string, outcome: string): Promise<void>;
  /** Authentic but not understood: kept and shown, not lost. */
  setAside(id: string, why: string): Promise<void>;
  /** To be tried again after `seconds` (the EHR could not be asked). */
  postpone(id: string, seconds: number, why: string): Promise<void>;
  /** Calls back when something may be waiting; also after `insert` of another process. Returns how to stop. */
  onWaiting(listener: () => void): () => void;
}

/** What a dialect reads out of a notification: something happened to this resource. */
export interface Hint {
  type: string;
  id: string;
  version?: string;
  interaction: 'create' | 'update' | 'delete' | 'unknown';
  /** Its sender does not say when something was deleted: what stays away is gone. */
  mayBeGone?: true;
  /** The resource as it came along, where it did, whole and with its version. */
  resource?: Resource;
}

export type Reading =
  /** `sweep` beside hints: there may be more than the bundle could say. */
  | { hints: Hint[]; sweep?: true }
  /** Something changed, nobody says what: sweep. */
  | { sweep: true }
  /** A handshake, a heartbeat: nothing to do. */
  | { nothing: string }
  | { unknown: string };

/** News of one resource, resolved as far as it could be; what admission takes. Repeats are harmless. */
export interface News {
  site: string;
  type: string;
  id: string;
  /** The resource as it is now or was in the notification; absent with `gone`. */
  resource?: Resource;
  /** A read confirmed that it no longer exists. */
  gone?: boolean;
  /** How it reached us, for the timeline. */
  source: 'notification' | 'sweep' | 'operator';
  /** An operator named an earlier start: admit what is older than the route's own start too. */
  backlog?: boolean;
}

export interface Admitted {
  /** New orders made of it. */
  orders: number;
  /** Existing orders that were told. */
  told: number;
}

export type Admit = (news: News) => Promise<Admitted>;

/** Remembers a sweep's watermarks and the start of routes. */
export interface Cursors {
  get(site: string, name: string): Promise<string | undefined>;
  /** Sets it; with `onlyIfAbsent` the first value stays. Gives the value that stands. */
  set(site: string, name: string, value: string, onlyIfAbsent?: boolean): Promise<string>;
}

/** One holder of a named lease at a time, over all processes. */
export interface Leases {
  /** Runs `work` if the lease is free (or ours), renewing it; undefined where another process holds it. */
  withLease<T>(name: string, seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined>;
}
