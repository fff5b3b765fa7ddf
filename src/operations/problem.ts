import type { Response } from 'express';

/** Answers with a problem document (RFC 9457). `detail` is for people and holds no patient data. */
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
        type: `urn:fhir-ai-adapter:problem:${type}`,
        title: TITLES[status] ?? 'Error',
        status,
        detail,
        ...more,
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
  422: 'Not acceptable as it is',
  500: 'Internal error',
  503: 'Not available',
};
