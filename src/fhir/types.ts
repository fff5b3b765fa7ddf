/** What the fhir room offers the rest of the house: the client of one site, what is read of an order, what is written. */
import type { Readable } from 'node:stream';
import type { Bundle, Encounter, OperationOutcome, Patient, Resource, Specimen, Task } from '@medplum/fhirtypes';
import type { Figure, Findings } from '../findings.ts';
import type { PictureLimits } from '../pictures/types.ts';
import type { InputKind, OrderInput } from '../vendors/contract.ts';
import type { Withdrawal } from './order-status.ts';

/** A resource as the server has it now: id and version are known. */
export interface Saved {
  type: string;
  id: string;
  /** `meta.versionId`, or the ETag's; absent where the server has no versions. */
  version?: string;
}

/** What a server can do, from its CapabilityStatement and, for atomicity, from one probe. */
export interface Capabilities {
  fhirVersion: string;
  software?: string;
  transaction: boolean;
  batch: boolean;
  /** Whether a failed transaction really leaves nothing behind; probed once, not believed. */
  atomic: boolean;
  /** By resource type: the interactions the server declares. A type that is absent is not offered. */
  types: Record<string, TypeCapabilities>;
  /** Canonical URLs of the SubscriptionTopics that the statement names (Subscriptions R5 Backport). */
  topics?: string[];
}

export interface TypeCapabilities {
  interactions: string[];
  conditionalCreate: boolean;
  updateCreate: boolean;
  versioning: 'no-version' | 'versioned' | 'versioned-update' | 'unknown';
  searchParams: string[];
  /** Profiles that the server says it takes for this type. */
  profiles?: string[];
}

/** Bytes fetched from the EHR or a storage host. */
export interface Fetched {
  contentType: string | undefined;
  size: number | undefined;
  /** Has to be read to its end or destroyed. */
  body: Readable;
  /** Where the answer is a part of the file: which, and the bytes of the whole. `end` is exclusive. */
  range?: { start: number; end: number; of: number };
  /** The server's word for this version of the bytes: its ETag, else Last-Modified. */
  version?: string;
}

/** What of a file is wanted, and what the token may be sent to for it. */
export interface FetchWish {
  /** These bytes alone, where the server gives parts of files; `end` is exclusive. */
  range?: { start: number; end: number };
  /** `origin`: to any path of the FHIR server's own origin, where its DICOMweb may be. Default: below its base. */
  token?: 'base' | 'origin';
}

/** A file that is read while it is sent, anew for each try: none is ever in memory as a whole. */
export interface SentFile {
  /** Bytes. */
  size: number;
  /** Exactly `size` bytes in pieces; what it throws, whoever sends it throws. */
  read(): AsyncIterable<Uint8Array>;
}

/** One site's FHIR server. Every method throws AdapterError with an `ehr-…` code. */
export interface FhirClient {
  readonly site: string;
  readonly baseUrl: string;
  /** undefined: 404 or 410. */
  read<T extends Resource>(type: T['resourceType'], id: string): Promise<T | undefined>;
  /** One page of a search; `query` is `Type?words`, or an absolute next link of this server. `Cache-Control: no-cache`. */
  search(query: string): Promise<Bundle>;
  /** All pages, following next links of the same origin only. */
  pages(query: string): AsyncGenerator<Bundle>;
  /** POST; `headers` are sent beside our own. */
  create<T extends Resource>(
    resource: T,
    options?: { ifNoneExist?: string; headers?: Record<string, string> },
  ): Promise<T>;
  /**
   * POST of a Binary as raw bytes under their media type, or PUT under `id`, which may be repeated; `context`: whose it is
   * (`Patient/1`), for a server that decides by that who may read it.
   */
  saveBytes(file: SentFile, about: { contentType: string; id?: string; context?: string }): Promise<Saved>;
  /** PUT; `ifMatch` is a version id. A 412 or 409 throws `ehr-conflict`. */
  update<T extends Resource>(resource: T & { id: string }, options?: { ifMatch?: string }): Promise<T>;
  /** DELETE; a resource already gone is fine. */
  remove(type: string, id: string): Promise<void>;
  /** POST of a transaction or batch Bundle; entry statuses are the caller's to check. */
  submit(bundle: Bundle): Promise<Bundle>;
  /** GET of an attachment: relative (`Binary/1`), on this server, or on one of the site's storage hosts (without token). */
  fetchBytes(url: string, accept?: string, wish?: FetchWish): Promise<Fetched>;
  capabilities(): Promise<Capabilities>;
  /** The server's clock, from a response's Date header. */
  serverTime(): Promise<Date>;
}

/** An input as it was read: a note's text is stored by the engine next to the order, a picture stays where it is. */
export interface CollectedInput extends OrderInput {
  bytes?: Uint8Array;
}

/** What was read of an order, as it is now. */
export interface OrderReading {
  /** Where the results are about others: only what is wanted, without whom it names. */
  focus: Resource;
  version: string | undefined;
  patient?: Patient;
  encounter?: Encounter;
  /**
   * The patient's reference as the focus states it, for `subject` of what we write. Where the results are about others:
   * whatever the focus names (`Group/1`), for the Task alone.
   */
  subject?: string;
  /** Reference of the Encounter as the focus states it. */
  encounterReference?: string;
  requester?: string;
  specimens?: Specimen[];
  inputs: CollectedInput[];
  /** The resource that orders: `focus`, or the Task that names it. Routes are matched against it. */
  ordering: Resource;
  /** Why the order cannot be done, in words for the clinician; absent: it can. */
  refusal?: {
    code: 'order-incomplete' | 'input-unavailable' | 'input-unsupported' | 'input-too-large' | 'consent-denied';
    text: string;
    /** What is missing may still come: the order waits for it, for as long as the site says. */
    awaits?: true;
  };
  /** Why it is not an order yet (a draft, a preliminary note), in words; it becomes one when it changes. Then there are no inputs. */
  notYet?: string;
  /** It is on hold, in words: it goes on when it is active again. Then there are no inputs. */
  paused?: string;
  /** Why it is no order any more. Then there are no inputs. */
  withdrawn?: Withdrawal;
  /** What it replaces, `Type/id`: those orders are not done any more. */
  replaces: string[];
  /** What counts as the order's content; compare with `compareSignatures`. */
  signature: string;
}

