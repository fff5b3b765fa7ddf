/** The account's money. */
import { AdapterError } from '../../errors.ts';
import {
  type Balance,
  balance,
  type Page,
  type PaymentMethod,
  pageOf,
  parsed,
  paymentMethod,
  type Transaction,
  transaction,
} from './answers.ts';
import { type Caller, call } from './api-call.ts';
import { type PageQuery, pageQuery } from './api-pages.ts';
import { PATHS } from './facts.ts';

export async function readBalance(caller: Caller): Promise<Balance> {
  return parsed(balance, await call(caller, { method: 'GET', path: PATHS.balance }), '/billing/balance', 'transient');
}

export async function listTransactions(caller: Caller, paging?: PageQuery): Promise<Page<Transaction>> {
  const response = await call(caller, { method: 'GET', path: PATHS.history, query: pageQuery(paging) });
  return pageOf(transaction, response, '/billing/history');
}

export async function listPaymentMethods(caller: Caller): Promise<Page<PaymentMethod>> {
  const response = await call(caller, { method: 'GET', path: PATHS.paymentMethods });
  return pageOf(paymentMethod, response, '/billing/payment-methods');
}

/**
 * Charges the saved card at once, each time it is called: the vendor has no key that makes a second call harmless. No order
 * and no timer leads here. An `ambiguous` error is never repeated: the account's history says whether it was taken.
 */
export async function topUp(caller: Caller, amountUsd: number): Promise<void> {
  if (caller.settings.allowTopUp !== true) {
    throw refused('Charging the card at HistAI is not allowed here', 'Pay money in at HistAI, or set allowTopUp.');
  }
  if (!(amountUsd > 0) || !Number.isInteger(Math.round(amountUsd * 1e6) / 1e4)) {
    throw refused('An amount to pay in at HistAI is not one in whole cents', 'Give an amount in USD above 0.');
  }
  await call(caller, { method: 'POST', path: PATHS.topUp, json: { amountUsd }, once: true });
}

const refused = (message: string, operator: string) =>
  new AdapterError('vendor-rejected', message, { kind: 'permanent', operator });
