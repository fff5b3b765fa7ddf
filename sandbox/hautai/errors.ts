/** The vendor's answers when something is wrong: its error envelope, and Django's own page for what is no path at all. */
import type { Response } from 'express';

export interface VendorError {
  code: string;
  detail: string;
  /** The field that is wrong. */
  attr: string | null;
  extra: object | null;
}

const TYPES: Record<number, string> = { 400: 'validation_error', 500: 'server_error' };

/** Sends the envelope; 400 is a validation error unless `type` says otherwise. */
export function refuse(response: Response, status: number, errors: VendorError[], type?: string): void {
  response.status(status).json({ type: type ?? TYPES[status] ?? 'client_error', errors });
}

export const oneError = (code: string, detail: string, attr: string | null = null, extra: object | null = null) => [
  { code, detail, attr, extra },
];

const UNAUTHENTICATED = 'Authentication credentials were not provided.';

export function unauthorized(response: Response, given: boolean): void {
  const error = given
    ? oneError('authentication_failed', 'Token is invalid or expired')
    : oneError('not_authenticated', UNAUTHENTICATED);
  refuse(response.set('WWW-Authenticate', 'Bearer'), 401, error);
}

export function forbidden(response: Response): void {
  refuse(response, 403, oneError('permission_denied', 'You do not have permission to perform this action.'));
}

export function notFound(response: Response, detail = 'Not found.'): void {
  refuse(response, 404, oneError('not_found', detail));
}

/** `seconds` also goes into Retry-After. */
export function throttled(response: Response, seconds: number): void {
  const detail = `Request was throttled. Expected available in ${seconds} seconds.`;
  refuse(response.set('Retry-After', String(seconds)), 429, oneError('throttled', detail));
}

export function serverError(response: Response): void {
  refuse(response, 500, oneError('error', 'A server error occurred.'));
}

/** What Django itself says where no route matches; not the envelope, as no view was reached. */
export function noSuchPage(response: Response): void {
  response
    .status(404)
    .type('html')
    .send(
      '<!doctype html>\n<html lang="en">\n<head><title>Not Found</title></head>\n<body><h1>Not Found</h1></body>\n</html>\n',
    );
}
