/** Which of the pictures or slides that an order may mean it is to be done with; nothing is fetched for it. */
import type { Resource } from '@medplum/fhirtypes';
import type { FoundHolder, PictureCandidates } from './picture-candidates.ts';
import { type Whom, whosePicture, whoseSpecimens } from './picture-owner.ts';
import { awaitFor, type Refused, refuse } from './refuse-order.ts';

/** Why there is none; what an order should name may still come. */
function nothing(focus: Resource, { found, gone }: PictureCandidates<Resource>, what: string): Refused {
  const waiting = found.find(({ status }) => status.withdrawn === undefined && status.notYet)?.status.notYet;
  const text =
    waiting ?? (gone > 0 ? `The order names a ${what} that is not in the EHR.` : `The order has no ${what}.`);
  return focus.resourceType === 'ServiceRequest' ? awaitFor(text) : refuse('order-incomplete', text);
}

/**
 * What the candidates hold for the order, at least one. Something of another patient refuses the order, whatever else
 * there is. `heldBy` gives nothing for a holder that holds nothing of the kind.
 */
export async function judgeHeld<Holder extends Parameters<typeof whosePicture>[0], Held>(
  focus: Resource,
  candidates: PictureCandidates<Holder>,
  whom: Whom,
  { what, heldBy }: { what: 'picture' | 'slide'; heldBy(found: readonly FoundHolder<Holder>[]): Held[] },
): Promise<{ held: Held[] } | Refused> {
  const standing = candidates.found.filter(({ status }) => !status.withdrawn && status.notYet === undefined);
  const holding = standing.filter((one) => heldBy([one]).length > 0);
  const whose = await Promise.all(holding.map(({ holder }) => whosePicture(holder, whom)));
  if (whose.includes('another')) {
    return refuse('order-incomplete', `A ${what} belongs to another patient than the order.`);
  }
  if (whose.includes('unknown')) {
    return refuse('order-incomplete', `It cannot be told whether a ${what} belongs to the patient of the order.`);
  }
  if (whoseSpecimens(whom) === 'another') {
    return refuse('order-incomplete', 'The specimen belongs to another patient than the order.');
  }
  const held = heldBy(holding);
  return held.length === 0 ? nothing(focus, candidates, what) : { held };
}
