/** The account's money, as it can be looked at; see top-up.ts for paying in. */
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
