/**
 * The purchase. It is reached from an approval alone, which names a person, an amount and a content; before each try the
 * cohort is read again, and anything that is not as it was approved voids the approval. Its key is stored before the first
 * try and is the same in every other, so that a payment that was taken unheard is not taken twice.
 */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import type { Effect, Step } from '../contract.ts';
import { readCohortStatus, pay as sendPayment } from './api.ts';
import { type Ctx, callerOf, cohortOf } from './ctx.ts';
import { LIMITS } from './facts.ts';
import { lookAt } from './look.ts';
import type { Approval, Result, State } from './state.ts';

/** Why an approval does not count any more, by its code: for the next question. */
const VOID = {
  expired:
    'The approval was given, and was too old before the payment could be made: nothing was bought, and it is needed anew.',
  changed:
    'The cohort or its price has changed since it was approved: nothing was bought, and the approval is needed anew.',
  funds:
    'It was approved, and the balance of the account is too low: nothing was bought. Pay money in at HistAI, and approve it anew.',
} as const;
type Why = keyof typeof VOID;

const outcome = z.union([
  z.object({ paid: z.literal(true), elsewhere: z.boolean() }),
  z.object({ void: z.enum(['expired', 'changed', 'funds']) }),
]);
type Outcome = z.infer<typeof outcome>;

const effectKey = ({ asked }: Pick<State, 'asked'>): string => `pay/${asked}`;
const voided = (why: Why): Outcome => ({ void: why });

/** Throws where there is none: no other way leads to a payment. */
function approvalOf({ approval }: State): Approval {
  if (!approval || approval.by === '') {
    throw new AdapterError('unexpected', 'A payment without an approval was not made', {
      kind: 'permanent',
      remedy: 'hold',
    });
  }
  return approval;
}

async function send(state: State, context: Ctx): Promise<Outcome> {
  const approval = approvalOf(state);
  const { id } = cohortOf(state);
  const found = await lookAt(id, context);
  if (found.is === 'PAID') {
    // Found before anything was sent, or long after: the content is compared when it is settled.
    return { paid: true, elsewhere: true };
  }
  if (found.is !== 'UNPAID' || found.hash !== approval.hash || found.cents !== approval.cents) {
    return voided('changed');
  }
  if (context.now().getTime() >= Date.parse(approval.expires)) {
    return voided('expired');
  }
  const answer = await sendPayment(callerOf(context), id, approval.key);
  if (!('refused' in answer)) {
    return { paid: true, elsewhere: false };
  }
  switch (answer.refused) {
    case 'INSUFFICIENT_FUNDS':
      return voided('funds');
    case 'COHORT_ALREADY_PAID':
      return isPaid(id, context);
    default:
      return voided('changed');
  }
}

/** "Already paid" is believed once the status says so, too. */
async function isPaid(id: string, context: Ctx): Promise<Outcome> {
  if ((await readCohortStatus(callerOf(context), id)) === 'PAID') {
    return { paid: true, elsewhere: true };
  }
  throw new AdapterError('vendor-protocol', 'HistAI says that the cohort is paid for and shows it as unpaid', {
    kind: 'ambiguous',
  });
}

export const payEffect: Effect<State, Ctx> = {
  bills: 1,
  most: LIMITS.payments,
  send,
  lookup: async (state, context) =>
    (await readCohortStatus(callerOf(context), cohortOf(state).id)) === 'PAID'
      ? { paid: true, elsewhere: false }
      : undefined,
  onUnknown: 'hold',
};

export function pay(state: State, { answer }: Ctx): Step<State, Result> {
  if (answer?.to !== 'effect' || answer.key !== effectKey(state)) {
    approvalOf(state);
    return { effect: 'pay', key: effectKey(state) };
  }
  const said = outcome.parse(answer.value);
  const { approval, offer: _, ...rest } = state;
  if ('void' in said) {
    const next: State = { ...rest, phase: 'offer', again: VOID[said.void] };
    return { next, status: 'approval void', tell: [`the approval is void: ${said.void}`] };
  }
  return {
    next: { ...rest, phase: 'settle', wait: 0, tries: 0, ...(approval && { approval }) },
    status: 'paid',
    tell: [said.elsewhere ? 'the cohort was found to be paid for' : 'the payment was taken'],
  };
}
