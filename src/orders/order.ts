/** An order as the engine has it in hand: the row of the orders table, typed. */
import type { Encounter, OperationOutcome, Patient, Resource, Specimen } from '@medplum/fhirtypes';
import type { OrderInput, Question } from '../vendors/contract.ts';
import type { Leg, OrderStatus } from './states.ts';

/** News of an order. What came before and was not looked at yet stays beside what comes after. */
export interface OrderNews {
  version?: string;
  gone?: boolean;
  source: string;
  /** `DocumentReference/2`, which says that it replaces the order's own resource. */
  replacedBy?: string;
  /** Somebody changed the order's Task: its version, or whatever tells this change from the one before. */
  task?: string;
  /** The EHR's own Task for us, which came after we had made one. */
  ehrTask?: string;
}

/** What an order waits for that it came without. */
export interface Awaiting {
  /** An instant; then it is refused. */
  until: string;
  code: string;
  text: string;
}

export interface CancelRequest {
  by: string;
  text: string;
}

export interface RetryRequest {
  by: string;
}

export interface OrderReason {
  code: string;
  text: string;
}

/** A person's answer, kept until the step that used it is stored. */
export interface GivenAnswer {
  id: string;
  value: string | number;
  by: string;
  /** An instant. */
  at: string;
}

/** What a person has let pass beyond the site's limits. */
export interface Approved {
  /** The day (UTC, `2026-11-22`) for which `perDay` may be passed. */
  perDay?: string;
  perOrder?: boolean;
}

/** Which publication is under way, and what comes after it. */
export interface Publishing {
  final: boolean;
  after?: number | undefined;
  /** The results stand, and the vendor is only asked for its newest ones; see again.ts. */
  again?: true;
}

export interface Order {
  id: string;
  publicId: string;
  key: string;
  baseKey: string;
  generation: number;
  site: string;
  route: string;
  vendor: string;
  resourceType: string;
  resourceId: string;
  seenVersion: string | null;
  seenUpdated: string | null;
  signature: string | null;
  status: OrderStatus;
  leg: Leg;
  run: number;
  state: unknown;
  publishing: Publishing | null;
  effect: string | null;
  effectKey: string | null;
  question: Question | null;
  answer: GivenAnswer | null;
  reason: OrderReason | null;
  outcome: OperationOutcome | null;
  heldBy: string | null;
  /** While held: when it goes on by itself; null: when an operator says so. */
  heldUntil: Date | null;
  businessStatus: string | null;
  approved: Approved | null;
  /** Until when something has to be done, as the vendor says, and what. */
  deadline: Date | null;
  deadlineWhat: string | null;
  taskId: string | null;
  taskVersion: string | null;
  /** A digest of the Task as last written, so that it is written again only when it would differ. */
  taskShown: string | null;
  /** The vendor's own state as the Task last said it, and when the Task was last written. */
  taskSaid: string | null;
  taskAt: Date | null;
  notes: string[] | null;
  /** The order is on hold in the EHR. */
  paused: OrderReason | null;
  awaiting: Awaiting | null;
  /** The id of the EHR's own Task for us, where there is one. */
  ehrTask: string | null;
  attempts: number;
  lastError: { code: string; text: string } | null;
  nextAt: Date | null;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  // Set by others while we work; a step never overwrites them, it consumes them.
  news: OrderNews | null;
  cancel: CancelRequest | null;
  retry: RetryRequest | null;
  claims: number;
  fence: string;
}

/** What was read of an order, kept beside it; the inputs' bytes have rows of their own, inline data is left out. */
export interface OrderSnapshot {
  focus: Resource;
  patient?: Patient | undefined;
  encounter?: Encounter | undefined;
  subject?: string | undefined;
  encounterReference?: string | undefined;
  requester?: string | undefined;
  inputs: OrderInput[];
  specimens?: Specimen[] | undefined;
  pseudonym: string;
}

/** The generation's suffix is part of the key: `general/DocumentReference/1/note-coding~2`. */
export function orderKey(baseKey: string, generation: number): string {
  return generation === 1 ? baseKey : `${baseKey}~${generation}`;
}
