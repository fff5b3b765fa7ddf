/** The account's money: what there is, what was moved, and the top-up that charges the saved card at once, each time it is called. */
import { createHash, randomUUID } from 'node:crypto';
import type { Router } from 'express';
import { z } from 'zod';
import { accountOf, callOf } from './admit.ts';
import { pageOf } from './paging.ts';
import type { Simulator } from './simulator.ts';
import type { Transaction } from './world.ts';

const HISTORY_SIZE = 20;

const topup = z.object({ amountUsd: z.number().positive() });

/** Nobody's card. */
const CARD = { id: 'pm_1', brand: 'visa', last4: '4242', expMonth: 12, expYear: 2028, default: true };

export function addBillingRoutes(router: Router, { answers, options, ledger, now, take }: Simulator): void {
  router.get('/v1/billing/balance', (_request, response) => {
    answers.send(response, { balance: accountOf(response).balanceUsd, currency: options.currency });
  });

  router.get('/v1/billing/history', ({ query }, response) => {
    const page = pageOf(accountOf(response).history.toReversed(), query, HISTORY_SIZE);
    return page ? answers.sendPage(response, page, 'transactions') : answers.refuse(response, 'INVALID_PARAMETERS');
  });

  router.get('/v1/billing/payment-methods', (_request, response) => {
    answers.send(response, [CARD]);
  });

  router.post('/v1/billing/topup/charge', ({ body }, response) => {
    const parsed = topup.safeParse(body);
    if (!parsed.success) {
      return answers.refuse(response, 'INVALID_PARAMETERS');
    }
    const { amountUsd } = parsed.data;
    const account = accountOf(response);
    const transaction: Transaction = { id: randomUUID(), type: 'TOPUP', amountUsd, createdDate: now().toISOString() };
    account.balanceUsd += amountUsd;
    account.history.push(transaction);
    const [sha256, keys] = [sha256OfText(`topup ${amountUsd}`), { transaction_id: transaction.id }];
    callOf(response).keys = keys;
    ledger.submitted(callOf(response), sha256);
    ledger.bill({ sha256, keys, units: { topups: 1, topup_usd: amountUsd } });
    return take('topup-then-500')
      ? answers.refuse(response, 'INTERNAL_ERROR')
      : answers.send(response, { ...transaction, balanceUsd: account.balanceUsd });
  });
}

const sha256OfText = (text: string) => createHash('sha256').update(text).digest('hex');
