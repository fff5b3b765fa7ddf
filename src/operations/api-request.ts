/** How the API reads what it is sent. */
import express, { type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import { sendProblem } from './problem.ts';

/** Bytes of a request's body: no answer and no reason is longer. */
const BODY_LIMIT = 16_384;

/** Reads a JSON body; a body of another type is refused rather than overlooked. */
export function body(): RequestHandler[] {
  return [
    express.json({ limit: BODY_LIMIT }),
    (request, response, next) => {
      const sent = request.headers['transfer-encoding'] !== undefined || Number(request.get('content-length') ?? 0) > 0;
      if (sent && request.body === undefined) {
        sendProblem(response, 415, 'unsupported-media-type', 'Send JSON in UTF-8, as application/json.');
      } else {
        next();
      }
    },
  ];
}

/** The value as its schema makes it; otherwise a 400 has been sent. */
export function parsed<T extends z.ZodType>(schema: T, value: unknown, response: Response): z.output<T> | undefined {
  const result = schema.safeParse(value);
  if (result.success) {
    return result.data;
  }
  sendProblem(response, 400, 'invalid', 'The request is not as /api/openapi.json describes it.', {
    errors: result.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })),
  });
  return undefined;
}
