/**
 * What the Datahub's refusals mean: its documented table of codes, as data. RATE_LIMITED (429) and INTERNAL_ERROR (500) are
 * not in it: the HTTP client knows them by their status.
 */
import type { ErrorCode, ErrorKind, Remedy } from '../../errors.ts';

export interface Meaning {
  code: ErrorCode;
  kind: ErrorKind;
  remedy?: Remedy;
  /** For the operator; the status and the vendor's code are added. */
  message: string;
  /** For whoever ordered. */
  orderer: string;
  operator?: string;
}

const WAITS_FOR_OPERATOR = 'the order waits for the operator of the adapter.';
const ACCOUNT = `The account at HistAI cannot be used at the moment; ${WAITS_FOR_OPERATOR}`;
const NOT_TAKEN = 'HistAI did not take what was asked of it.';

export const REFUSALS = {
  INVALID_PARAMETERS: {
    status: 400,
    code: 'vendor-rejected',
    kind: 'permanent',
    message: 'HistAI refused the request as invalid',
    orderer: NOT_TAKEN,
  },
  INVALID_API_KEY: {
    status: 401,
    code: 'vendor-unauthorized',
    kind: 'permanent',
    message: 'HistAI refused the API key',
    orderer: `The AI service does not accept our credentials; ${WAITS_FOR_OPERATOR}`,
  },
  STORAGE_OVERAGE: {
    status: 402,
    code: 'vendor-quota',
    kind: 'permanent',
    message: 'The storage of the HistAI account is over its limit',
    orderer: ACCOUNT,
    operator: "Free the account's storage at HistAI or enlarge it, then retry.",
  },
  SUBSCRIPTION_REQUIRED: {
    status: 402,
    code: 'vendor-quota',
    kind: 'permanent',
    message: 'The HistAI account has no active subscription',
    orderer: ACCOUNT,
    operator: "Renew the account's subscription at HistAI, then retry.",
  },
  // One cohort that is too dear is no reason to stop the orders of everybody else, as vendor-quota would.
  INSUFFICIENT_FUNDS: {
    status: 402,
    code: 'vendor-rejected',
    kind: 'permanent',
    remedy: 'hold',
    message: 'The balance of the HistAI account is lower than the price of the cohort',
    orderer: 'The balance at HistAI is too low for this cohort; nothing was bought, the order waits for the approver.',
    operator: 'Have the approver decide: pay money in at HistAI and retry, or cancel. The adapter never tops up.',
  },
  API_KEY_NOT_ALLOWED: {
    status: 403,
    code: 'vendor-unauthorized',
    kind: 'permanent',
    message: 'HistAI takes no API key for this endpoint',
    orderer: `HistAI does not allow this with our credentials; ${WAITS_FOR_OPERATOR}`,
    operator: 'Ask HistAI which endpoints are open to API keys of this account.',
  },
  NO_PERMISSION: {
    status: 403,
    code: 'vendor-rejected',
    kind: 'permanent',
    remedy: 'hold',
    message: 'The cohort belongs to another HistAI account',
    orderer: `The cohort of this order belongs to another account; ${WAITS_FOR_OPERATOR}`,
    operator: 'Check whether the API key was exchanged for one of another account.',
  },
  NOT_FOUND: {
    status: 404,
    code: 'vendor-rejected',
    kind: 'permanent',
    message: 'HistAI does not know the cohort, case, slide or export',
    orderer: 'A case or the cohort is not at HistAI any more.',
  },
  INVALID_NAME: {
    status: 409,
    code: 'vendor-rejected',
    kind: 'permanent',
    message: 'HistAI refused the name of the cohort',
    orderer: NOT_TAKEN,
  },
  DUPLICATE_CASES: {
    status: 409,
    code: 'vendor-rejected',
    kind: 'permanent',
    message: 'HistAI refused a case that was named twice',
    orderer: NOT_TAKEN,
  },
  // Being built: it passes. Paid: it shows when the status is read again.
  COHORT_STATUS_INVALID: {
    status: 409,
    code: 'vendor-busy',
    kind: 'transient',
    message: 'The cohort is not in a status that allows this',
    orderer: 'The cohort is not ready for this yet.',
  },
  COHORT_ALREADY_PAID: {
    status: 409,
    code: 'vendor-rejected',
    kind: 'permanent',
    remedy: 'hold',
    message: 'The cohort is paid for already',
    orderer: `The cohort of this order is paid for already; ${WAITS_FOR_OPERATOR}`,
    operator: "Look at the cohort and the account's history at HistAI, then retry or cancel.",
  },
  EXPORT_NOT_READY: {
    status: 409,
    code: 'vendor-busy',
    kind: 'transient',
    message: 'The export is still being prepared',
    orderer: 'HistAI is still preparing the files.',
  },
  COHORT_NOT_PAID: {
    status: 409,
    code: 'vendor-rejected',
    kind: 'permanent',
    remedy: 'hold',
    message: 'HistAI holds the cohort for unpaid',
    orderer: `HistAI holds the cohort for unpaid; ${WAITS_FOR_OPERATOR}`,
    operator: "Compare the order with the cohort and the account's history at HistAI.",
  },
  EXPORT_WINDOW_EXPIRED: {
    status: 410,
    code: 'vendor-rejected',
    kind: 'permanent',
    message: 'The time to download the files is over',
    orderer: 'The files cannot be had from HistAI any more; their descriptions still can.',
    operator: 'Slides are kept for 14 days from the purchase: ask HistAI for them.',
  },
} as const satisfies Record<string, Meaning & { status: number }>;

export type DatahubCode = keyof typeof REFUSALS;

/** Answers without a code that we know: what their status alone says. */
export const UNNAMED: Readonly<Record<number, DatahubCode | Meaning>> = {
  400: 'INVALID_PARAMETERS',
  401: 'INVALID_API_KEY',
  402: {
    code: 'vendor-quota',
    kind: 'permanent',
    message: 'HistAI asks for money, and does not say what for',
    orderer: ACCOUNT,
    operator: "Look at the account's subscription, storage and balance at HistAI, then retry.",
  },
  403: {
    code: 'vendor-unauthorized',
    kind: 'permanent',
    message: 'HistAI does not allow this',
    orderer: `HistAI does not allow this with our credentials; ${WAITS_FOR_OPERATOR}`,
  },
  404: 'NOT_FOUND',
  // A conflict may be with the same call made before: after one that must not be repeated nobody knows.
  409: {
    code: 'vendor-rejected',
    kind: 'permanent',
    remedy: 'hold',
    message: 'HistAI refused the request as in conflict with something',
    orderer: `HistAI refused the request; ${WAITS_FOR_OPERATOR}`,
  },
  410: 'EXPORT_WINDOW_EXPIRED',
};
