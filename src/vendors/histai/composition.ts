/** What a cohort is made of, counted: rows for the Observations about it, and for its picture. Pure. */
import { line, SEXES } from './codes.ts';
import type { BoughtCase, Result, Selection } from './state.ts';

export interface Row {
  /** In the vendor's words. */
  label: string;
  /** Of cases or of slides. */
  count: number;
}

export interface Tally {
  /** The part and the local code of its Observation. */
  name: 'stains' | 'diagnoses' | 'organs' | 'ages' | 'sexes' | 'markers';
  title: string;
  unit: 'cases' | 'slides';
  /** None where nothing is known. */
  rows: Row[];
  /** Cases that say nothing of it. Absent: it is not asked of each. */
  unstated?: number;
}

interface Counted {
  rows: Row[];
  unstated: number;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const frequentFirst = (a: Row, b: Row): number => b.count - a.count || byText(a.label, b.label);

/** The clean words among these, each once. */
const words = (texts: readonly string[]): string[] => [...new Set(texts.flatMap((text) => line(text) ?? []))];

function added(counts: readonly Row[]): Row[] {
  const sums = new Map<string, number>();
  for (const { label, count } of counts) {
    sums.set(label, (sums.get(label) ?? 0) + count);
  }
  return Array.from(sums, ([label, count]) => ({ label, count })).filter(({ count }) => count > 0);
}

/** Cases by what they say; one that says several things counts for each. */
function casesBy(cases: readonly BoughtCase[], labelsOf: (one: BoughtCase) => string[]): Counted {
  const labels = cases.map(labelsOf);
  return {
    rows: added(labels.flat().map((label) => ({ label, count: 1 }))).sort(frequentFirst),
    unstated: labels.filter(({ length }) => length === 0).length,
  };
}

function casesByDecade(cases: readonly BoughtCase[]): Counted {
  const decades = cases.flatMap(({ age }) => (age === undefined ? [] : [Math.floor(age / 10) * 10]));
  const rows = decades.sort((a, b) => a - b).map((from) => ({ label: `${from} to ${from + 9} years`, count: 1 }));
  return { rows: added(rows), unstated: cases.length - decades.length };
}

/** A result that is blank is none. */
export const resultsOf = ({ studies }: Pick<BoughtCase, 'studies'>): { marker: string; result: string }[] =>
  studies.flatMap(({ marker, result }) => {
    const name = line(marker);
    return name === undefined || line(result) === undefined ? [] : [{ marker: name, result }];
  });

export function compositionOf({ selection, cases }: Pick<Result, 'selection' | 'cases'>): Tally[] {
  const stains = selection.byStain.flatMap(({ stain, slides }) => {
    const label = line(stain);
    return label === undefined ? [] : [{ label, count: slides }];
  });
  const markers = casesBy(cases, (one) => words(resultsOf(one).map(({ marker }) => marker)));
  return [
    { name: 'stains', title: 'Slides by stain', unit: 'slides', rows: added(stains).sort(frequentFirst) },
    {
      name: 'diagnoses',
      title: 'Cases by diagnosis',
      unit: 'cases',
      ...casesBy(cases, ({ primaryDiagnosis }) => words(primaryDiagnosis)),
    },
    { name: 'organs', title: 'Cases by organ', unit: 'cases', ...casesBy(cases, ({ organ }) => words(organ)) },
    { name: 'ages', title: 'Cases by age', unit: 'cases', ...casesByDecade(cases) },
    {
      name: 'sexes',
      title: 'Cases by sex',
      unit: 'cases',
      ...casesBy(cases, ({ gender }) => (gender === undefined ? [] : [SEXES[gender]])),
    },
    { name: 'markers', title: 'Cases with a result, by immunohistochemical marker', unit: 'cases', rows: markers.rows },
  ];
}

/** All that were bought, whatever their stain. */
export const slideCount = ({ counts }: Pick<Selection, 'counts'>): number => counts.he + counts.other;

const NOT_STATED = 'not stated';

/** The `most` foremost rows, and behind them the cases that say nothing. */
export function rowsOf({ rows, unstated = 0 }: Tally, most = rows.length): Row[] {
  return [...rows.slice(0, most), ...(unstated > 0 ? [{ label: NOT_STATED, count: unstated }] : [])];
}
