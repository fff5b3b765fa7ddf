/** Dates as clinic letters write them, and what they mean seen from the day of the letter. */

export interface WrittenDate {
  /** Partial ISO date: `2014`, `2019-03`, `2019-03-12`; absent where the text is only relative. */
  date?: string;
  /** `(Y-4)`: four years before the letter; also in months (M), weeks (W) and days (D). */
  relative: string;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const NUMBERS = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];

const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?';
const YEAR = '(?:19|20)\\d\\d';
const DAY = '(?:0?[1-9]|[12]\\d|3[01])';
const COUNT = `(?:\\d{1,2}|an?|${NUMBERS.slice(1).join('|')})`;

/** Source of a pattern for one written date; it ends at a word's end. Use with the flags `iu`. */
export const DATE = `(?:${[
  `${YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])`,
  `${YEAR}-(?:0[1-9]|1[0-2])(?!\\d)`,
  `${DAY}(?:st|nd|rd|th)?(?: of)? ${MONTH},? ${YEAR}`,
  `${MONTH} ${DAY}(?:st|nd|rd|th)?,? ${YEAR}`,
  `${MONTH},? ${YEAR}`,
  `${DAY}[/.]${DAY}[/.]${YEAR}`,
  `(?:0?[1-9]|1[0-2])/${YEAR}`,
  YEAR,
  `${COUNT} (?:year|month|week|day)s? ago`,
  'last (?:year|month|week)',
  'yesterday',
].join('|')})(?![\\p{L}\\p{N}])`;

/** What a text matched by DATE says. `letterDate` is `YYYY-MM-DD`. Total: what it cannot read is undefined. */
export function readDate(text: string, letterDate: string): WrittenDate | undefined {
  const words = text.trim().toLowerCase();
  return readRelative(words) ?? readAbsolute(words, Number(letterDate.slice(0, 4)));
}

/** `for 12 years` and `12 years ago`, as (Y-12). */
export function relativeOf(count: string, unit: string): string {
  const written = NUMBERS.indexOf(count);
  const number = /^an?$/.test(count) ? 1 : written > 0 ? written : Number(count);
  return `(${unit.charAt(0).toUpperCase()}-${number})`;
}

function readRelative(words: string): WrittenDate | undefined {
  if (words === 'yesterday') {
    return { relative: '(D-1)' };
  }
  const last = /^last (year|month|week)$/.exec(words);
  if (last?.[1]) {
    return { relative: relativeOf('1', last[1]) };
  }
  const ago = /^(\S+) (year|month|week|day)s? ago$/.exec(words);
  return ago?.[1] && ago[2] ? { relative: relativeOf(ago[1], ago[2]) } : undefined;
}

function readAbsolute(words: string, letterYear: number): WrittenDate | undefined {
  const year = /(?:19|20)\d\d(?!\d)/.exec(words)?.[0];
  if (!year) {
    return undefined;
  }
  const distance = letterYear - Number(year);
  const relative = distance >= 0 ? `(Y-${distance})` : `(Y+${-distance})`;
  const rest = readMonthAndDay(words, year);
  return { date: rest ? `${year}-${rest}` : year, relative };
}

/** `MM` or `MM-DD`. Of a numeric date the first number is the day, unless it can only be the month. */
function readMonthAndDay(words: string, year: string): string | undefined {
  const iso = new RegExp(`^${year}-(\\d\\d(?:-\\d\\d)?)$`).exec(words);
  if (iso?.[1]) {
    return iso[1];
  }
  const named = MONTHS.findIndex((month) => words.includes(month)) + 1;
  const numbers = (words.replace(year, '').match(/\d{1,2}/g) ?? []).map(Number);
  const [first, second] = numbers;
  if (named > 0) {
    return first === undefined ? two(named) : `${two(named)}-${two(first)}`;
  }
  if (first !== undefined && second !== undefined) {
    return second > 12 ? `${two(first)}-${two(second)}` : `${two(second)}-${two(first)}`;
  }
  return first === undefined ? undefined : two(first);
}

const two = (number: number) => String(number).padStart(2, '0');
