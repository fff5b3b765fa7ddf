/** Which of the conditions found the patient has already: those are mentioned and never written again. */
import type { Condition, Resource } from '@medplum/fhirtypes';
import { asAdapterError } from '../errors.ts';
import type { Finding } from '../findings.ts';
import { searchAll } from './find-by-identifier.ts';
import { identifiersOf, orderOf, searchToken } from './identifiers.ts';
import { OUR_SYSTEMS, SYSTEMS } from './terminology.ts';
import type { FhirClient } from './types.ts';

/** What still counts as having it: an absent clinicalStatus as well. */
const PRESENT = ['active', 'recurrence', 'relapse'];
const NOT_BELIEVED = ['entered-in-error', 'refuted'];

function tokens(codings: Condition['code']): string[] {
  return (codings?.coding ?? []).flatMap(({ system, code }) =>
    system === undefined || code === undefined ? [] : [`${system}|${code}`],
  );
}

function statusOf(concept: Condition['clinicalStatus'], system: string): string | undefined {
  return concept?.coding?.find((coding) => coding.system === system)?.code;
}

/** Whether this Condition was written by us for this very order, in whatever generation. */
function isOfOrder(resource: Resource, key: string): boolean {
  const order = orderOf(key);
  return identifiersOf(resource).some(
    ({ system, value }) =>
      system === OUR_SYSTEMS.result && (value?.startsWith(`${order}#`) || value?.startsWith(`${order}~`)),
  );
}

function counts(resource: Resource, key: string): resource is Condition {
  if (resource.resourceType !== 'Condition' || isOfOrder(resource, key)) {
    return false;
  }
  const clinical = statusOf(resource.clinicalStatus, SYSTEMS.conditionClinical);
  const verification = statusOf(resource.verificationStatus, SYSTEMS.conditionVerification);
  return (clinical === undefined || PRESENT.includes(clinical)) && !NOT_BELIEVED.includes(verification ?? '');
}

/** By part, the reference of a Condition with the same code that somebody else has recorded and that is still there. */
export async function existingConditions(
  client: FhirClient,
  patient: string,
  key: string,
  findings: Finding[],
): Promise<Map<string, string>> {
  const conditions = findings.flatMap(({ part, resource }) =>
    resource.resourceType === 'Condition' ? [{ part, codes: tokens(resource.code) }] : [],
  );
  const codes = conditions.flatMap((condition) => condition.codes);
  if (codes.length === 0) {
    return new Map();
  }
  const words = codes.map((token) => {
    const cut = token.indexOf('|');
    return searchToken(token.slice(0, cut), token.slice(cut + 1));
  });
  // A reference may be absolute; the search wants it as this server names it.
  const more = `&patient=${encodeURIComponent(patient.split('/').slice(-2).join('/'))}`;
  const found = (await searchAll(client, 'Condition', 'code', words, more)).filter((one) => counts(one, key));
  const byCode = new Map(found.flatMap((one) => tokens(one.code).map((token) => [token, `Condition/${one.id}`])));
  return new Map(
    conditions.flatMap(({ part, codes: own }) => {
      const reference = own.map((token) => byCode.get(token)).find((one) => one !== undefined);
      return reference === undefined ? [] : [[part, reference]];
    }),
  );
}

/** As `existingConditions`, where a server that does not let us search Conditions has none to tell of. */
export async function existingConditionsIfAllowed(
  ...args: Parameters<typeof existingConditions>
): Promise<Map<string, string>> {
  try {
    return await existingConditions(...args);
  } catch (thrown) {
    const { code } = asAdapterError(thrown);
    if (code === 'ehr-forbidden' || code === 'ehr-rejected') {
      return new Map();
    }
    throw thrown;
  }
}
