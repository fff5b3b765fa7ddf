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

export function medplumSubscription(wish: Wish): Subscription {
  const { secret } = wish;
  const secrets: Extension[] = secret === undefined ? [] : SECRET_URLS.map((url) => ({ url, valueString: secret }));
  return {
    ...plainSubscription(wish, 'active'),
    extension: [
      ...secrets,
      { url: `${BASE}subscription-max-attempts`, valueInteger: MAX_ATTEMPTS },
      ...INTERACTIONS.map((code) => ({ url: `${BASE}subscription-supported-interaction`, valueCode: code })),
    ],
  };
}
