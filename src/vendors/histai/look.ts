/** What a cohort is at the vendor's now, as far as it has to be known before money is spent for it. */
import type { Context } from '../contract.ts';
import { readCohort } from './api.ts';
import { contentHash } from './content-hash.ts';
import type { CaseSlides } from './criteria-types.ts';
import type { Ctx } from './ctx.ts';
import { CURRENCY } from './facts.ts';

export type Look =
  | { is: 'gone' }
  /** Not to be paid for, whatever else it says. */
  | { is: 'unready'; status: string | undefined }
  /** It does not say what is in it, or what it costs in US dollars. */
  | { is: 'unreadable'; what: string }
  | {
      is: 'UNPAID' | 'PAID';
      cases: CaseSlides[];
      /** What the whole costs, or has cost. */
      cents: number;
      hash: string;
      paidAt?: string | undefined;
    };

export async function lookAt(
  id: string,
  context: Pick<Context, 'http' | 'signal'> & Pick<Ctx, 'settings'>,
): Promise<Look> {
  const { http, settings, signal } = context;
  const cohort = await readCohort({ http, settings, signal }, id);
  if (!cohort) {
    return { is: 'gone' };
  }
  const { status, cases, totalPriceUsd, currency = CURRENCY } = cohort;
  if (status !== 'UNPAID' && status !== 'PAID') {
    return { is: 'unready', status };
  }
  if (cases === undefined || totalPriceUsd === undefined || currency !== CURRENCY) {
    const what =
      cases === undefined ? 'what is in it' : currency === CURRENCY ? 'its price' : `its price in ${CURRENCY}`;
    return { is: 'unreadable', what };
  }
  const cents = Math.round(totalPriceUsd * 100);
  const hash = contentHash({ cohortId: id, cases, cents, currency });
  return { is: status, cases, cents, hash, ...(cohort.paidDate !== undefined && { paidAt: cohort.paidDate }) };
}
