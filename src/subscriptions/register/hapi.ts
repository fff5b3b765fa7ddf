/**
 * A Subscription in HAPI's manner, which is plain FHIR R4: created `requested`, the server makes it `active`. Always
 * with a payload: without one HAPI says nothing of what changed and does not look at our answer.
 */
import type { Subscription } from '@medplum/fhirtypes';
import { plainSubscription, type Wish } from './wish.ts';

const SEND_DELETES = 'http://hapifhir.io/fhir/StructureDefinition/subscription-send-delete-messages';

export function hapiSubscription(wish: Wish): Subscription {
  // HAPI takes a bare type for no criteria at all.
  const criteria = wish.criteria.includes('?') ? wish.criteria : `${wish.criteria}?`;
  const plain = plainSubscription({ ...wish, criteria }, 'requested');
  const extension = [{ url: SEND_DELETES, valueBoolean: true }];
  // Which of the two elements HAPI looks at depends on its version; the other one is not in the way.
  return { ...plain, extension, channel: { ...plain.channel, extension } };
}
