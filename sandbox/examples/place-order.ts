/** Puts an example into an EHR as another system would: over FHIR, one resource after the other. */
import type { Resource } from '@medplum/fhirtypes';
import { z } from 'zod';

/** The references of what was created: `DocumentReference/12`. */
export interface PlacedOrder {
  order: string;
  /** Empty where the order is about nobody in particular. */
  patient: string;
  created: string[];
}

const answer = z.object({ id: z.string() });

/** Types of which the same one is used by several examples. */
const SHARED = ['Patient', 'Practitioner'];

/**
 * Creates an example's resources in the EHR whose FHIR base is `baseUrl`, in their order: the last is the order. A patient
 * or practitioner that is already there by identifier is used again. Throws where the EHR refuses.
 */
export async function placeExample(
  baseUrl: string,
  resources: Resource[],
  headers: Record<string, string> = {},
): Promise<PlacedOrder> {
  const given = new Map<string, string>();
  for (const resource of resources) {
    const name = `${resource.resourceType}/${resource.id}`;
    given.set(name, await create(baseUrl, withReferences(resource, given), headers));
  }
  const created = [...given.values()];
  const patient = created.find((reference) => reference.startsWith('Patient/')) ?? '';
  return { order: created.at(-1) ?? '', patient, created };
}

async function create(baseUrl: string, resource: Resource, headers: Record<string, string>): Promise<string> {
  const type = resource.resourceType;
  const identifier = SHARED.includes(type) && 'identifier' in resource ? [resource.identifier].flat()[0] : undefined;
  const response = await fetch(`${baseUrl.replace(/\/$/, '')}/${type}`, {
    method: 'POST',
    headers: {
      ...headers,
      'Content-Type': 'application/fhir+json',
      Accept: 'application/fhir+json',
      ...(identifier && { 'If-None-Exist': `identifier=${identifier.system}|${identifier.value}` }),
    },
    body: JSON.stringify({ ...resource, id: undefined }),
  });
  if (!response.ok) {
    throw new Error(`The EHR answered ${response.status} to the example's ${type}`);
  }
  return `${type}/${answer.parse(await response.json()).id}`;
}

/** The resource with every reference to an earlier one as the EHR names it. */
function withReferences<T extends Resource>(resource: T, given: ReadonlyMap<string, string>): T {
  return JSON.parse(JSON.stringify(resource), (key, value) =>
    key === 'reference' ? (given.get(value) ?? value) : value,
  );
}
