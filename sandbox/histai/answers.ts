/** How the API answers: in one spelling, in one envelope, its errors in one shape. */
import type { Response } from 'express';
import { toSnake } from './casing.ts';
import { ERRORS, type ErrorCode, errorBody } from './errors.ts';
import type { HistaiFault } from './faults.ts';
import type { HistaiOptions } from './options.ts';
import { type Page, wrap } from './paging.ts';

export interface Answers {
  /** In the spelling that the options say. */
  send(response: Response, body: object, status?: number): void;
  /** As it is: its keys are names of filters. */
  sendFacets(response: Response, facets: object): void;
  /** `named`: what is in it. */
  sendPage(response: Response, page: Page<object>, named: string): void;
  refuse(response: Response, code: ErrorCode, message?: string): void;
}

export function createAnswers(options: Required<HistaiOptions>, take: (fault: HistaiFault) => boolean): Answers {
  function write(response: Response, body: unknown, status = 200): void {
    const text = JSON.stringify(body);
    const sent = take('malformed-json') ? text.slice(0, Math.ceil(text.length / 2)) : text;
    response.status(status).type('json').send(sent);
  }
  const spelt = (body: unknown) => (options.casing === 'snake' ? toSnake(body) : body);

  return {
    send: (response, body, status) => write(response, spelt(body), status),
    sendFacets: (response, facets) => write(response, facets),
    sendPage: (response, page, named) => write(response, spelt(wrap(page, options.envelope, named))),
    refuse(response, code, message) {
      const [status, usual] = ERRORS[code];
      response.status(status).json(errorBody(options.errorShape, code, message ?? usual));
    },
  };
}
