/** The vendor's callback: unsigned, sent once, its key misspelt as in the documents. */
import { randomUUID } from 'node:crypto';
import type { HematoFault } from './faults.ts';

/** How long a receiver may take. */
const PATIENCE_MS = 10_000;

export interface CallbackParts {
  take(name: HematoFault): boolean;
  /** Default: the platform's. */
  send: typeof fetch;
  /** How much later than ready a late one comes. */
  lateMs: number;
}

/**
 * Sends the callback of a study in `milliseconds`, if `isDue` then. By the machine's own clock, as nobody turns a fake one
 * at the right moment; what becomes of it concerns nobody but its receiver.
 */
export function scheduleCallback(
  parts: CallbackParts,
  callback: { url: string; studyId: string; milliseconds: number; isDue(): boolean },
): void {
  const { take, send, lateMs } = parts;
  const { url, studyId, milliseconds, isDue } = callback;

  function deliver(id: string): void {
    const body = JSON.stringify({ pbs_stody_id: id, report_status: 'ready', progress: 1.0 });
    const headers = { 'Content-Type': 'application/json' };
    send(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(PATIENCE_MS) }).then(
      (answer) => void answer.body?.cancel(),
      () => undefined,
    );
  }

  function fire(): void {
    if (!isDue() || take('callback-missing')) {
      return;
    }
    const id = take('callback-forged') ? randomUUID() : studyId;
    const times = take('callback-duplicate') ? 2 : 1;
    const ids = Array.from({ length: times }, () => id);
    if (take('callback-late')) {
      later(() => ids.forEach(deliver), lateMs);
    } else {
      ids.forEach(deliver);
    }
  }

  later(fire, milliseconds);
}

function later(run: () => void, milliseconds: number): void {
  setTimeout(run, milliseconds).unref();
}
