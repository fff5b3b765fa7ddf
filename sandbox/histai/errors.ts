/** The vendor's table of error codes, and the four shapes that its undocumented error body may have. */
import type { ErrorShape } from './options.ts';

/** By code: the status and the message. */
export const ERRORS = {
  INVALID_PARAMETERS: [400, 'Invalid request parameters or body'],
  INVALID_API_KEY: [401, 'Missing or invalid API key'],
  STORAGE_OVERAGE: [402, 'Storage limit exceeded'],
  SUBSCRIPTION_REQUIRED: [402, 'Active subscription required'],
  INSUFFICIENT_FUNDS: [402, 'Balance is lower than the cohort price'],
  API_KEY_NOT_ALLOWED: [403, 'Endpoint not allowed for API keys'],
  NO_PERMISSION: [403, 'Cohort belongs to another user'],
  NOT_FOUND: [404, 'Not found'],
  INVALID_NAME: [409, 'Name is blank or too long'],
  DUPLICATE_CASES: [409, 'Duplicate caseId'],
  COHORT_STATUS_INVALID: [409, 'Cohort is not UNPAID'],
  COHORT_ALREADY_PAID: [409, 'Cohort is already paid'],
  EXPORT_NOT_READY: [409, 'Export is being prepared'],
  COHORT_NOT_PAID: [409, 'Cohort is not paid'],
  EXPORT_WINDOW_EXPIRED: [410, 'Download window has expired'],
  RATE_LIMITED: [429, 'Too many requests'],
  INTERNAL_ERROR: [500, 'Unexpected error'],
} as const;

export type ErrorCode = keyof typeof ERRORS;

const SHAPES: Record<ErrorShape, (code: ErrorCode, message: string) => object> = {
  code: (code, message) => ({ code, message }),
  nested: (code, message) => ({ error: { code, message } }),
  errorCode: (errorCode, message) => ({ errorCode, message }),
  detail: (code) => ({ detail: code }),
};

export const errorBody = (shape: ErrorShape, code: ErrorCode, message: string): object => SHAPES[shape](code, message);
