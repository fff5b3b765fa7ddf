/** `POST /v1/datahub/cohorts/{cohortId}/pay`: buys a cohort, once for each idempotency key. */
import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { accountOf, callOf } from './admit.ts';
import { sha256Of, statusOf, totalOf } from './cohorts.ts';
import { findCohort } from './find-cohort.ts';
import { hangUp, type Simulator } from './simulator.ts';
import type { Account, Cohort } from './world.ts';

const uuid = z.guid();

export function pay(request: Request<{ cohortId: string }>, response: Response, simulator: Simulator) {
  const { answers, take } = simulator;
  const cohort = findCohort(request, response, simulator);
  if (!cohort) {
    return;
  }
  const key = uuid.safeParse(request.get('idempotency-key')).data?.toLowerCase();
  if (key === undefined) {
    return answers.refuse(response, 'INVALID_PARAMETERS', 'Idempotency-Key must be a UUID');
  }
  const call = callOf(response);
  call.keys = { ...call.keys, idempotency_key: key };
  const account = accountOf(response);
  const before = account.payments.get(key);
  if (before) {
    return before.cohortId === cohort.id
      ? answers.send(response, before.answer)
      : answers.refuse(response, 'INVALID_PARAMETERS', 'Idempotency-Key was used for another cohort');
  }
  const status = statusOf(cohort, simulator);
  if (status !== 'UNPAID') {
    return answers.refuse(response, status === 'PAID' ? 'COHORT_ALREADY_PAID' : 'COHORT_STATUS_INVALID');
  }
  if (take('insufficient-funds') || account.balanceUsd < totalOf(cohort, simulator)) {
    return answers.refuse(response, 'INSUFFICIENT_FUNDS');
  }
  if (take('pay-not-charged-500')) {
    return answers.refuse(response, 'INTERNAL_ERROR');
  }
  const answer = charge(cohort, { account, key }, simulator);
  if (take('pay-then-hang-up')) {
    return hangUp(request);
  }
  if (take('pay-then-500')) {
    return answers.refuse(response, 'INTERNAL_ERROR');
  }
  answers.send(response, answer);
}

/** Takes the money, and says what the key's every further call will hear. */
function charge(cohort: Cohort, { account, key }: { account: Account; key: string }, simulator: Simulator): object {
  const { ledger, now, take, lasts } = simulator;
  const amountUsd = totalOf(cohort, simulator);
  const paidDate = now().toISOString();
  account.balanceUsd -= amountUsd;
  account.history.push({ id: randomUUID(), type: 'PURCHASE', amountUsd, createdDate: paidDate, cohortId: cohort.id });
  cohort.paid = { at: now().getTime(), held: lasts('export-never-ready'), exportFails: take('export-failed') };
  ledger.bill({
    sha256: sha256Of(cohort),
    keys: { cohort_id: cohort.id, idempotency_key: key },
    units: { charges: 1, usd: amountUsd },
  });
  const answer = { cohortId: cohort.id, status: 'PAID', amountUsd, balanceUsd: account.balanceUsd, paidDate };
  account.payments.set(key, { cohortId: cohort.id, answer });
  return answer;
}
