/** What is said of a bought cohort in words. Pure; dates are those of the result. */
import { line } from './codes.ts';
import { slideCount } from './composition.ts';
import { phrasesOf } from './defined-by.ts';
import { LICENCE_URL } from './facts.ts';
import type { Result } from './state.ts';
import { many, minute, usd } from './words.ts';

/** `2 cases with 4 slides` */
const contents = ({ selection }: Result): string =>
  `${many(selection.cases, 'case')} with ${many(slideCount(selection), 'slide')}`;

/** What a person approved. */
export const purchaseOf = (result: Result): string =>
  `the purchase of ${contents(result)} for ${usd(result.purchase.cents)}`;

function paid(result: Result): string {
  const { purchase, approval } = result;
  const what = `${contents(result)} of HistAI's Pathology Datahub, at ${usd(purchase.cents)}`;
  if (purchase.elsewhere) {
    return `The cohort, ${what}, was found to be paid for: by somebody at HistAI, or by an approval of this order that had lapsed.`;
  }
  const by = approval ? `; ${line(approval.by) ?? 'somebody'} approved it on ${minute(approval.at)}` : '';
  return `Bought: ${what}, on ${minute(purchase.at)}${by}.`;
}

const ASSUMED = {
  'H&E': 'Nobody named a stain: slides in H&E were taken.',
  'every-stain': 'Nobody named a stain: slides in every stain were taken.',
} as const;

function chosen({ definition, selection }: Result): string[] {
  const { assumed, fitting, without } = selection;
  const phrases = phrasesOf(definition);
  return [
    ...(phrases.length > 0 ? [`Defined by, in the Datahub's own words: ${phrases.join('; ')}.`] : []),
    ...(assumed === undefined ? [] : [ASSUMED[assumed]]),
    `${many(fitting, 'case')} that fit ${fitting === 1 ? 'was' : 'were'} looked at, as far as was needed; ${without} lacked slides in the stains wanted.`,
  ];
}

function slidesHere({ slides, copies, purchase }: Result): string {
  const copied = slides.filter(({ file }) => file !== undefined).length;
  const here =
    copied > 0 || (copies && slides.length > 0)
      ? `${copied} of ${many(slides.length, 'file')} of slides ${copied === 1 ? 'is' : 'are'} copied here.`
      : 'The slides are not copied here.';
  return `${here} HistAI keeps them for download until ${minute(purchase.until)}; afterwards it is not certain that they can be had.`;
}

export function conclusionOf(result: Result): string {
  return [
    paid(result),
    ...chosen(result),
    slidesHere(result),
    'What was bought cannot be given back or refunded.',
    `What may be done with it: ${LICENCE_URL}`,
    'These are research data of other people, and no finding about any patient of this record.',
  ].join(' ');
}
