/** The vendor's answers: all but the heartbeat and callbacks come in one envelope. */
import type { Response } from 'express';
import type { Habits } from './profiles.ts';

export const VERSION = 'bb_api.401.main.0a1b2c3';

/** The answer in the host's words; of a bare host only `results`. */
export function envelope(habits: Pick<Habits, 'bare'>, status: number, results: unknown, milliseconds: number) {
  return habits.bare
    ? { results }
    : { status, results, debug_info: { delta: `${milliseconds.toFixed(3)}ms`, version: VERSION } };
}

/** What went wrong, for logs (`error`) and, where there is such a sentence, for people (`user_message`). */
export interface Refusal {
  status: number;
  error: string;
  user_message: string;
}

/** Refuses with the envelope, which has the same fields in every generation. */
export function refuse(response: Response, { status, error, user_message }: Refusal): void {
  response.status(status).json({ status, error, results: {}, user_message, debug_info: {} });
}

const refusal = (status: number, error: string, user_message: string): Refusal => ({ status, error, user_message });

export const badRequest = (error: string, message = 'The request is not complete.') => refusal(400, error, message);
export const unauthorized = (error: string) => refusal(401, error, 'Please sign in again.');
export const FORBIDDEN = refusal(403, 'user has no access to this region', 'You do not have access to this region.');
export const STUDY_NOT_FOUND = refusal(404, 'pbs study not found', 'The study could not be found.');
export const TASK_NOT_FOUND = refusal(404, 'no such task in this study', 'The study could not be found.');
export const PATH_NOT_FOUND = refusal(404, 'path not found', 'Something went wrong. Please try again later.');
export const NOT_ALLOWED = refusal(405, 'method not allowed', 'Something went wrong. Please try again later.');
export const TOO_LARGE = refusal(413, 'file is too large', 'The image is too large.');
export const TOO_MANY = refusal(429, 'too many requests', 'Please try again in a few seconds.');
export const INTERNAL = refusal(500, 'internal error ref 5d1f', 'Something went wrong. Please try again later.');
export const UNKNOWN_TYPE = badRequest(
  'file type could not be determined',
  'The image format is not recognised. Please send a JPEG, PNG or ZIP file.',
);
