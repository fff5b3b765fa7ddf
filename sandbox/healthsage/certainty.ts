/**
 * How sure the text is of what it mentions: the vendor's `status`. Negation and whose illness it is are not looked at:
 * the vendor documents no guard for either, so "no chest pain" comes back as a confirmed chest pain.
 */
export type Certainty = 'confirmed' | 'provisional' | 'differential';

export interface Judgement {
  status: Certainty;
  /** How many UTF-16 units before and after the mention say so and belong to it. */
  before: number;
  after: number;
}

const SURE: Judgement = { status: 'confirmed', before: 0, after: 0 };

/** Directly before the mention: "possible", "?", "suspicion of a". */
const DOUBT =
  /(?<![\p{L}\p{N}])(?:possibl[ey]|probabl[ey]|likely|suspected|presumed|presumptive|provisional|suspicious (?:of|for)|suspicion of|concern(?:ing)? for|query|questionable|may (?:have|be)|might (?:have|be)|could (?:have|be)|cannot exclude|can(?:not|'t) rule out|to (?:exclude|rule out)|rule out|r\/o|working diagnosis(?: of|:))\s+(?:an?\s+|the\s+)?$|\?\s?$/iu;

const VERSUS = { before: /(?<!\p{L})(?:versus|vs\.?)\s+(?:an?\s+)?$/iu, after: /^\s+(?:versus|vs\.?)(?!\p{L})/iu };

/** "Differential for the dyspnoea includes …": what follows the verb is the differential, what stands before it is not. */
const DIFFERENTIAL =
  /(?<!\p{L})(?:differential(?:\s+diagnos[ei]s)?|ddx)(?!\p{L})[^:]*?(?::|(?<!\p{L})(?:includ(?:es?|ing)|is|are|remains?|being|between|comprises?|considered)(?!\p{L}))/iu;

/** A heading of its own: the paragraph below it is the differential. */
const DIFFERENTIAL_HEADING = /^[^\p{L}]*(?:differential(?:\s+diagnos[ei]s)?|ddx)[^\p{L}]*$/iu;

/** "Possible X or Y": the doubt about X is about Y too. */
const ALTERNATIVE = /^(?:\s*\/\s*|,?\s+or\s+)(?:an?\s+)?$/iu;

/**
 * Judges one mention. `sentence` is its sentence up to it, `lead` what of that no other mention has claimed, `headings`
 * the lines that stand over it; `previous` is the mention before it in the same sentence and `between` what separates them.
 */
export function judge(context: {
  sentence: string;
  lead: string;
  after: string;
  headings: string[];
  previous?: { status: Certainty; between: string };
}): Judgement {
  const { sentence, lead, after, headings, previous } = context;
  if (
    DIFFERENTIAL.test(sentence) ||
    headings.some((heading) => DIFFERENTIAL_HEADING.test(heading)) ||
    VERSUS.before.test(sentence) ||
    VERSUS.after.test(after)
  ) {
    return { ...SURE, status: 'differential' };
  }
  const doubt = DOUBT.exec(lead);
  if (doubt) {
    return { status: 'provisional', before: doubt[0].length, after: 0 };
  }
  if (after.startsWith('?')) {
    return { status: 'provisional', before: 0, after: 1 };
  }
  if (previous?.status === 'provisional' && ALTERNATIVE.test(previous.between)) {
    return { ...SURE, status: 'provisional' };
  }
  return SURE;
}
