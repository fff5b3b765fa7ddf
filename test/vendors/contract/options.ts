/** What a vendor's test file tells the contract suite. */
import type { OrderReading } from '../../../src/fhir/types.ts';
import type { OpenStorage } from '../../../src/storage/types.ts';
import type { Question, Vendor } from '../../../src/vendors/contract.ts';
import type { VendorHttp } from '../../../src/vendors/http.ts';

export interface OpenedVendor {
  /** As a site would write them, before the schema. */
  settings: Record<string, unknown>;
  /** Settings whose credential the vendor refuses. */
  wrongSettings: Record<string, unknown>;
  /** What must never be stored. */
  secrets: string[];
  /** Where the vendor is not reached over HTTP; default: the client that production uses, on `connect`'s base URL. */
  http?: VendorHttp;
  /** Where slides are copied to and results kept; default: none. The vendor can fetch what its URLs name. */
  storage?: OpenStorage;
  /** How often each thing has been billed or created, since it was opened. */
  ledger(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

export interface VendorFault {
  /** As in `… although {name}`. */
  name: string;
  /**
   * `transient`: nothing was taken. `ambiguous`: taken or not, the answer is lost. `quota`: every order of the credential
   * is held until an operator has acted. `either`: it depends on which call it meets.
   */
  kind: 'transient' | 'ambiguous' | 'either' | 'quota';
  /** Makes the simulator misbehave once. */
  set(vendor: OpenedVendor): void | Promise<void>;
  /** What an operator does about it. */
  mend?(vendor: OpenedVendor): void | Promise<void>;
}

export interface ContractOptions {
  vendor: Vendor;
  /** A route's options, as in the configuration. */
  options?: Record<string, unknown>;
  /** The route's search, where orders are no DocumentReferences. */
  on?: string;
  openVendor(): Promise<OpenedVendor>;
  /** A complete order; the same content whatever the id. */
  reading(id: string): OrderReading;
  /** The bytes of its pictures, as they may leave, by the reference of their input. */
  pictures?: ReadonlyMap<string, Uint8Array>;
  /** The bytes of its slides, as they stand, by the reference of their input. */
  slides?: ReadonlyMap<string, Uint8Array>;
  /** Answers to what the vendor asks a person, by question. */
  answers?: Record<string, string | number>;
  /** The same where a question's id or its answer is not known beforehand. */
  answer?(question: Question): string | number;
  /** What differs in the findings of two runs although nothing is wrong: the instant of a purchase, an order's own name. */
  varies?: RegExp[];
  /** The ledger's name of what an effect key bills; default: the key itself. */
  billedAs?(key: string): string;
  faults?: VendorFault[];
}
