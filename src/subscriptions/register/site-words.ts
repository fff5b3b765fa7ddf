/** How a site's Subscriptions stand, in one line for /readyz. Pure. */
import type { PushState } from '../push-health.ts';
import type { RegisterResult } from '../register.ts';

/** What is wrong, and what to do about it. */
export const NOTHING_COMES =
  'nothing comes: the sweep finds the orders; check that the server delivers and that it reaches http.publicUrl';
const BY_HAND = 'to be made by an administrator';

/** `ok` where all is as it should be. */
export function subscriptionWords(result: RegisterResult | undefined, push: PushState): string {
  if (!result) {
    return 'unknown';
  }
  const { problem, instructions, subscriptions } = result;
  if (problem !== undefined) {
    return problem;
  }
  if (subscriptions.length === 0 && instructions.length === 0) {
    return 'none wanted';
  }
  const wrong = subscriptions.filter((one) => one.problem !== undefined);
  const [first] = wrong;
  if (first) {
    return `${wrong.length} of ${subscriptions.length} not as they should be: ${first.problem}`;
  }
  if (push === 'silent') {
    const they = instructions.length > 0 ? BY_HAND : 'active';
    return `${they}, but ${NOTHING_COMES}`;
  }
  return instructions.length > 0 && push === 'unknown' ? BY_HAND : 'ok';
}

/** What an administrator is told, a text each; no secret is in it. */
export function instructionLines({ site, advice, instructions }: RegisterResult): string[] {
  return [
    ...advice.map((one) => `Site ${site}: ${one}`),
    ...instructions.map(
      (one) => `Site ${site}: create this Subscription on the FHIR server:\n${JSON.stringify(one, null, 2)}`,
    ),
  ];
}
