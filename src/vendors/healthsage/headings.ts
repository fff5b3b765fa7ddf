/** Section headings of English clinical notes, as data, by what they mean for the words below them. */
import { PLAIN_HEADINGS } from './plain-headings.ts';

/**
 * What a section says of everything in it. `plan` and `differential` change only some findings; `plain` ends another
 * section without a meaning of its own.
 */
export type SectionKind = 'past' | 'family' | 'plan' | 'allergy' | 'negative' | 'differential' | 'education' | 'plain';

const names: Record<SectionKind, readonly string[]> = {
  family: [
    'family history',
    'family medical history',
    'family hx',
    'fhx',
    'fh',
    'fam hx',
    'fmh',
    'fmhx',
    'pertinent family history',
    'relevant family history',
    'heredity',
    'genetic history',
  ],
  plan: [
    'plan',
    'plans',
    'treatment plan',
    'management plan',
    'plan of care',
    'recommendations',
    'recommendation',
    'follow up',
    'follow-up',
    'follow up plan',
    'next steps',
    'actions',
    'to do',
    'planned procedures',
    'pending',
    'orders',
  ],
  allergy: [
    'allergies',
    'allergy',
    'drug allergies',
    'allergies and intolerances',
    'adverse reactions',
    'intolerances',
  ],
  negative: [
    'problems ruled out',
    'conditions ruled out',
    'diagnoses ruled out',
    'diagnoses excluded',
    'pertinent negatives',
    'negatives',
    'denies',
    'patient denies',
    'ruled out',
    'excluded',
    'relevant negatives',
  ],
  differential: ['differential diagnosis', 'differential diagnoses', 'differential', 'ddx', 'differentials'],
  education: [
    'patient education',
    'education',
    'counselling',
    'counseling',
    'safety net',
    'safety netting',
    'return precautions',
    'advice',
    'discharge instructions',
    'instructions',
    'prevention',
    'screening',
    'health maintenance',
    'risks discussed',
  ],
  past: [
    'resolved problems',
    'resolved diagnoses',
    'resolved',
    'inactive problems',
    'inactive',
    'past problems',
    'old problems',
    'previous problems',
    'problems resolved',
  ],
  plain: PLAIN_HEADINGS,
};

/** Kinds of headings that are not in the list, by what they hold. `alone`: only where the line holds nothing else. */
export const HEADING_PATTERNS: readonly { kind: SectionKind; pattern: RegExp; alone?: true }[] = [
  { kind: 'family', pattern: /\bfamily (?:[a-z]+ ){0,2}(?:history|hx)\b/i },
  { kind: 'allergy', pattern: /^(?!no |nil ).*\b(?:allerg(?:y|ies)|intolerances?)\b/i },
  {
    kind: 'negative',
    pattern:
      /^(?:no|nil|none(?: of)?|without|absent|negative(?: for)?|no (?:known )?(?:history|evidence|signs?|symptoms)(?: of)?|(?:the )?(?:patient |pt |he |she )?(?:denies|denied)\b.*|.*\b(?:ruled out|excluded|negatives))$/i,
    alone: true,
  },
  { kind: 'differential', pattern: /\bdifferentials?\b/i, alone: true },
  { kind: 'past', pattern: /^(?:resolved|inactive|old|previous|former) (?:problems?|diagnos[ei]s|conditions?)\b/i },
  {
    kind: 'education',
    pattern:
      /\b(?:patient (?:information|instructions|advice)|return precautions|risks? (?:discussed|explained)|safety[- ]net\w*)\b/i,
  },
];

export const HEADINGS: ReadonlyMap<string, SectionKind> = new Map(
  (['plain', 'past', 'education', 'differential', 'negative', 'allergy', 'plan', 'family'] as const).flatMap((kind) =>
    names[kind].map((name): [string, SectionKind] => [name, kind]),
  ),
);
