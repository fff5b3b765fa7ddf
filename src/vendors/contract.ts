/**
 * The vendor contract: what a vendor's folder has to provide. Adding one is a folder, a line in index.ts, a simulator
 * and a test file that runs the contract suite.
 *
 * Words used here:
 * - order: one clinician's request for one vendor's job; lives in the orders table.
 * - step: one repeatable piece of work; the engine stores the outcome after each.
 * - effect: a call that must not be repeated (it bills or creates something); the engine writes it ahead.
 * - part: one of many similar pieces of an order (a chunk, a picture, a slide), a row of its own.
 */
import type { CodeableConcept, Extension, Patient, Resource, Specimen } from '@medplum/fhirtypes';
import type { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import type { Findings } from '../findings.ts';
import type { CleanPicture, PictureLimits, PictureType, Plan } from '../pictures/types.ts';
import type { SlideFacts } from '../slides/types.ts';
import type { Files, Slides } from './files.ts';
import type { VendorHttp } from './http.ts';
import type { Secrets, VendorLogin, VendorSite } from './login.ts';

export type { Files, Keeping, ResultFile, Slides, Staging } from './files.ts';
export type { LoginCode, LoginPoll, Secrets, VendorLogin, VendorSite } from './login.ts';

/** What kinds of input a vendor needs the fhir room to collect for an order. */
export type InputKind = 'note' | 'picture' | 'slide';

/** One input of an order. Its bytes or text are fetched through the context, never held in the state. */
export interface OrderInput {
  /** Unique within the order and stable: `note`, `picture/1`. */
  name: string;
  kind: InputKind;
  contentType: string;
  /**
   * Lower-case hex SHA-256: of the extracted text's UTF-8 bytes for a note, of a picture's bytes; of a slide, which nobody
   * has read whole, of what it is known by: its address, size and the storage's own word for its version.
   */
  sha256: string;
  /** Bytes; for a note, of the extracted text in UTF-8. */
  size: number;
  /** A note's length in Unicode code points. */
  characters?: number;
  /** When the note was written or the picture taken (FHIR dateTime), where the EHR says. */
  date?: string;
  /** The EHR's resource that it comes from: `DocumentReference/1`. */
  reference: string;
  /** Where in that resource the bytes are, for the fhir room alone; of a picture, whose bytes stay in the EHR. */
  place?: string;
  picture?: PictureFacts;
  slide?: SlideInput;
}

/** What the EHR and the file's own header say of a slide. Its bytes are gigabytes: nobody has read them whole. */
export interface SlideInput extends SlideFacts {
  bodySite?: CodeableConcept;
  /** Extensions of the Media, DocumentReference or ImagingStudy series, then those of its Device. */
  extension: Extension[];
  /** `Specimen/…` that it was cut from, where the EHR says. */
  specimen?: string;
}

/** What the EHR says of a picture beside its bytes, and what its bytes say. */
export interface PictureFacts {
  contentType: PictureType;
  /** Pictures in the file: 1, or those within a zip. */
  pictures: number;
  /** Pixels, upright; absent for a zip. */
  width?: number;
  height?: number;
  /** It does not stand upright in the EHR, and is drawn anew before it leaves. */
  turned?: boolean;
  /** CRC-32 of each MiB of it in the EHR, by which it is known again when it is sent; for the pictures room alone. */
  blocks?: number[];
  /** Bytes of it as it leaves, where that is known before it does. */
  cleanSize?: number;
  /** Which of its bytes those are; for the pictures room alone. */
  plan?: Plan;
  /** `Media.view`; of a DocumentReference its title or description, as text. */
  view?: CodeableConcept;
  bodySite?: CodeableConcept;
  /** Extensions of the Media or DocumentReference, then those of its Device: what no element of FHIR carries. */
  extension: Extension[];
}

/** What a vendor is told of an order. Everything a clinician asked for, nothing it does not need. */
export interface VendorOrder<Options = unknown> {
  /** `{site}/{ResourceType}/{id}/{route}` and `~n` from the second generation on. */
  key: string;
  site: string;
  route: string;
  options: Options;
  /** The ordering resource as last read: a ServiceRequest or DocumentReference. */
  focus: Resource;
  patient?: Patient;
  inputs: OrderInput[];
  /** What was taken of the patient for it, as the order names them. */
  specimens?: Specimen[];
  /** A random pseudonym, one per patient and vendor; the only patient id a vendor may be given. */
  pseudonym: string;
}

/** Words for the clinician who ordered, and a stable code for the operator. */
export interface Reason {
  code: ErrorCode;
  /** A sentence a clinician understands; no PHI. */
  text: string;
}

export interface Refusal {
  refuse: Reason;
}

/** Tells a refusal from a vendor's state, whatever its type. */
export function isRefusal(begun: unknown): begun is Refusal {
  return typeof begun === 'object' && begun !== null && 'refuse' in begun;
}

/** A question that only a person can answer. */
export interface Question {
  /** Stable within the order; the answer names it. */
  id: string;
  text: string;
  /** Allowed answers by name, with what each means; and a number that may be given instead. */
  choices?: Record<string, string>;
  /** `exactly`: no other number will do; whoever types it shows that they have read it. */
  number?: { unit: string; minimum?: number; maximum?: number; exactly?: number };
  /** Who may answer; approver for anything that spends beyond the order. Default operator. */
  role?: 'operator' | 'approver';
  /** An instant; then the order comes to `advance` without an answer. */
  expires?: string;
  /**
   * It may also be answered in the EHR, in the order's Task, by these people: references (`Practitioner/1`). What they said
   * stays there, so what is asked anew has another id.
   */
  inEhr?: string[];
}

/** Until when something has to be done; shown to operators, who are warned before it. */
export interface Deadline {
  /** An instant. */
  at: string;
  /** In words, without PHI: "the download of the slides". */
  what: string;
}

/** What `context.answer` brings: an effect's answer, or a person's. */
export type Answer =
  | { to: 'effect'; key: string; value: unknown }
  /** `by`: a user of the console by name, or whoever answered in the EHR by reference; `at`: the instant of it. */
  | { to: 'question'; id: string; value: string | number; by: string; at: string };

export type Step<State, Result> =
  /** `tell`: lines for the order's timeline; no PHI. */
  | { next: State; after?: number; status?: string; tell?: string[] }
  | { effect: string; key: string }
  | { publish: Result; next: State; after?: number; status?: string }
  | { ask: Question; next: State }
  | { hold: Reason; until?: Date }
  | { done: Result }
  | { refuse: Reason }
  | { fail: Reason }
  /** A person did not want it, or did not answer: the order ends as cancelled. */
  | { cancel: Reason };

/** One row of many: a chunk, a picture, a slide. */
export interface Part<Data = unknown> {
  name: string;
  data: Data;
}

export interface Parts {
  /** All parts of the order, sorted by name (names are zero-padded by whoever makes them). */
  list<Data>(): Promise<Part<Data>[]>;
  /** Inserts or replaces parts in one statement; written together with the step's outcome under the order's fence. */
  put(parts: Part[]): Promise<void>;
}

export interface Memory {
  /**
   * The remembered value of a key of this site and vendor, or what `make` gives; single flight across processes.
   * `seconds` is its life; absent: for ever. Values are JSON.
   */
  get<T>(key: string, make: () => Promise<{ value: T; seconds?: number }>): Promise<T>;
  forget(key: string): Promise<void>;
}

/** What a vendor may use while it works on an order. */
export interface Context<Settings = unknown, Options = unknown> {
  settings: Settings;
  order: VendorOrder<Options>;
  http: VendorHttp;
  /** The text of a note (extracted; the reference for all offsets). */
  text(input: string): Promise<string>;
  /** A picture as it may leave: streamed from the EHR, checked and de-identified on the way. */
  picture(input: string): Promise<CleanPicture>;
  parts: Parts;
  files: Files;
  slides: Slides;
  memory: Memory;
  /** For vendors with `login`. */
  secrets: Secrets;
  answer?: Answer;
  /** Where the vendor may tell us that there is news of this order; absent where nobody can reach us from outside. */
  callbackUrl?: string;
  /** Says on the disclosures ledger which fields leave for the vendor; called before the call that sends them. */
  disclose(fields: string[], input?: string): Promise<void>;
  /** Aborted when the order is revoked or the process stops. */
  signal: AbortSignal;
  now(): Date;
}

/** A call that must not be repeated. */
export interface Effect<State, C = Context> {
  /** How many billable units of the site's limits one call counts; 0 where it creates but does not bill. */
  bills: number;
  /** The same where it depends on the order (a run of many slides counts each): then `bills` is the least. Pure. */
  units?(state: State): number;
  /** Makes the call and gives its answer (JSON, stored). Errors say by their kind whether the vendor may have taken it. */
  send(state: State, context: C, key: string): Promise<unknown>;
  /** Asks the vendor whether it took the call: its answer, or undefined for "no". Absent: the vendor cannot be asked. */
  lookup?(state: State, context: C, key: string): Promise<unknown | undefined>;
  /** With `lookup`: how often it is sent at most while nobody knows; then it is held. Absent: as often as it takes. */
  most?: number;
  /**
   * What happens when nobody knows and `lookup` is absent: send once more (a few times more where it bills nothing) and
   * then hold, or stop for a person at once.
   */
  onUnknown: 'repeat-once' | 'hold';
}

export interface Vendor<State = unknown, Result = unknown, Settings = unknown, Options = unknown> {
  /** As in the configuration: lower case, stable for ever. */
  name: string;
  /** The organisation as people know it. */
  title: string;
  settings: z.ZodType<Settings>;
  options: z.ZodType<Options>;
  state: z.ZodType<State>;
  result: z.ZodType<Result>;
  /** Where the vendor's HTTP client goes, and how long one request may take (seconds). */
  connect(settings: Settings): { baseUrl: string; timeout?: number | undefined };
  /** What the fhir room collects before `begin`. */
  needs: InputKind[];
  /**
   * Its results are about other people, and nothing of the order's patient is needed: none is read or given to it, no
   * Consent counts, and the order's subject may be a Group. Its findings name what they are about.
   */
  others?: true;
  /** Needed where `needs` names `picture`: what the fhir room refuses before anything is sent. */
  pictures?: PictureLimits;
  /** Identifies the credential that budgets, quotas and breakers belong to; secret material, hashed by the engine. */
  credential(settings: Settings): string;
  /** Pure: is this order complete enough, and what has to be done. */
  begin(order: VendorOrder<Options>): State | Refusal;
  /** Reads, decides, repeats harmlessly; never makes a call that must not be repeated. */
  advance(state: State, context: Context<Settings, Options>): Promise<Step<State, Result>>;
  effects: Record<string, Effect<State, Context<Settings, Options>>>;
  /** One shared look at many waiting orders of a credential: the keys of those worth a look now. */
  watch?(
    site: VendorSite<Settings> & { secrets: Secrets; memory: Memory },
    waiting: { key: string; state: State }[],
  ): Promise<string[]>;
  /**
   * What a body that came to the order's callback URL says: false where it is of another job, and nothing follows. Any
   * other only has us look sooner: what it claims is asked of the vendor. Pure, and takes whatever came.
   */
  callback?(body: unknown, state: State): boolean;
  /**
   * The state from which `advance` fetches the result of a finished order once more, with reads alone; for an operator's
   * retry of a completed order. Pure. Absent: what was stored is written again.
   */
  again?(result: Result, order: VendorOrder<Options>): State;
  /**
   * Cancels the vendor's job where it can; absent means it cannot. Repeats harmlessly. A sentence that it gives is told to
   * the orderer behind the reason of the cancellation: what could not be undone.
   */
  cancel?(state: State, context: Context<Settings, Options>): Promise<string | undefined>;
  /** Pure: what has to be done by when, also of an order that has ended in this state. Absent: nothing. */
  deadline?(state: State): Deadline | undefined;
  /** Pure: no clock, no network, no randomness. */
  toFindings(result: Result, order: VendorOrder<Options>): Findings;
  /** How a person logs in; absent: the settings hold the credential. */
  login?: VendorLogin<Settings>;
  /** For the doctor: tries the credentials without billing; throws AdapterError. With `login` there are `secrets`. */
  check(site: VendorSite<Settings> & { secrets?: Secrets }): Promise<string>;
}

/** Keeps a vendor's four types together where it is defined, and lets the registry hold vendors of any types. */
export function defineVendor<State, Result, Settings, Options>(
  vendor: Vendor<State, Result, Settings, Options>,
): Vendor<State, Result, Settings, Options> {
  return vendor;
}
