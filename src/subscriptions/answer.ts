/**
 * What FHIR servers are answered. The body matters: HAPI parses it, and takes `{"ok":true}` or plain text for a failed
 * delivery; a Bundle wants a Bundle back. Every server known takes 200 with one of these.
 */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Response } from 'express';
import { topLevelResourceType } from './resource-type.ts';

const FHIR_JSON = 'application/fhir+json; charset=utf-8';

const outcome = (issue: OperationOutcomeIssue): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue: [issue],
});

const RECEIVED = JSON.stringify(
  outcome({ severity: 'information', code: 'informational', details: { text: 'Received.' } }),
);
const BUNDLE_RECEIVED = JSON.stringify({ resourceType: 'Bundle', type: 'transaction-response' });

/** 200, once the notification is stored. */
export function sendReceived(response: Response, body: Uint8Array): void {
  const received = topLevelResourceType(body) === 'Bundle' ? BUNDLE_RECEIVED : RECEIVED;
  response.status(200).set('Content-Type', FHIR_JSON).end(received);
}

/** What can be said no to, and how. `code` is of http://hl7.org/fhir/issue-type. */
export const REFUSALS = {
  unknownSite: { status: 404, code: 'not-found', text: 'There is no site of this name.' },
  wrongMethod: { status: 405, code: 'not-supported', text: 'Notifications come by POST, PUT or DELETE.' },
  tooLarge: { status: 413, code: 'too-long', text: 'The notification is larger than this adapter takes.' },
  encoded: { status: 415, code: 'not-supported', text: 'Send the notification without Content-Encoding.' },
  unauthorized: { status: 401, code: 'login', text: 'The secret or signature is missing or wrong.' },
  unverifiable: { status: 503, code: 'transient', text: 'The token cannot be verified now: send it again.' },
  overloaded: { status: 503, code: 'throttled', text: 'Too many notifications at once: send it again.' },
  notStored: { status: 503, code: 'transient', text: 'The notification could not be stored: send it again.' },
  malformed: { status: 400, code: 'invalid', text: 'The request could not be read.' },
} as const satisfies Record<string, { status: number; code: OperationOutcomeIssue['code']; text: string }>;

export type Refusal = keyof typeof REFUSALS;

/** Refuses with an OperationOutcome; nothing was stored. */
export function sendRefusal(response: Response, refusal: Refusal): void {
  const { status, code, text } = REFUSALS[refusal];
  response.status(status).set('Content-Type', FHIR_JSON);
  if (status === 401) {
    response.set('WWW-Authenticate', 'Bearer realm="notify"');
  }
  if (status === 405) {
    response.set('Allow', 'POST, PUT, DELETE');
  }
  if (status === 503) {
    response.set('Retry-After', refusal === 'overloaded' ? '1' : '5');
  }
  response.end(JSON.stringify(outcome({ severity: 'error', code, details: { text } })));
}
