/** What the embedded EHR offers the sandbox and the tests. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WithId } from '@medplum/core';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import type { Router } from 'express';

/**
 * Whose habits the server has: ids, versions, Subscription delivery, attachment URLs. `backport`: a plain server that
 * notifies by topic (Subscriptions R5 Backport and what is akin to it; see TopicOptions).
 */
export type Manner = 'medplum' | 'hapi' | 'backport';

/**
 * - `atomic`: a transaction is all or nothing.
 * - `batch`: announced as transaction and answered as one, but run as a batch (a Medplum without its project feature).
 * - `none`: neither announced nor taken (400).
 */
export type Transactions = 'atomic' | 'batch' | 'none';

/** What the level of a lasting fault means; `on` is 1. */
export type FaultUnit = 'percent' | 'milliseconds' | 'on';

/** The sandbox's switchboard of named faults: `take` is true once for every time the fault was set. */
export interface Faults {
  take(name: string): boolean;
  /** Of a lasting fault; 0 where it is not set. */
  level?(name: string): number;
  describe(list: { name: string; what: string; unit?: FaultUnit }[]): void;
}

/** What goes wrong with notifications for as long as it is set. */
export interface Mishaps {
  /** Shares from 0 to 1 of all notifications. */
  lost: number;
  doubled: number;
  /** Sent only after the next one of the same Subscription. */
  overtaken: number;
  /** Each is sent later by a random time up to this. */
  delayMs: number;
  /** Subscriptions are taken and made active, and nothing ever comes. */
  silent: boolean;
  /** New Subscriptions stay `requested` for ever. */
  stuck: boolean;
}

/** Which kind of topic server is played. */
export interface TopicOptions {
  /** Default `backport`: Subscriptions R5 Backport 1.1 on R4. */
  flavour?: 'backport' | 'r4b' | 'r5' | 'athenahealth' | 'microsoft' | 'hapi-topic';
  /**
   * How events are numbered: `steady` as the guide says; `restarts` with the server (Ehr.restart); always `zero`;
   * `relative` to the Bundle. Default: what the flavour's server does.
   */
  counter?: 'steady' | 'restarts' | 'zero' | 'relative';
  /** The handshake is over before the create is answered: the endpoint is asked by a Subscription it has not heard of. */
  handshakeFirst?: boolean;
  /** Older HAPI: the focus is written as `Type/Type/id`. */
  doubledType?: boolean;
}

export interface EhrLog {
  info(fields: Record<string, string | number | boolean | undefined>, message: string): void;
  warn(fields: Record<string, string | number | boolean | undefined>, message: string): void;
}

export interface Limits {
  /** Bytes of one request's body; default 32 MB. */
  bodyBytes?: number;
  /** Seconds that a presigned URL lives; default 3600. */
  presignedSeconds?: number;
  /** Entries of one page at most; default 1000 (Medplum) or 200 (HAPI). */
  pageSize?: number;
}

/** What a server lacks, or does otherwise than most. */
export interface Lacks {
  /** Most entries of one Bundle, and how a larger one is refused; default `content-too-large` (413). */
  entries?: number;
  entriesSaid?: 'content-too-large' | 'too-costly' | 'azure';
  /** Types that cannot be written: left out of the CapabilityStatement, or refused by name, or with a bare 403. */
  types?: string[];
  typesSaid?: 'declared' | 'named' | 'bare';
  /** Keeps no versions: no versionId, no ETag, and If-Match means nothing. */
  versions?: true;
  /** If-None-Exist means nothing. */
  conditionalCreate?: true;
  /** Writes are answered without the resource, whatever `Prefer` says. */
  representation?: true;
  /** 200 where 201 is due. */
  created?: true;
  /** 409 where 412 is due. */
  preconditionFailed?: true;
}

