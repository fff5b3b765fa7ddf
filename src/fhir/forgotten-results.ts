/** Results of an order that stand in the EHR although nobody remembers them: we died before the answer was stored. */
import type { Resource } from '@medplum/fhirtypes';
import { asAdapterError } from '../errors.ts';
import { searchAll } from './find-by-identifier.ts';
import { identifiersOf, orderOf } from './identifiers.ts';
import { isRefusal, isStored } from './standing.ts';
import { WITHDRAWABLE } from './take-back.ts';
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

/** What the patient has of our results; nothing where the server cannot be asked so. */
async function resultsOf(client: FhirClient, type: string, subject: string): Promise<Resource[]> {
  try {
    const any = `&identifier=${encodeURIComponent(`${OUR_SYSTEMS.result}|`)}`;
    return await searchAll(client, type, 'subject', [encodeURIComponent(subject)], any);
  } catch (thrown) {
    // More pages than can be right: a server that ignores the identifier lists the patient's whole chart.
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

/** Results of all generations of the order `key` that `written` does not name. Throws the client's errors. */
export async function forgottenResults(
  client: FhirClient,
  key: string,
  subject: string,
  written: WrittenPart[],
): Promise<Withdrawal[]> {
  const capabilities = await client.capabilities();
  const known = new Set(written.map(({ type, id }) => `${type}/${id}`));
  const forgotten: Withdrawal[] = [];
  for (const type of WITHDRAWABLE.filter((one) => takes(capabilities, one))) {
    for (const resource of await resultsOf(client, type, subject)) {
      const part = partOfAny(resource, orderOf(key));
      if (part !== undefined && isStored(resource) && !known.has(`${type}/${resource.id}`)) {
        const untouched = await isUntouched(client, resource);
        forgotten.push({ written: { part, type, id: resource.id }, remember: true, untouched });
      }
    }
  }
  return forgotten;
}
