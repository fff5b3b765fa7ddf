/** Results of an order that stand in the EHR although nobody remembers them: we died before the answer was stored. */
import type { Resource } from '@medplum/fhirtypes';
import { asAdapterError } from '../errors.ts';
import { searchAll } from './find-by-identifier.ts';
import { identifiersOf, orderOf } from './identifiers.ts';
import { isRefusal, isStored } from './standing.ts';
import { PEOPLE, WITHDRAWABLE } from './take-back.ts';
import { takes } from './takes.ts';
import { OUR_SYSTEMS } from './terminology.ts';
import type { FhirClient, WrittenPart } from './types.ts';
import type { Withdrawal } from './withdrawals.ts';

/** The part that a resource is of any generation of the order; undefined where it is none of it. */
function partOfAny(resource: Resource, order: string): string | undefined {
  for (const { system, value = '' } of identifiersOf(resource)) {
    const hash = value.lastIndexOf('#');
    if (system === OUR_SYSTEMS.result && hash > 0 && orderOf(value.slice(0, hash)) === order) {
      return value.slice(hash + 1);
    }
  }
  return undefined;
}

const OURS = encodeURIComponent(`${OUR_SYSTEMS.result}|`);

/** Our results about any of these; without `subjects` all of a type. Nothing where the server cannot be asked so. */
async function resultsOf(client: FhirClient, type: string, subjects?: string[]): Promise<Resource[]> {
  try {
    return subjects === undefined
      ? await searchAll(client, type, 'identifier', [OURS])
      : await searchAll(client, type, 'subject', subjects.map(encodeURIComponent), `&identifier=${OURS}`);
  } catch (thrown) {
    // More pages than can be right: a server that ignores the identifier lists whole charts.
    if (isRefusal(thrown) || asAdapterError(thrown).code === 'ehr-protocol') {
      return [];
    }
    throw thrown;
  }
}

/** Whether nobody has changed it since it was made, by its history; without versions there is nothing to go by. */
async function isUntouched(client: FhirClient, { resourceType, id, meta }: Resource): Promise<boolean> {
  if (meta?.versionId === undefined) {
    return true;
  }
  try {
    const { entry = [] } = await client.search(`${resourceType}/${id}/_history?_count=2`);
    return entry.length === 1 && entry[0]?.resource?.id === id;
  } catch (thrown) {
    const error = asAdapterError(thrown);
    if (isRefusal(error) || error.status === 404 || error.status === 501) {
      return false;
    }
    throw error;
  }
}

function isPeople(type: string): boolean {
  return PEOPLE.some((one) => one === type);
}

/**
 * Results of all generations of the order `key` that `written` does not name. Without `subject` they are about others:
 * first the groups and the people are found that we made for the order, then what is about them. Throws the client's errors.
 */
export async function forgottenResults(
  client: FhirClient,
  key: string,
  subject: string | undefined,
  written: WrittenPart[],
): Promise<Withdrawal[]> {
  const capabilities = await client.capabilities();
  const known = new Set(written.map(({ type, id }) => `${type}/${id}`));
  const forgotten: Withdrawal[] = [];
  const take = async (type: string, found: Resource[]): Promise<void> => {
    for (const resource of found) {
      const part = partOfAny(resource, orderOf(key));
      if (part !== undefined && isStored(resource) && !known.has(`${type}/${resource.id}`)) {
        const untouched = await isUntouched(client, resource);
        forgotten.push({ written: { part, type, id: resource.id }, remember: true, untouched });
      }
    }
  };
  const taken = WITHDRAWABLE.filter((type) => takes(capabilities, type));
  for (const type of subject === undefined ? taken.filter(isPeople) : []) {
    await take(type, await resultsOf(client, type));
  }
  const people = [...written, ...forgotten.map((one) => one.written)].filter(({ type }) => isPeople(type));
  const subjects = subject === undefined ? people.map(({ type, id }) => `${type}/${id}`) : [subject];
  for (const type of taken.filter((one) => !isPeople(one))) {
    await take(type, await resultsOf(client, type, subjects));
  }
  return forgotten;
}
