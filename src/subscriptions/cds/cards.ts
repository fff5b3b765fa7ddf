/** What a clinician is told of one order and one route. Pure. https://cds-hooks.hl7.org/2.0/#card-attributes */
import type { ConsentObjection } from '../../fhir/consent.ts';
import type { InputKind, InputVerdict } from './named-inputs.ts';

export interface Card {
  /** One sentence of fewer than 140 characters. */
  summary: string;
  /** GitHub-flavoured Markdown. */
  detail: string;
  /** `critical` is the specification's third; an AI analysis that cannot be done is never that. */
  indicator: 'info' | 'warning';
  source: { label: string };
}

/** What is known of an order when it is signed; undefined: it could not be told in time. */
export interface OrderFacts {
  /** The order's own words for what is ordered, where it has some. */
  label?: string | undefined;
  /** The vendor as people know it. */
  vendor: string;
  needs: readonly InputKind[];
  inputs: InputVerdict;
  /** Hours that the order waits for a missing input; 0: it is refused at once. */
  awaitHours: number;
  /** Whether one more order goes over the site's limit of today. */
  quotaUsedUp: { perDay: number } | false | undefined;
  /** Why the vendor's credential is on hold, in words for a clinician; `false`: it is not. */
  hold: { text: string } | false | undefined;
  /** What the patient's Consents have against it; `false`: nothing. */
  consent: ConsentObjection | false | undefined;
}

const SOURCE = { label: 'AI orders' };
const LONGEST_SUMMARY = 139;
const LONGEST_LABEL = 40;

const cut = (text: string, length: number) => {
  const characters = Array.from(text.replace(/\s+/g, ' ').trim());
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : characters.join('');
};
/** What came from outside is text, not Markdown, wherever it stands. */
const escaped = (text: string) => text.replace(/[\\`*_[\]<>#|~&]/g, '\\$&');
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const hours = (count: number) => (count === 1 ? '1 hour' : `${count} hours`);

interface Trouble {
  summary: string;
  detail: string;
}

function consentTroubles({ vendor, consent, awaitHours }: OrderFacts, order: string): Trouble[] {
  if (!consent) {
    return [];
  }
  const { text, awaits } = consent;
  if (!awaits) {
    const summary = `The patient's consent does not allow AI analysis by ${vendor}: ${order} will be rejected.`;
    return [{ summary, detail: text }];
  }
  const then = awaitHours > 0 ? `waits for it, up to ${hours(awaitHours)}` : 'will be rejected';
  const summary = `The patient's consent to AI analysis by ${vendor} is not in the EHR: ${order} ${then}.`;
  return [{ summary, detail: text }];
}

function troubles(facts: OrderFacts, order: string): Trouble[] {
  const { vendor, needs, awaitHours, quotaUsedUp, hold } = facts;
  const missing = needs.join(' or ');
  return [
    ...consentTroubles(facts, order),
    ...(facts.inputs === 'missing' && awaitHours > 0
      ? [
          {
            summary: `${capital(order)} names no ${missing}: AI analysis by ${vendor} waits for one, up to ${hours(awaitHours)}.`,
            detail: `It waits for a ${missing} until ${hours(awaitHours)} after the order came; then it is rejected.`,
          },
        ]
      : []),
    ...(facts.inputs === 'missing' && awaitHours === 0
      ? [
          {
            summary: `${capital(order)} names no ${missing}: AI analysis by ${vendor} will be rejected.`,
            detail: `AI analysis needs a ${missing} that the order names.`,
          },
        ]
      : []),
    ...(hold ? [{ summary: `AI analysis by ${vendor} is on hold: ${order} will wait.`, detail: hold.text }] : []),
    ...(quotaUsedUp
      ? [
          {
            summary: `Today's limit for AI analysis by ${vendor} is reached: ${order} will wait until tomorrow.`,
            detail: `The site allows ${quotaUsedUp.perDay} a day. It goes on when the next day begins (UTC), or when somebody approves it today.`,
          },
        ]
      : []),
  ];
}

/** The card, or undefined where nothing is certain enough to be said. */
export function cardFor(facts: OrderFacts): Card | undefined {
  const label = facts.label === undefined ? '' : cut(facts.label, LONGEST_LABEL);
  const order = label === '' ? 'the order' : `“${label}”`;
  const found = troubles(facts, order);
  const [first] = found;
  if (first) {
    const detail = found.map((each) => `- ${escaped(cut(each.detail, 400))}`).join('\n');
    return { summary: cut(first.summary, LONGEST_SUMMARY), detail, indicator: 'warning', source: SOURCE };
  }
  const certain =
    facts.inputs === 'named' && [facts.consent, facts.hold, facts.quotaUsedUp].every((each) => each === false);
  if (!certain) {
    return undefined;
  }
  return {
    summary: cut(
      `AI analysis by ${facts.vendor} will be done for ${label === '' ? 'this order' : order}.`,
      LONGEST_SUMMARY,
    ),
    detail:
      'It begins once the order is active. Its results are **preliminary**: made by AI, to be reviewed and signed by a clinician.',
    indicator: 'info',
    source: SOURCE,
  };
}
