/**
 * The one error class of the adapter.
 *
 * An error is classified where it is thrown, never by parsing its message later:
 * - `transient`: nothing is wrong with the request; the same call may work later.
 * - `ambiguous`: the other side may or may not have done it (a timeout after the request was sent). Look before repeating.
 * - `permanent`: repeating does not help.
 *
 * `message` is public: it may stand in a log line, a Task or an API answer. It never carries a body, a name, an id of a
 * patient, a URL query or a token. What only helps a developer goes into `cause`, which is never logged whole.
 */
import type { OperationOutcome } from '@medplum/fhirtypes';

export type ErrorKind = 'transient' | 'ambiguous' | 'permanent';

/** What the engine does with an order that meets a permanent error: give up, or wait for an operator. */
export type Remedy = 'fail' | 'refuse' | 'hold';

interface CodeFacts {
  kind: ErrorKind;
  remedy?: Remedy;
  /** What the operator can do about it. */
  operator: string;
}

/** Every code the adapter can throw, with its default class and what an operator does about it. */
export const ERROR_CODES = {
  'config-invalid': { kind: 'permanent', operator: 'Correct the configuration file as the message says.' },
  'port-unavailable': { kind: 'permanent', operator: 'Free the port, or set PORT to another one.' },
  'database-unavailable': { kind: 'transient', operator: 'Check that the database is up and reachable.' },
  'database-locked': { kind: 'permanent', operator: 'Stop the other process that uses this data folder.' },
  'lease-lost': { kind: 'transient', operator: 'Nothing: another process has taken the order over.' },
  'shutting-down': { kind: 'transient', operator: 'Nothing: the order goes on at the next start.' },

  'ehr-unreachable': { kind: 'transient', operator: 'Check the FHIR server and the network to it.' },
  'ehr-timeout': { kind: 'ambiguous', operator: 'Check the load of the FHIR server.' },
  'ehr-busy': { kind: 'transient', operator: 'Nothing: the FHIR server asked to wait.' },
  'ehr-error': { kind: 'transient', operator: 'Look at the FHIR server: it answered with a server error.' },
  'ehr-unauthorized': { kind: 'permanent', remedy: 'hold', operator: "Check the site's fhir.auth and its scopes." },
  'ehr-forbidden': { kind: 'permanent', remedy: 'hold', operator: 'Grant the adapter access to this resource type.' },
  'ehr-rejected': {
    kind: 'permanent',
    remedy: 'fail',
    operator: 'Read the OperationOutcome on the order; retry replays.',
  },
  'ehr-conflict': { kind: 'transient', operator: 'Nothing: the resource changed meanwhile and is read again.' },
  'ehr-protocol': {
    kind: 'permanent',
    remedy: 'fail',
    operator: 'The server answered with something that is not FHIR.',
  },

  'order-incomplete': { kind: 'permanent', remedy: 'refuse', operator: 'The orderer has to complete the order.' },
  'input-unavailable': { kind: 'permanent', remedy: 'refuse', operator: 'Check that the attachment can be fetched.' },
  'input-unsupported': { kind: 'permanent', remedy: 'refuse', operator: 'The orderer has to send another format.' },
  'input-too-large': { kind: 'permanent', remedy: 'refuse', operator: 'The orderer has to send something smaller.' },
  'consent-denied': { kind: 'permanent', remedy: 'refuse', operator: "Nothing: the patient's consent forbids it." },
  'not-approved': {
    kind: 'permanent',
    remedy: 'fail',
    operator: 'Nothing: a person did not approve it, or not in time.',
  },

  'storage-unavailable': { kind: 'transient', operator: "Check the site's storage: disk or bucket, and its keys." },
  'storage-full': { kind: 'transient', operator: "Make room in the site's storage; the order goes on by itself." },

  'vendor-unreachable': { kind: 'transient', operator: 'Check the network to the vendor.' },
  'vendor-timeout': { kind: 'ambiguous', operator: 'Check whether the vendor is slow.' },
  'vendor-busy': { kind: 'transient', operator: 'Nothing: the vendor asked to wait.' },
  'vendor-error': { kind: 'transient', operator: 'Look at the vendor: it answered with a server error.' },
  'vendor-unauthorized': { kind: 'permanent', remedy: 'hold', operator: "Check the vendor's credentials, then retry." },
  'vendor-quota': { kind: 'permanent', remedy: 'hold', operator: "Raise the vendor's quota, then retry." },
  'vendor-rejected': { kind: 'permanent', remedy: 'fail', operator: 'The vendor refused the request.' },
  'vendor-protocol': { kind: 'permanent', remedy: 'fail', operator: "The vendor's answer has an unknown shape." },
  'effect-unknown': {
    kind: 'permanent',
    remedy: 'hold',
    operator: 'Ask the vendor whether it took the call, then retry or cancel.',
  },
  'limit-reached': {
    kind: 'permanent',
    remedy: 'hold',
    operator: "Answer the order's question, or raise the site's limit.",
  },

  unexpected: { kind: 'transient', operator: 'A defect of the adapter: report it with the log lines of this order.' },
} as const satisfies Record<string, CodeFacts>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorOptions {
  cause?: unknown;
  /** Overrides the code's default class, e.g. a 5xx to a call that bills is `ambiguous`. */
  kind?: ErrorKind;
  remedy?: Remedy;
  /** What an operator can do about this one, where it is more than the code says. */
  operator?: string;
  /** Words for the clinician who ordered; English, no PHI. Absent: `message` is used. */
  orderer?: string;
  /** Seconds that the other side asked us to wait (Retry-After), honoured in full. */
  retryAfter?: number;
  /** The HTTP status of the other side's answer, where there was one. */
  status?: number;
  /** What the FHIR server said; kept for the order, never logged or serialized: it may quote what we sent. */
  outcome?: OperationOutcome;
}

export class AdapterError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly remedy: Remedy;
  readonly orderer: string;
  /** What an operator can do about it. */
  readonly operator: string;
  readonly retryAfter: number | undefined;
  readonly status: number | undefined;
  declare readonly outcome: OperationOutcome | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'AdapterError';
    const facts: CodeFacts = ERROR_CODES[code];
    this.code = code;
    this.kind = options.kind ?? facts.kind;
    this.remedy = options.remedy ?? facts.remedy ?? 'fail';
    this.orderer = options.orderer ?? message;
    this.operator = options.operator ?? facts.operator;
    this.retryAfter = options.retryAfter;
    this.status = options.status;
    // A cause may hold bodies and URLs: keep it out of serializers and console output.
    Object.defineProperty(this, 'cause', { enumerable: false });
    Object.defineProperty(this, 'outcome', { enumerable: false, value: options.outcome });
  }
}

/** Any thrown thing as an AdapterError; what is not one is `unexpected`, with the original only as its cause. */
export function asAdapterError(thrown: unknown): AdapterError {
  if (thrown instanceof AdapterError) {
    return thrown;
  }
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  return new AdapterError('unexpected', `Unexpected ${name}`, { cause: thrown });
}
