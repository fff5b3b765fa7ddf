/** The states of an order, in one table: what each means, what the Task shows, and whether it has ended. */
import type { Task } from '@medplum/fhirtypes';

interface StateFacts {
  meaning: string;
  task: Task['status'];
  ended: boolean;
}

export const STATES = {
  received: { meaning: 'It reached us; what it refers to is being read.', task: 'received', ended: false },
  accepted: { meaning: 'Complete enough; the vendor has not begun.', task: 'accepted', ended: false },
  working: { meaning: "With the vendor, or between two of the vendor's steps.", task: 'in-progress', ended: false },
  waiting: { meaning: 'A person has to answer a question.', task: 'on-hold', ended: false },
  held: {
    meaning: "An operator's matter: quota, credentials, a vendor that is down, a doubt.",
    task: 'on-hold',
    ended: false,
  },
  writing: { meaning: 'Done at the vendor; the results are being written.', task: 'in-progress', ended: false },
  completed: { meaning: 'The results stand in the EHR.', task: 'completed', ended: true },
  withdrawn: {
    meaning: 'Entered in error after it was done: what was written has been taken back.',
    task: 'completed',
    ended: true,
  },
  rejected: { meaning: 'The order cannot be done as it is; the orderer was told why.', task: 'rejected', ended: true },
  failed: { meaning: 'It could not be done; an operator may retry.', task: 'failed', ended: true },
  cancelled: { meaning: 'Revoked, replaced or deleted, or stopped by a person.', task: 'cancelled', ended: true },
} as const satisfies Record<string, StateFacts>;

export type OrderStatus = keyof typeof STATES;

/**
 * Which stretch of its way the order is on: `read` (from the EHR), `vendor`, `write` (into the EHR), `withdraw` (what was
 * written is taken back), `tell` (only the Task is left to write), `ended`. A retry goes back to the stretch that failed,
 * never further.
 */
export const LEGS = ['read', 'vendor', 'write', 'withdraw', 'tell', 'ended'] as const;
export type Leg = (typeof LEGS)[number];

export const STATUSES = Object.keys(STATES).filter((name): name is OrderStatus => name in STATES);