export type ReadOrder = (
  client: FhirClient,
  order: {
    type: string;
    id: string;
    needs: InputKind[];
    /** The results are about other people: nobody whom the order names is read, no Consent counts, and it has no inputs. */
    others?: true;
    acceptMissingDocStatus: boolean;
    /** What the vendor takes, where it needs pictures. */
    pictures?: PictureLimits;
    /** The patient's active Consent has to permit it; else only one that denies it counts. */
    requireConsent?: boolean;
    /** Who would be given the patient's data, as the EHR may name it: Consents that deny it are looked up. */
    vendor?: string;
    /** False: only the resources, for a look at status and signature; no attachment is fetched. Default true. */
    download?: boolean;
  },
) => Promise<OrderReading | undefined>;

/** The order as its Task shows it. Pure input of the Task builder. */
export interface TaskView {
  key: string;
  vendor: { name: string; title: string };
  focus: { type: string; id: string };
  subject?: string;
  encounter?: string;
  requester?: string;
  status: Task['status'];
  /** Words for a clinician, and a machine code; for rejected, failed, cancelled and on-hold. */
  reason?: { code: string; text: string };
  outcome?: OperationOutcome;
  businessStatus?: string;
  /** The id of the question that the order waits for, where it may be answered in the Task. */
  question?: string;
  jobs: string[];
  /** The adapter's own Device: `Device/…`. */
  owner: string;
  authoredOn: string;
  lastModified: string;
  startedAt?: string;
  endedAt?: string;
  outputs: { label: string; reference: string }[];
  /** Absent: those that the Task has already stay. */
  figures?: Figure[];
  /** Things a person should know: "Condition/12 was edited since and is left alone". */
  notes: string[];
}

/** What we last wrote of one part: only this version may be changed by us. */
export interface WrittenPart extends Saved {
  part: string;
  /** The part of the Patient that it is about or is itself: a person of somebody else's data. No output of the Task. */
  about?: string;
}

/** A file of the order, to stand in the EHR as a Binary before what refers to it is written. */
export interface PublishedFile extends SentFile {
  name: string;
  contentType: string;
  title: string;
  /** Base64, as Attachment.hash wants it. */
  sha1: string;
  /** Of a file that stands in the site's storage: the base64 of its CRC-32C, and where we serve it, if anybody can reach us. */
  kept?: { crc32c: string; url: string | undefined };
}

/** A Media, DocumentReference or report as it stands, and the URLs that it refers to: none where it is withdrawn. */
export interface FileHolder {
  type: string;
  id: string;
  urls: string[];
}

/** One publication: the findings of one order and generation, and what stands in the EHR of it so far. */
export interface Publication {
  /** The order's value in `urn:fhir-ai-adapter:order`. */
  key: string;
  vendor: { name: string; title: string };
  focus: Resource;
  /** The order's patient; needed unless the findings are about others. */
  subject?: string;
  encounter?: string;
  findings: Findings;
  /** References of the inputs by name, with the note's hash: what Provenance points to. */
  inputs: OrderInput[];
  files: PublishedFile[];
  /** Bytes up to which a kept file becomes a Binary; a larger one is referred to where we serve it. */
  binaryLimit: number;
  /** Stores what was written ahead of the transaction (a Binary), so that a crash does not write it again. */
  remember(written: WrittenPart[]): Promise<void>;
  policy: { confirmedInText: 'unconfirmed' | 'provisional'; reportStatus: 'preliminary' | 'partial' };
  essential: string[];
  /** When the vendor's run began and ended, and now (instants). */
  ranFrom: string;
  ranUntil: string;
  now: string;
  /** What earlier publications of this order wrote. */
  written: WrittenPart[];
  /** What earlier generations wrote: taken back in the same transaction where still ours. */
  superseded: WrittenPart[];
  /** What stays and is replaced all the same: references of the DiagnosticReports of a note that a newer one replaces. */
  replaces?: { reports: string[] };
  /** The Task as it shall be once the results stand, without outputs; and the version it must still have. */
  task: TaskView;
  taskId: string;
  taskVersion: string | undefined;
}

export interface Published {
  written: WrittenPart[];
  /** Provenance and other resources without identifier, by part. */
  task: Saved;
  /** What the server would not take, or what failed our own validation: told on the report already. */
  leftOut: { part: string; why: string }[];
  /** Resources of ours that somebody else has edited since: left alone, said on the Task. */
  leftAlone: string[];
  /** What our own validation found wrong with what was left out, as warnings. */
  warnings?: OperationOutcome;
  /** Second copies of ours that were found and withdrawn. */
  duplicates?: string[];
  /** A person has ended the Task meanwhile: nothing more was written. */
  cancelled?: boolean;
  /** What was looked at of all that may refer to files, a file's own resource before a report that names it, too. */
  holders: FileHolder[];
}
