/**
 * A Subscription in Medplum's manner. It is created `active`: one left `requested` never fires. The secret stands under
 * both spellings of its extension, since servers and documentation of different ages disagree on the URL.
 */
import type { Extension, Subscription } from '@medplum/fhirtypes';
import { plainSubscription, type Wish } from './wish.ts';

const BASE = 'https://medplum.com/fhir/StructureDefinition/';
export const SECRET_URLS = [
  'https://www.medplum.com/fhir/StructureDefinition/subscription-secret',
  'https://www.medplum.com/fhir/StructureDefinition-subscriptionSecret',
];
/** The most that Medplum allows: about three days. Its default of 4 is over after 15 seconds. */
const MAX_ATTEMPTS = 18;
const INTERACTIONS = ['create', 'update', 'delete'];
/** The oldest release of which we know (its code was run) that it honours every interaction extension. */
const HONOURS_ALL = [5, 2, 13] as const;

/**
 * The interactions that we name. Older servers honour the first of several extensions only (medplum/medplum#9854), so
 * that revocations would stay unheard; without any, every version notifies of creates, updates and deletes. So there
 * none is named, rather than one Subscription per interaction made: that would be three evaluations of each write, and
 * three deliveries of one of them wherever two are honoured.
 * @param software as the CapabilityStatement has it: name and version.
 */
function namedInteractions(software: string): string[] {
  const version = /\b(\d+)\.(\d+)\.(\d+)/.exec(software)?.slice(1).map(Number);
  const at = HONOURS_ALL.findIndex((part, index) => version?.[index] !== part);
  const older = version !== undefined && at >= 0 && (version[at] ?? 0) < (HONOURS_ALL[at] ?? 0);
  return older ? [] : INTERACTIONS;
}

export function medplumSubscription(wish: Wish, software = ''): Subscription {
  const { secret } = wish;
  const secrets: Extension[] = secret === undefined ? [] : SECRET_URLS.map((url) => ({ url, valueString: secret }));
  return {
    ...plainSubscription(wish, 'active'),
    extension: [
      ...secrets,
      { url: `${BASE}subscription-max-attempts`, valueInteger: MAX_ATTEMPTS },
      ...namedInteractions(software).map((code) => ({
        url: `${BASE}subscription-supported-interaction`,
        valueCode: code,
      })),
    ],
  };
}
