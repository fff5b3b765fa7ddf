/** How long is waited before the next try to connect. Pure. */
import type { AdapterError, ErrorCode } from '../../errors.ts';

/** Somebody has to change something first; it is asked now and then whether they have. */
const REFUSALS: readonly ErrorCode[] = ['ehr-rejected', 'ehr-unauthorized', 'ehr-forbidden', 'ehr-protocol'];

export interface Pauses {
  /** Seconds of the first pause; each next one is twice as long. */
  first: number;
  longest: number;
  /** Seconds between two tries where the server refuses. */
  refused: number;
  /** Seconds that a connection has to hold before the pauses begin anew. */
  steady: number;
}

export const PAUSES: Pauses = { first: 1, longest: 60, refused: 300, steady: 60 };

export const isRefusal = (error: AdapterError): boolean => REFUSALS.includes(error.code);

/** Seconds; `failures` counts from 1, `random` in [0, 1) spreads many adapters that lost one server at the same time. */
export function pauseAfter(error: AdapterError, failures: number, random: number, pauses: Pauses = PAUSES): number {
  const growing = Math.min(pauses.longest, pauses.first * 2 ** Math.min(failures - 1, 16));
  const pause = isRefusal(error) ? pauses.refused : growing;
  return Math.max(pause * (0.5 + random / 2), error.retryAfter ?? 0);
}

/** What an operator is told of why it is not open. */
export function wordsFor(error: AdapterError): string {
  if (error.code === 'ehr-rejected') {
    return (
      `The server refuses Subscriptions over WebSockets (${error.status ?? 400}): on Medplum the feature ` +
      '"websocket-subscriptions" of the project has to be on, and the limit of such Subscriptions for one user not reached'
    );
  }
  return `${error.code}: ${error.message}`;
}
