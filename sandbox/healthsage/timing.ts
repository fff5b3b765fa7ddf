/** The dates that the words around a mention give it. */
import { DATE, readDate, relativeOf, type WrittenDate } from './dates.ts';

export interface Timing {
  start?: WrittenDate;
  end?: WrittenDate;
  /** How many UTF-16 units of the text before and after the mention belong to the date words. */
  before: number;
  after: number;
}

const VERB =
  '(?:(?:first |initially |newly |formally )?(?:diagnosed|documented|detected|found|noted|known|present|performed|done|carried out|undertaken|completed|treated|inserted|implanted|confirmed|identified))';
const SINCE = '(?:since|in|from|on|during|around|circa|as of|dating from|dated|dating back to)';
const UNTIL = '(?:until|till|up to|to)';
const RESOLVED =
  '(?:(?:which |that )?(?:has |had |was |were |is )?(?:since |now |fully |completely )?(?:resolved|cured|ended|settled|healed|stopped|discontinued|closed))';
/** "Thrombosis of the left leg 12 years ago": the site stands between. */
const SITE = '(?: of (?:(?:the|her|his) )?(?:(?:left|right) )?\\p{L}+)?';
const COUNT = '(\\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)';

const at = (source: string) => new RegExp(`^${source}`, 'iu');

const RANGE = at(`[ ,]*\\(?${VERB}? ?(?:${SINCE} )?(?<start>${DATE}) ?(?:${UNTIL}|-|–) ?(?<end>${DATE})\\)?`);
const START = at(`${SITE}[ ,]*\\(?(?:was |were |is )?${VERB}? ?(?:${SINCE} )?(?<start>${DATE})\\)?`);
const END = at(`[ ,]*\\(?(?:${RESOLVED} ?(?:in |by |on |since )?|(?:until|till|up to) )(?<end>${DATE})\\)?`);
const DURATION = at(
  `[ ,]*(?:for|over)(?: the (?:last|past))? (?:about |some |approximately )?${COUNT} (year|month|week|day)s?(?!\\p{L})`,
);
const LEADING = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:(?:in|since|on|from) )?(?<start>${DATE})(?: ?[:,–-])? ?(?:(?:s?he|they|(?:the )?patient) )?(?:(?:underwent|had|developed|suffered|was (?:first )?diagnosed with|was found to have|was treated for) )?(?:an? |the |his |her )?$`,
  'iu',
);

/** Reads the timing from the words before and after a mention, both of the same sentence. Runs of blanks count as one. */
export function readTiming(before: string, after: string, letterDate: string): Timing {
  const flat = after.replace(/\s/g, ' ');
  const range = RANGE.exec(flat);
  if (range?.groups) {
    return timing(0, range[0], range.groups, letterDate);
  }
  const start = START.exec(flat);
  const end = END.exec(flat.slice(start?.[0].length ?? 0));
  if (start || end) {
    const words = `${start?.[0] ?? ''}${end?.[0] ?? ''}`;
    return timing(0, words, { ...start?.groups, ...end?.groups }, letterDate);
  }
  const lasting = DURATION.exec(flat);
  if (lasting?.[1] && lasting[2]) {
    const relative = relativeOf(lasting[1].toLowerCase(), lasting[2].toLowerCase());
    return { start: { relative }, before: 0, after: lasting[0].length };
  }
  const leading = LEADING.exec(before.replace(/\s/g, ' '));
  return leading?.groups ? timing(leading[0].length, '', leading.groups, letterDate) : { before: 0, after: 0 };
}

function timing(before: number, words: string, groups: Record<string, string | undefined>, letterDate: string): Timing {
  const read = (text: string | undefined) => (text ? readDate(text, letterDate) : undefined);
  const start = read(groups.start);
  const end = read(groups.end);
  // A bracket that was opened before the mention is not ours to close.
  const opened = words.includes('(');
  const after = !opened && words.endsWith(')') ? words.length - 1 : words.length;
  return { ...(start && { start }), ...(end && { end }), before, after };
}
