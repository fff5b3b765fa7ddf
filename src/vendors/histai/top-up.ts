/**
 * Charges the saved card, which the vendor does at once and each time it is called: it has no key that makes a second call
 * harmless. No order and no timer leads here. Off unless the site says otherwise, and then only by an approval of its own
 * that names a person and the amount, is not too old, and is used once, whatever becomes of the call.
 */
import { randomUUID } from 'node:crypto';
import { AdapterError } from '../../errors.ts';
import type { Memory } from '../contract.ts';
import { listTransactions } from './api-billing.ts';
import { type Caller, call } from './api-call.ts';
import { PATHS } from './facts.ts';

export interface TopUpApproval {
  /** This approval's alone. */
  id: string;
  /** The person who has given it, and until when it is good; instants. */
  by: string;
  at: string;
  expires: string;
  /** US dollars, in whole cents. */
  amountUsd: number;
}

/** What is remembered of approvals that were used, over all processes of the site; and the clock. */
export interface TopUpLock {
  memory: Pick<Memory, 'get'>;
  now(): Date;
}

const refused = (message: string, operator: string) =>
  new AdapterError('vendor-rejected', message, { kind: 'permanent', operator });

/** Why the card may not be charged by this approval; checked before anything is sent. */
function objection(
  { settings }: Caller,
  { by, at, expires, amountUsd }: TopUpApproval,
  now: Date,
): AdapterError | undefined {
  if (settings.allowTopUp !== true) {
    return refused('Charging the card at HistAI is not allowed here', 'Pay money in at HistAI, or set allowTopUp.');
  }
  if (!(amountUsd > 0) || !Number.isInteger(Math.round(amountUsd * 1e6) / 1e4)) {
    return refused('An amount to pay in at HistAI is not one in whole cents', 'Give an amount in USD above 0.');
  }
  const isOpen = Date.parse(at) <= now.getTime() && now.getTime() < Date.parse(expires);
  return by.trim() === '' || !isOpen
    ? refused(
        'Charging the card at HistAI needs an approval that names a person and is not too old',
        'Approve it anew.',
      )
    : undefined;
}

/**
 * @throws AdapterError: `vendor-rejected` where it may not be done, or was begun by this approval before; what the call
 * meets; and `ambiguous` where nobody knows whether the card was charged, neither by the answer nor by the account's history.
 * It is never sent a second time: a person looks at the history, and gives another approval.
 */
export async function topUp(caller: Caller, approval: TopUpApproval, { memory, now }: TopUpLock): Promise<void> {
  const objected = objection(caller, approval, now());
  if (objected) {
    throw objected;
  }
  const mine = randomUUID();
  const first = await memory.get(`top-up ${approval.id}`, async () => ({ value: mine }));
  if (first !== mine) {
    throw refused('This approval of a charge to the card at HistAI was used before', "Look at the account's history.");
  }
  const { amountUsd } = approval;
  try {
    await call(caller, { method: 'POST', path: PATHS.topUp, json: { amountUsd }, once: true });
  } catch (thrown) {
    if (thrown instanceof AdapterError && thrown.kind === 'ambiguous' && (await wasCharged(caller, approval))) {
      return;
    }
    throw thrown;
  }
}

async function wasCharged(caller: Caller, { at, amountUsd }: TopUpApproval): Promise<boolean> {
  const { items } = await listTransactions(caller);
  return items.some(
    ({ type, amountUsd: charged, createdDate }) =>
      type === 'TOPUP' &&
      charged === amountUsd &&
      createdDate !== undefined &&
      Date.parse(createdDate) >= Date.parse(at),
  );
}