export interface EhrOptions {
  manner: Manner;
  transactions?: Transactions;
  /** The FHIR base as clients see it, e.g. `http://127.0.0.1:8090/fhir/R4`; asked only after listening. */
  baseUrl(): string;
  /** Where `storage` is mounted; default: `/storage` on the origin of the base. */
  storageUrl?(): string;
  now?: () => Date;
  log?: EhrLog;
  faults?: Faults;
  limits?: Limits;
  /** Bearer tokens that open the server; absent: no authentication. */
  tokens?: string[];
  /** Milliseconds of one second of the retry schedules and heartbeat periods; default 1000. Tests make it small. */
  retryUnit?: number;
  /** Servers without a handshake: milliseconds from `requested` to `active`; default 200. */
  activationMs?: number;
  /** HAPI refuses references to what it does not have, and deletes of what is referred to. Default: true for HAPI. */
  referentialIntegrity?: boolean;
  /**
   * HAPI: milliseconds that a repeated search is answered from the list found before, unless `Cache-Control: no-cache`.
   * A real one takes 60,000; default 0, so that a person who repeats a search sees what is new.
   */
  searchReuseMs?: number;
  /** Milliseconds of the faults `slow` and `late-commit`, and that `notifications-overtaken` waits; default 2000. */
  faultMs?: number;
  lacks?: Lacks;
  webSocket?: WebSocketOptions;
  /** For manner `backport`. */
  topics?: TopicOptions;
  /** What goes wrong with notifications from the start on; `Ehr.misbehave` changes it. */
  mishaps?: Partial<Mishaps>;
  /** Of the mishaps' randomness; default 1. The same seed and the same writes meet the same mishaps. */
  seed?: number;
}

export type Stored = WithId<Resource>;

/** One version of one resource; versions are only ever appended. */
export interface Version {
  versionId: string;
  /** FHIR instant. */
  lastUpdated: string;
  interaction: 'create' | 'update' | 'delete';
  /** For a delete: the content that was deleted. */
  resource: Stored;
}

/** A committed write. */
export interface Change extends Version {
  type: string;
  id: string;
  previous: Stored | undefined;
}

/** Subscriptions over WebSockets, in Medplum's manner. */
export interface WebSocketOptions {
  /** Milliseconds between two heartbeats; default 10,000. */
  heartbeatMs?: number;
  /** Seconds that a binding token lives; default 3600. */
  tokenSeconds?: number;
}

/** For tests: what an operator or the network does to WebSockets. */
export interface WebSocketControl {
  /** Switches the project feature `websocket-subscriptions`. */
  enable(on: boolean): void;
  /** Breaks all sockets off, without a closing frame. */
  drop(): void;
  /** A socket that nobody answers on any more: it stays open, and nothing comes. */
  freeze(on: boolean): void;
  heartbeat(): void;
  /** Forgets all bindings but leaves the sockets open, as when a login has ended. */
  forget(): void;
  /** Sends a text to every socket as it is. */
  send(text: string): void;
  /** Sockets that are open, and Subscriptions that are bound to one. */
  count(): { sockets: number; bound: number };
  /** The Authorization headers that sockets were opened with; there should be none. */
  authorizations(): (string | undefined)[];
  /** How many binding tokens were given out. */
  tokens(): number;
}

/** One attempt to deliver one notification. */
export interface Delivery {
  at: string;
  subscription: string;
  /** `Type/id`; of a Bundle: of each of its events, with a space between. The Subscription's own where there is none. */
  resource: string;
  interaction: Change['interaction'] | 'handshake' | 'heartbeat' | 'event-notification';
  method: string;
  url: string;
  attempt: number;
  /** HTTP status; absent: no answer. */
  status?: number;
  accepted: boolean;
}

export interface Ehr {
  /** To be mounted at the path of the FHIR base. */
  router: Router;
  /** The object storage behind presigned URLs (Medplum's manner); to be mounted at `/storage`. */
  storage: Router;
  create<T extends Resource>(resource: T): Promise<WithId<T>>;
  update<T extends Resource>(resource: T & { id: string }): Promise<WithId<T>>;
  remove(type: string, id: string): Promise<void>;
  /** undefined: never there, or deleted. */
  read(type: string, id: string): Promise<Stored | undefined>;
  /** `Type?words`; the first page. */
  search(query: string): Promise<Bundle<Stored>>;
  /** Every attempt to deliver a notification so far. */
  deliveries(): readonly Delivery[];
  /** Changes what goes wrong with notifications from now on. */
  misbehave(change: Partial<Mishaps>): void;
  /** Topic servers: sends a heartbeat to every active Subscription now; resolves when all were tried. */
  heartbeat(): Promise<void>;
  /** As after a restart of the server: what keeps its event numbers in memory begins to count anew. */
  restart(): void;
  /** For the `upgrade` of the HTTP server that the router is mounted on. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  webSockets: WebSocketControl;
  /** Stops deliveries and forgets what is outstanding. */
  close(): Promise<void>;
}
