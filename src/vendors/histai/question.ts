/** What a person is asked before a cohort is bought: everything that the decision needs, in words. Pure. */
import type { Question } from '../contract.ts';
import { slideCount } from './composition.ts';
import { LICENCE_URL } from './facts.ts';
import { agreement, cheaperWith, priceOf } from './price.ts';
import type { Selection } from './state.ts';
import { many, minute, usd } from './words.ts';

export interface Offered {
  cohort: { id: string; name: string };
  selection: Selection;
  /** What the vendor asks for the whole. */
  cents: number;
  balanceCents: number;
  /** An instant. */
  expires: string;
  /** How long an approval is good, in minutes. */
  minutes: number;
  /** Why it is asked again. */
  again?: string | undefined;
  /** The content's hash, and how often was asked: an answer to an earlier question is none to this. */
  hash: string;
  asked: number;
  inEhr: string[];
}

export const approvalId = ({ asked, hash }: Pick<Offered, 'asked' | 'hash'>): string =>
  `purchase/${asked}/${hash.slice(0, 12)}`;

const KINDS = { he: 'H&E', other: 'other' } as const;

/** Our own reckoning by the price list, which information only: what counts is the vendor's figure. */
function reckoned({ counts }: Selection, cents: number): string[] {
  const [together, apart] = [priceOf(counts, 'A'), priceOf(counts, 'B')];
  const agrees = agreement(counts, cents / 100);
  const list =
    together === apart
      ? `By HistAI's price list it costs ${usd(together)}.`
      : `By HistAI's price list it costs ${usd(together)} if all slides count together, ${usd(apart)} if H&E and other stains count apart.`;
  const cheaper = cheaperWith(counts, agrees === 'B' ? 'B' : 'A');
  return [
    list,
    ...(agrees ? [] : ['ATTENTION: the price asked is none of these.']),
    ...(cheaper
      ? [
          `With ${many(cheaper.more, 'more slide')} (${KINDS[cheaper.of]}) the whole would cost ${usd(cheaper.saves)} less.`,
        ]
      : []),
  ];
}

export function purchaseQuestion(offered: Offered): Question {
  const { cohort, selection, cents, balanceCents, expires, minutes, again, inEhr } = offered;
  const { cases, byStain, assumed } = selection;
  const stains = byStain.map((one) => `${one.stain} ${one.slides}`).join(', ');
  const amount = (cents / 100).toFixed(2);
  const sentences = [
    ...(again === undefined ? [] : [again]),
    `Buy the cohort ${cohort.name} (${cohort.id}) of HistAI for ${usd(cents)}?`,
    `It has ${many(cases, 'case')} with ${many(slideCount(selection), 'slide')} (${stains}), data of other people for research.`,
    ...(assumed === undefined
      ? []
      : [`Nobody named a stain: ${assumed === 'H&E' ? 'H&E was taken' : 'all were taken'}.`]),
    ...reckoned(selection, cents),
    `The balance of the account is ${usd(balanceCents)}.`,
    ...(balanceCents < cents ? ['ATTENTION: that is not enough.'] : []),
    'A purchase cannot be undone or refunded.',
    `Licence: ${LICENCE_URL}`,
    `To approve, answer with the amount, ${amount}; the approval is good for ${many(minutes, 'minute')}. To decline, answer “decline”. Without an answer by ${minute(expires)} the order ends and nothing is bought.`,
  ];
  return {
    id: approvalId(offered),
    text: sentences.join(' '),
    choices: { decline: 'Do not buy it; the order ends and the cohort stays unpaid' },
    number: { unit: 'USD', exactly: cents / 100 },
    role: 'approver',
    expires,
    ...(inEhr.length > 0 && { inEhr }),
  };
}
