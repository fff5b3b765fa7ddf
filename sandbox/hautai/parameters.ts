/** The 27 parameters of Face Skin Metrics 3.0: which keys each has, as they were seen of the vendor, and how it shows. */

export const AREAS = ['forehead', 'left_eye', 'right_eye', 'perioral', 'nose', 'left_cheek', 'right_cheek'] as const;
export type Area = (typeof AREAS)[number];

/** What a mask draws: wrinkles, round spots, discoloured patches, pores. */
export type Marks = 'lines' | 'spots' | 'patches' | 'dots';

export interface ParameterPlan {
  name: string;
  /** The key of its value; `tag` alone for what is only named. */
  value:
    | 'score'
    | 'grade'
    | 'amount'
    | 'density'
    | 'number_of_moles'
    | 'age'
    | 'eyes_age'
    | 'ita'
    | 'skin_type'
    | 'tag';
  /** Of a count or a density: what it reaches at most. */
  most?: number;
  /** It has a grade beside its score. */
  graded?: true;
  /** It has an amount beside its score, up to this. */
  amount?: number;
  areas?: { of: readonly Area[]; keys: readonly ('score' | 'amount' | 'length')[] };
  marks?: Marks;
  /** It cannot be seen from the side. */
  frontOnly?: true;
}

const EYES_AND_BROW = ['forehead', 'left_eye', 'right_eye', 'perioral'] as const;
const CHEEKS = ['nose', 'left_cheek', 'right_cheek'] as const;

/** In the order in which they are calculated. */
export const PARAMETERS: readonly ParameterPlan[] = [
  { name: 'age', value: 'age', frontOnly: true },
  {
    name: 'lines',
    value: 'score',
    graded: true,
    areas: { of: EYES_AND_BROW, keys: ['score', 'length'] },
    marks: 'lines',
  },
  { name: 'deep_lines', value: 'score', marks: 'lines' },
  { name: 'fine_lines', value: 'score', marks: 'lines' },
  { name: 'pores', value: 'score', graded: true, amount: 480, areas: { of: CHEEKS, keys: ['amount'] }, marks: 'dots' },
  { name: 'enlarged_pores', value: 'amount', most: 40, marks: 'dots' },
  { name: 'redness', value: 'score', graded: true, areas: { of: CHEEKS, keys: ['score'] }, marks: 'patches' },
  { name: 'irritation', value: 'score', marks: 'patches' },
  { name: 'pigmentation', value: 'score', graded: true, areas: { of: AREAS, keys: ['score'] }, marks: 'patches' },
  { name: 'freckles', value: 'density', most: 24, marks: 'spots' },
  { name: 'melasma', value: 'density', most: 9, marks: 'patches' },
  { name: 'sun_spots', value: 'density', most: 18, marks: 'spots' },
  { name: 'moles', value: 'number_of_moles', most: 11, marks: 'spots' },
  { name: 'breakouts', value: 'score', marks: 'spots' },
  { name: 'pimples', value: 'amount', most: 7, marks: 'spots' },
  { name: 'inflammation', value: 'amount', most: 5, marks: 'spots', frontOnly: true },
  { name: 'sagging', value: 'score', graded: true },
  { name: 'jowls', value: 'grade' },
  { name: 'lacrimal_grooves', value: 'score', frontOnly: true },
  {
    name: 'dark_circles',
    value: 'score',
    areas: { of: ['left_eye', 'right_eye'], keys: ['score'] },
    marks: 'patches',
    frontOnly: true,
  },
  { name: 'eyes_age', value: 'eyes_age', frontOnly: true },
  { name: 'ita', value: 'ita' },
  { name: 'skintone', value: 'tag' },
  { name: 'skin_type', value: 'skin_type', frontOnly: true },
  { name: 'puffiness', value: 'score', frontOnly: true },
  { name: 'nasolabial_wrinkles', value: 'score', marks: 'lines', frontOnly: true },
  { name: 'marionette_lines', value: 'score', marks: 'lines', frontOnly: true },
];

/** The vendor's bands of a score: its tag, and its grade from 1 (best) to 5. */
export function bandOf(score: number): { tag: string; grade: number } {
  const bands = [
    { from: 90, tag: 'Great', grade: 1 },
    { from: 80, tag: 'Good', grade: 2 },
    { from: 50, tag: 'Average', grade: 3 },
    { from: 30, tag: 'Poor', grade: 4 },
  ];
  const { tag, grade } = bands.find(({ from }) => score >= from) ?? { tag: 'Poor', grade: 5 };
  return { tag, grade };
}

/** The colour class of an individual typology angle in degrees. */
export function colourOf(ita: number): string {
  const classes: [from: number, name: string][] = [
    [55, 'Very light'],
    [41, 'Light'],
    [28, 'Intermediate'],
    [10, 'Tan'],
    [-30, 'Brown'],
  ];
  return classes.find(([from]) => ita > from)?.[1] ?? 'Dark';
}
