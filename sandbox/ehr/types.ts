/** What the embedded EHR offers the sandbox and the tests. */
import type { WithId } from '@medplum/core';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import type { Router } from 'express';

/** Whose habits the server has: ids, versions, Subscription delivery, attachment URLs. */
export type Manner = 'medplum' | 'hapi';

/**
 * - `atomic`: a transaction is all or nothing.
 * - `batch`: announced as transaction and answered as one, but run as a batch (a Medplum without its project feature).
 * - `none`: neither announced nor taken (400).
 */
export type Transactions = 'atomic' | 'batch' | 'none';

/** The sandbox's switchboard of named faults: `take` is true once for every time the fault was set. */
export interface Faults {
  take(name: string): boolean;
  describe(list: { name: string; what: string }[]): void;
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
  /** Milliseconds of one second of the retry schedules; default 1000. Tests make it small. */
  retryUnit?: number;
  /** HAPI: milliseconds from `requested` to `active`; default 200. */
  activationMs?: number;
  /** HAPI refuses references to what it does not have, and deletes of what is referred to. Default: true for HAPI. */
  referentialIntegrity?: boolean;
  /**
   * HAPI: milliseconds that a repeated search is answered from the list found before, unless `Cache-Control: no-cache`.
   * A real one takes 60,000; default 0, so that a person who repeats a search sees what is new.
   */
  searchReuseMs?: number;
  /** Milliseconds of the faults `slow` and `late-commit`; default 2000. */
  faultMs?: number;
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

/** One attempt to deliver one notification. */
export interface Delivery {
  at: string;
  subscription: string;
  resource: string;
  interaction: Change['interaction'];
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
  /** Stops deliveries and forgets what is outstanding. */
  close(): Promise<void>;
}
