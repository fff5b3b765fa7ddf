/** Numbers and units as the vendor writes them. Nothing is assumed: what is not exact stays a text. Pure. */
import type { Quantity } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,2})?$/i;

/** The vendor's numbers are strings: the whole string is one, or it is none. */
export function numberOf(text: string | undefined): number | undefined {
  const value = text !== undefined && NUMBER.test(text.trim()) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** A count of things: no fraction, not negative, within FHIR's integer. */
export function countOf(text: string | undefined): number | undefined {
  const value = numberOf(text);
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= 0x7fffffff ? value : undefined;
}

/** UCUM codes that may be met here, each valid as it stands. */
const UCUM = [
  ...[
    '10*12/L',
    '10*9/L',
    '10*6/uL',
    '10*3/uL',
    '/uL',
    '/L',
    '/mm2',
    '/mm3',
    '{cells}/uL',
    '{cells}/mm2',
    '{parasites}/uL',
  ],
  ...[
    '%',
    '/100{WBC}',
    '/1000{RBC}',
    '/10*6{RBC}',
    '/[HPF]',
    '/{field}',
    'fL',
    'pg',
    'um',
    'um2',
    'mm2',
    'g/dL',
    'g/L',
    '1',
  ],
] as const;

/** Other spellings of exactly the same, in lower case with µ as u and without blanks. */
const SPELLINGS: Readonly<Record<string, string>> = {
  '10^12/l': '10*12/L',
  'x10^12/l': '10*12/L',
  '10^9/l': '10*9/L',
  'x10^9/l': '10*9/L',
  '10^6/ul': '10*6/uL',
  'x10^6/ul': '10*6/uL',
  '10^3/ul': '10*3/uL',
  'x10^3/ul': '10*3/uL',
  'cells/ul': '{cells}/uL',
  'cells/mm2': '{cells}/mm2',
  'cells/mm^2': '{cells}/mm2',
  'parasites/ul': '{parasites}/uL',
  percent: '%',
};

const BY_SPELLING = new Map<string, string>([
  ...Object.entries(SPELLINGS),
  ...UCUM.map((code): [string, string] => [code.toLowerCase(), code]),
]);

/** The UCUM code of a unit; undefined where it is none that we know to be exact. */
export function ucumOf(unit: string | undefined): string | undefined {
  const plain = unit?.replace(/[µμ]/g, 'u').replace(/\s+/g, '').toLowerCase();
  return plain === undefined ? undefined : BY_SPELLING.get(plain);
}

/** The vendor's documents show the letters x and y in place of values and units, and so do some of its answers. */
export const isPlaceholder = (text: string | undefined): boolean =>
  text === undefined || /^(x|y|\?|-|n\/?a|null|none|nan)?$/i.test(text.trim());

/** Only of a number with a unit that is UCUM; `unit` keeps the vendor's spelling. */
export function quantityOf(value: string | undefined, unit: string | undefined): Quantity | undefined {
  const number = numberOf(value);
  const code = ucumOf(unit);
  return number === undefined || code === undefined
    ? undefined
    : { value: number, unit: unit?.trim() ?? code, system: SYSTEMS.ucum, code };
}

/** A ratio or a share without unit. */
export const pure = (value: number): Quantity => ({ value, system: SYSTEMS.ucum, code: '1' });
