/** Problem documents (RFC 9457): the only form in which the API, and what no router answers, says no. */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';

/** Answers with a problem document. `detail` is for people and holds no patient data. */
export function sendProblem(
  response: Response,
  status: number,
  type: string,
  detail: string,
  more: Record<string, unknown> = {},
): void {
  response
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        ...more,
        type: `urn:fhir-ai-adapter:problem:${type}`,
        title: TITLES[status] ?? 'Error',
        status,
        detail,
      }),
    );
}

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  422: 'Not acceptable as it is',
  500: 'Internal error',
  502: 'The server that was asked does not do it',
  503: 'Not available',
};

/** What Express and its body parser throw, by status; in our words, because theirs quote the request. */
const REQUEST_ERRORS: Record<number, { type: string; detail: string }> = {
  400: { type: 'malformed', detail: 'The request cannot be read: its body must be JSON, its address well formed.' },
  412: { type: 'precondition-failed', detail: 'What is here is not what If-Match or If-Unmodified-Since asks for.' },
  413: { type: 'too-large', detail: 'The body is larger than this API takes.' },
  415: { type: 'unsupported-media-type', detail: 'Send JSON in UTF-8, as application/json.' },
  416: { type: 'range-not-satisfiable', detail: 'There is less here than the range asks for.' },
};

/** Turns whatever was thrown into a problem document; defects are logged by their class, never by their message. */
export function problemHandler(log?: Log): ErrorRequestHandler {
  return (thrown, _request, response, next) => {
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const said: unknown = thrown instanceof Error && 'status' in thrown ? thrown.status : undefined;
    const known = typeof said === 'number' ? REQUEST_ERRORS[said] : undefined;
    if (typeof said === 'number' && known) {
      sendProblem(response, said, known.type, known.detail);
      return;
    }
    const error = asAdapterError(thrown);
    log?.warn({ code: error.code, kind: error.kind, errorName: errorName(thrown) }, 'API request failed');
    if (error.code.startsWith('ehr-') || (error.code.startsWith('vendor-') && error.kind === 'permanent')) {
      sendProblem(response, 502, error.code, `${error.message}. ${error.operator}`);
    } else if (error.kind === 'transient' && error.code !== 'unexpected') {
      response.set('Retry-After', String(error.retryAfter ?? 5));
      sendProblem(response, 503, error.code, `${error.message}. ${error.operator}`);
    } else {
      sendProblem(response, 500, error.code, error.operator);
    }
  };
}

function errorName(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : typeof thrown;
}

/** 405 with the methods that there are; put it behind them on the same route. */
export function onlyMethods(...methods: string[]): RequestHandler {
  return (_request, response) => {
    response.set('Allow', methods.join(', '));
    sendProblem(response, 405, 'method-not-allowed', `Only ${methods.join(', ')} here.`);
  };
}
