/** Request bodies: raw first, then JSON or a form, by content type. */
import { OperationOutcomeError, unsupportedMediaType } from '@medplum/core';
import express, { type Request, type RequestHandler } from 'express';
import { refuse } from './outcomes.ts';

const JSON_TYPES = new Set(['application/fhir+json', 'application/json', 'application/json-patch+json', 'text/json']);

/** Reads the bytes of every body whatever its type; `limit` in bytes. */
export const readBody = (limit: number): RequestHandler => express.raw({ type: () => true, limit });

export function bodyOf(request: Request): Buffer {
  const { body } = request;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** The parsed JSON; 415 for another content type, 400 for what does not parse or is a bare value. */
export function jsonOf(request: Request): unknown {
  const [type = ''] = (request.get('content-type') ?? '').split(';');
  if (!JSON_TYPES.has(type.trim().toLowerCase())) {
    throw new OperationOutcomeError(unsupportedMediaType);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(bodyOf(request).toString('utf8'));
  } catch {
    throw refuse('invalid', 'structure', 'The body is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null) {
    throw refuse('invalid', 'structure', 'The body is no JSON object');
  }
  return parsed;
}

/** The words of a search by POST. */
export function formOf(request: Request): URLSearchParams {
  if (!request.get('content-type')?.startsWith('application/x-www-form-urlencoded')) {
    throw new OperationOutcomeError(unsupportedMediaType);
  }
  return new URLSearchParams(bodyOf(request).toString('utf8'));
}
