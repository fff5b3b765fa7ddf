/** The vendor's answers when something is wrong: `{"detail": …}`, FastAPI's list of problems, or plain text of the gateway. */
import type { Response } from 'express';
import type { z } from 'zod';

/** One problem as FastAPI words it. */
export interface Problem {
  loc: (string | number)[];
  msg: string;
  type: string;
  input?: unknown;
  ctx?: object;
}

export function refuse(response: Response, status: number, detail: string): void {
  response.status(status).json({ detail });
}

export function invalid(response: Response, problems: Problem[]): void {
  response.status(422).json({ detail: problems });
}

/** Before the API itself there is a gateway, which does not speak JSON. */
export function unauthorized(response: Response, why: string): void {
  response.status(401).set('WWW-Authenticate', 'Bearer').type('text/plain').send(why);
}

/** The issues of a schema in FastAPI's words. `root`: `body` or `query`. */
export function problemsOf(root: string, issues: readonly z.core.$ZodIssue[]): Problem[] {
  return issues.map((issue) => {
    const loc = [root, ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))];
    const input = issue.input;
    if (issue.code === 'invalid_type' && input === undefined) {
      return { loc, msg: 'Field required', type: 'missing' };
    }
    if (issue.code === 'too_big' && issue.origin === 'string') {
      const ctx = { max_length: Number(issue.maximum) };
      return {
        loc,
        msg: `String should have at most ${issue.maximum} characters`,
        type: 'string_too_long',
        input,
        ctx,
      };
    }
    if (issue.code === 'too_small' && issue.origin === 'array') {
      const ctx = { min_length: Number(issue.minimum), actual_length: 0 };
      return { loc, msg: `List should have at least ${issue.minimum} item`, type: 'too_short', input, ctx };
    }
    return { loc, msg: issue.message, type: issue.code === 'custom' ? 'value_error' : issue.code, input };
  });
}

/** `2026-11-22T09:14:03.201934Z`: the vendor counts microseconds. */
export const instant = (milliseconds: number, micros = 0) =>
  new Date(milliseconds).toISOString().replace('Z', `${String(micros % 1000).padStart(3, '0')}Z`);
