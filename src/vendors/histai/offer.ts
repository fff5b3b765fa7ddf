/** The cohort is built: what it holds and costs is read, and a person decides. */
import { randomUUID } from 'node:crypto';
import { AdapterError } from '../../errors.ts';
import type { Question, Step } from '../contract.ts';
import { readBalance } from './api-billing.ts';
import { another } from './build.ts';
import { contentHash } from './content-hash.ts';
import type { CaseSlides } from './criteria-types.ts';
import { type Ctx, callerOf, cohortOf } from './ctx.ts';
import { CURRENCY } from './facts.ts';
import { type Look, lookAt } from './look.ts';
import { readChoice } from './parts.ts';
import { approvalId, purchaseQuestion } from './question.ts';
import type { Result, Selection, State } from './state.ts';

type Next = Step<State, Result>;
type Payable = Extract<Look, { cents: number }>;

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const later = (now: Date, milliseconds: number): string => new Date(now.getTime() + milliseconds).toISOString();

function selectionOf({ selection }: State): Selection {
  if (!selection) {
    throw new AdapterError('unexpected', 'Nothing was chosen for the cohort', { kind: 'permanent', remedy: 'hold' });
  }
  return selection;
}

/** Whether it holds what was chosen and nothing else, whatever the order. */
export function isSameContent(one: readonly CaseSlides[], other: readonly CaseSlides[]): boolean {
  const [a, b] = [one, other].map((cases) => contentHash({ cohortId: '', cases, cents: 0, currency: '' }));
  return a === b;
}

/** What only a person can decide, beside the purchase itself. */
function oddity(state: State, id: string, text: string, choices: Record<string, string>): Next {
  const question: Question = { id: `${id}/${state.asked + 1}`, text, choices, role: 'approver' };
  const { offer: _, ...rest } = state;
  return { ask: question, next: { ...rest, asked: state.asked + 1 } };
}

const END = 'End the order';
/** Another cohort would be a second purchase, if a payment for this one has been sent. */
const otherContent = (state: State): Next =>
  oddity(
    state,
    'other-content',
    `The cohort ${cohortOf(state).name} at HistAI does not hold what was chosen for the order: somebody has changed it.`,
    { ...(!state.approved && { rebuild: 'Make a new cohort with what was chosen' }), end: END },
  );
const paidElsewhere = (state: State): Next =>
  oddity(
    state,
    'paid-elsewhere',
    `The cohort ${cohortOf(state).name} has been paid for at HistAI, by somebody there or by an earlier approval of this order. Shall the order go on with its data? Nothing is paid for that.`,
    { proceed: 'Go on with its data', end: END },
  );

async function balanceCents(context: Ctx): Promise<number | undefined> {
  const { balance, currency } = await readBalance(callerOf(context));
  return currency === CURRENCY ? Math.round(balance * 100) : undefined;
}

async function askFor(state: State, found: Payable, context: Ctx): Promise<Next> {
  const { settings, now } = context;
  const balance = await balanceCents(context);
  if (balance === undefined) {
    const text = `The account at HistAI is not in ${CURRENCY}; nothing is bought. The order waits for the operator of the adapter.`;
    return { hold: { code: 'vendor-rejected', text } };
  }
  const { minutes, waitDays, inEhr } = settings.approval;
  const { hash, cents } = found;
  const asked = state.asked + 1;
  const expires = later(now(), waitDays * DAY_MS);
  const ask = purchaseQuestion({
    ...{ cohort: cohortOf(state), selection: selectionOf(state), cents, hash, asked, expires, minutes, inEhr },
    ...{ balanceCents: balance, again: state.again },
  });
  return { ask, next: { ...state, asked, offer: { hash, cents, expires } } };
}

async function offerNow(state: State, context: Ctx): Promise<Next> {
  const found = await lookAt(cohortOf(state).id, context);
  switch (found.is) {
    case 'gone':
      return another(state);
    case 'unready':
      return { next: { ...state, phase: 'build', wait: 0, tries: 0 } };
    case 'unreadable': {
      const text = `HistAI does not say of the cohort ${found.what}; nothing is bought. The order waits for the operator of the adapter.`;
      return { hold: { code: 'vendor-protocol', text } };
    }
    default: {
      const chosen = await readChoice(context.parts);
      if (!isSameContent(chosen, found.cases)) {
        return otherContent(state);
      }
      return found.is === 'PAID' ? paidElsewhere(state) : askFor(state, found, context);
    }
  }
}

const ended = (text: string): Next => ({ cancel: { code: 'not-approved', text } });
const unpaid = (state: State): string => `The cohort ${cohortOf(state).name} stays unpaid at HistAI.`;

/** What the answer to the open question means. */
function decided(state: State, said: { value: string | number; by: string; at: string }, context: Ctx): Next {
  const { offer, asked, again: _, ...rest } = state;
  if (said.value === 'rebuild') {
    return another(state);
  }
  if (said.value === 'proceed') {
    return { next: { ...state, phase: 'settle', wait: 0, tries: 0 } };
  }
  if (said.value === 'end') {
    return ended(`The order was ended by a person. Its cohort at HistAI is ${cohortOf(state).name}.`);
  }
  if (offer === undefined || said.value !== offer.cents / 100) {
    return ended(`The purchase was declined; nothing was bought. ${unpaid(state)}`);
  }
  const { hash, cents } = offer;
  const expires = later(new Date(said.at), context.settings.approval.minutes * MINUTE_MS);
  const approval = { by: said.by, at: said.at, expires, hash, cents, key: randomUUID() };
  return { next: { ...rest, offer, asked, phase: 'pay', approval, approved: true }, status: 'approved' };
}

export async function offer(state: State, context: Ctx): Promise<Next> {
  const { answer, now } = context;
  const open = state.offer && approvalId({ asked: state.asked, hash: state.offer.hash });
  const isOurs = (id: string): boolean =>
    id === open || id === `other-content/${state.asked}` || id === `paid-elsewhere/${state.asked}`;
  if (answer?.to === 'question' && isOurs(answer.id)) {
    return decided(state, answer, context);
  }
  if (state.offer && Date.parse(state.offer.expires) <= now().getTime()) {
    return ended(`Nobody approved the purchase in time; nothing was bought. ${unpaid(state)}`);
  }
  return offerNow(state, context);
}
