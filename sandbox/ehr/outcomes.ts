/** OperationOutcomes that @medplum/core does not have, and the HTTP status of any. */
import { getStatus, OperationOutcomeError } from '@medplum/core';
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';

const STATUS_OF_ID: Record<string, number> = {
  'unprocessable-entity': 422,
  'not-implemented': 501,
  'not-acceptable': 406,
  unavailable: 503,
};

/** An error outcome; `id` fixes the HTTP status (400 where it is unknown). */
export function outcome(id: string, code: OperationOutcomeIssue['code'], text: string): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    id,
    issue: [{ severity: 'error', code, details: { text }, diagnostics: text }],
  };
}

export function statusOf(result: OperationOutcome): number {
  return STATUS_OF_ID[result.id ?? ''] ?? getStatus(result);
}

export function refuse(id: string, code: OperationOutcomeIssue['code'], text: string): OperationOutcomeError {
  return new OperationOutcomeError(outcome(id, code, text));
}
