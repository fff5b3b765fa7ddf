import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Log } from '../log.ts';
import { problemHandler, sendProblem } from './problem.ts';

/**
 * What no router has answered. Mounted last: Express's own pages would show the stack, and it would write the stack to
 * standard error.
 */
export function lastWord(log?: Log): (RequestHandler | ErrorRequestHandler)[] {
  const notFound: RequestHandler = (_request, response) => {
    sendProblem(response, 404, 'not-found', 'There is nothing at this address.');
  };
  const begunAlready: ErrorRequestHandler = (_thrown, _request, response, _next) => {
    response.destroy();
  };
  return [notFound, problemHandler(log), begunAlready];
}
