/** Validates what we are about to write against FHIR R4 (4.0.1). The definitions are loaded at the first use. */
import { readFile } from 'node:fs/promises';
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import type { OperationOutcomeIssue, Resource, StructureDefinition } from '@medplum/fhirtypes';

/** The validator's problems with a resource, empty where it is valid. Structure and invariants, no terminology. */
export type Validate = (resource: Resource) => OperationOutcomeIssue[];

let loading: Promise<Validate> | undefined;

async function load(): Promise<Validate> {
  const file = await readFile(new URL('./definitions/r4.json', import.meta.url), 'utf8');
  const definitions: StructureDefinition[] = JSON.parse(file);
  indexStructureDefinitionBundle(definitions);
  return problemsOf;
}

function problemsOf(resource: Resource): OperationOutcomeIssue[] {
  try {
    return validateResource(resource).filter(({ severity }) => severity === 'error' || severity === 'fatal');
  } catch (thrown) {
    if (thrown instanceof OperationOutcomeError) {
      return thrown.outcome.issue;
    }
    // A validator that stumbles over a shape says as much about the shape as one that refuses it.
    return [{ severity: 'error', code: 'structure', details: { text: 'The resource cannot be validated' } }];
  }
}

/** The validator; reads the definitions once per process. */
export function openValidator(): Promise<Validate> {
  loading ??= load();
  return loading;
}

/** Where the problems lie, in words that carry no content of the resource. */
export function describeProblems(issues: OperationOutcomeIssue[]): string {
  const places = issues.map(({ details, expression }) => {
    const rule = /^Constraint (\S+) not met/.exec(details?.text ?? '')?.[1];
    return [expression?.[0], rule === undefined ? undefined : `rule ${rule}`].filter(Boolean).join(', ');
  });
  const named = [...new Set(places)].filter((place) => place !== '');
  return named.length === 0 ? 'not valid FHIR R4' : `not valid FHIR R4 (${named.slice(0, 3).join('; ')})`;
}
