/** The simulator's memory: cohorts and accounts. Nothing of it is kept. */
import { randomUUID } from 'node:crypto';
import type { HistaiOptions } from './options.ts';

/** What one payment said, so that its key says the same again. */
export interface Payment {
  cohortId: string;
  answer: object;
}

export interface Transaction {
  id: string;
  type: 'TOPUP' | 'PURCHASE';
  /** Never negative. */
  amountUsd: number;
  /** ISO instant. */
  createdDate: string;
  cohortId?: string;
}

export interface Account {
  balanceUsd: number;
  /** Oldest first. */
  history: Transaction[];
  /** By idempotency key, in lower case. */
  payments: Map<string, Payment>;
}

export interface Cohort {
  id: string;
  name: string;
  owner: Account;
  /** Milliseconds of the simulator's clock. */
  createdAt: number;
  /** By case: the ids of its slides that are in the cohort, in the case's order. */
  content: Map<string, string[]>;
  /** What is added to the price of the table. */
  extraUsd: number;
  /** Created under `never-built`. */
  held: boolean;
  buildFails: boolean;
  paid?: Purchase;
}

export interface Purchase {
  /** Milliseconds of the simulator's clock. */
  at: number;
  /** Paid under `export-never-ready`. */
  held: boolean;
  exportFails: boolean;
  /** When the links were last renewed. */
  renewedAt?: number;
}

export interface World {
  cohorts: Map<string, Cohort>;
  /** By API key. */
  accounts: ReadonlyMap<string, Account>;
}

/** Two accounts, each with a balance that was paid in before. */
export function createWorld({ apiKey, otherApiKey, balanceUsd }: Required<HistaiOptions>, now: () => Date): World {
  const account = (): Account => ({
    balanceUsd,
    history: [{ id: randomUUID(), type: 'TOPUP', amountUsd: balanceUsd, createdDate: now().toISOString() }],
    payments: new Map(),
  });
  return { cohorts: new Map(), accounts: new Map([apiKey, otherApiKey].map((key) => [key, account()])) };
}
