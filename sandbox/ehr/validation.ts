/** R4 validation on write, as strict as the server that is played. */
import { OperationOutcomeError, validateResource } from '@medplum/core';
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { definitions } from './definitions.ts';
import { refuse } from './outcomes.ts';
import type { Manner } from './types.ts';

function knowContained(value: unknown): void {
  if (Array.isArray(value)) {
    value.forEach(knowContained);
  } else if (typeof value === 'object' && value !== null) {
    if ('resourceType' in value && typeof value.resourceType === 'string') {
      definitions().know(value.resourceType);
    }
    Object.values(value).forEach(knowContained);
  }
}

function refusal(manner: Manner, issue: OperationOutcomeIssue[]): OperationOutcomeError {
  // Medplum answers 400 to what does not validate, HAPI with validation on answers 422.
  const id = manner === 'medplum' ? undefined : 'unprocessable-entity';
  return new OperationOutcomeError({ resourceType: 'OperationOutcome', id, issue });
}

/** Throws an OperationOutcomeError (400 or 422) that lists every error; warnings pass. The limit is of one base64 value. */
export function validate(resource: Resource, manner: Manner, base64BinaryMaxBytes: number): void {
  if (!definitions().know(resource.resourceType)) {
    throw refuse('invalid', 'structure', `Unknown resource type ${resource.resourceType}`);
  }
  knowContained(resource);
  try {
    const found = validateResource(resource, { base64BinaryMaxBytes });
    const errors = found.filter(({ severity }) => severity === 'error' || severity === 'fatal');
    if (errors.length > 0) {
      throw refusal(manner, errors);
    }
  } catch (thrown) {
    if (thrown instanceof OperationOutcomeError) {
      throw refusal(manner, thrown.outcome.issue);
    }
    throw thrown;
  }
}

const SEARCH = /^\[?[A-Z]/;

/** What the server says to a Subscription that can never fire; HAPI checks it when it is written. */
export function validateSubscription(resource: Resource, manner: Manner): void {
  if (resource.resourceType !== 'Subscription' || manner !== 'hapi') {
    return;
  }
  const criteria = resource.criteria ?? '';
  if (criteria !== '[*]' && (!SEARCH.test(criteria) || (!criteria.startsWith('[') && !criteria.includes('?')))) {
    throw refuse(
      'unprocessable-entity',
      'processing',
      'Subscription.criteria must be in the form "{Resource Type}?[params]"',
    );
  }
  if (resource.channel.type === 'rest-hook' && !resource.channel.endpoint) {
    throw refuse(
      'unprocessable-entity',
      'processing',
      'Rest-hook subscriptions must have Subscription.channel.endpoint',
    );
  }
}
