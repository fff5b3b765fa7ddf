/**
 * Whether a patient's Consents let their data go to a vendor; looked up before anything is exported. Always one that denies
 * it forbids it; where the site requires consent for the vendor, one has to permit it too.
 */
import type { Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { type ConsentQuestion, denies, permits } from './consent-rules.ts';
import type { FhirClient } from './types.ts';

/** Why the data must not go, in words for the clinician. */
export interface ConsentObjection {
  text: string;
  /** Nothing denies it; the Consent that has to permit it is not there, and may still come. */
  awaits?: true;
}

/** What the Consents come to; `required`: one of them has to permit. Pure. */
export function judgeConsents(
  consents: readonly unknown[],
  question: ConsentQuestion,
  required = false,
): ConsentObjection | undefined {
  const whom = question.vendor === undefined || question.vendor.includes('/') ? 'an AI vendor' : question.vendor;
  if (consents.some((each) => denies(each, question))) {
    return { text: `The patient's consent does not allow that their data goes to ${whom}.` };
  }
  return !required || consents.some((each) => permits(each, question))
    ? undefined
    : {
        text: `The patient's consent to the analysis by ${whom} is required, and none was found in the EHR.`,
        awaits: true,
      };
}

/** A server that takes the search back although it declared it: as if it had no Consent. */
const REFUSALS = new Set(['ehr-rejected', 'ehr-forbidden', 'ehr-protocol']);

async function activeConsents(
  client: Pick<FhirClient, 'capabilities' | 'pages'>,
  patient: string,
): Promise<Resource[]> {
  const { types } = await client.capabilities();
  if (!types.Consent?.interactions.includes('search-type')) {
    return [];
  }
  const found: Resource[] = [];
  try {
    for await (const page of client.pages(`Consent?patient=${encodeURIComponent(patient)}&status=active`)) {
      found.push(...(page.entry ?? []).flatMap(({ resource }) => resource ?? []));
    }
  } catch (thrown) {
    if (thrown instanceof AdapterError && REFUSALS.has(thrown.code)) {
      return [];
    }
    throw thrown;
  }
  return found;
}

export interface ConsentAsked {
  /** `Patient/1` */
  patient: string;
  /** The vendor's Organization in this EHR (`Organization/1`) or its name, for rules that name somebody. */
  vendor?: string | undefined;
  /** An active Consent has to permit it; an EHR that has none, or does not let us search them, permits nothing. */
  required?: boolean;
  now?: Date;
}

/**
 * Why the patient's data must not go to the vendor; undefined: it may. Throws the client's `ehr-…` errors where the EHR
 * could not be asked; then nothing may be sent.
 */
export async function consentObjection(
  client: Pick<FhirClient, 'baseUrl' | 'capabilities' | 'pages'>,
  { patient, vendor, required, now = new Date() }: ConsentAsked,
): Promise<ConsentObjection | undefined> {
  const found = await activeConsents(client, patient);
  return judgeConsents(found, { baseUrl: client.baseUrl, patient, vendor, now }, required);
}
