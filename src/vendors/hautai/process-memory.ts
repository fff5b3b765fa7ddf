/**
 * What one process knows and never writes down: tokens of a login and signed upload addresses. Both let anybody act who
 * has them, and the order's state and `context.memory` are tables of a database. A process that comes later logs in
 * again, and opens a new batch where photos were still to be uploaded.
 */
import { perClient } from '../per-client.ts';
import type { Slot } from './answers.ts';
import type { Side } from './facts.ts';

export interface Login {
  token: string;
  refresh?: string;
  /** Milliseconds since 1970. */
  ends: number;
}

export interface OpenBatch {
  /** Milliseconds since 1970. */
  opened: number;
  slots: Map<Side, Slot>;
  /** Sides that storage has taken. */
  done: Set<Side>;
}

export interface ProcessMemory {
  /** By credential; a promise, so that many orders make one login. */
  logins: Map<string, Promise<Login>>;
  /** By the vendor's batch id. */
  batches: Map<string, OpenBatch>;
}

/** An address is not good for longer, whatever it says. */
const BATCH_MS = 3_600_000;

export const processMemory = perClient<ProcessMemory>(() => ({ logins: new Map(), batches: new Map() }));

/** Keeps the addresses of a new batch, and drops those that nobody came back for. */
export function rememberBatch(memory: ProcessMemory, id: string, slots: Map<Side, Slot>, now: Date): void {
  for (const [old, { opened }] of memory.batches) {
    if (now.getTime() - opened > BATCH_MS) {
      memory.batches.delete(old);
    }
  }
  memory.batches.set(id, { opened: now.getTime(), slots, done: new Set() });
}
