/** The composition of a cohort as it is drawn. Pure. */
import type { Chart } from '../../pictures/chart.ts';
import { OTHER_PEOPLE } from './codes.ts';
import { compositionOf, rowsOf, slideCount } from './composition.ts';
import type { Result } from './state.ts';
import { many } from './words.ts';

export function chartOf(result: Pick<Result, 'selection' | 'cases'>): Chart {
  const { selection } = result;
  const drawn = compositionOf(result).filter(({ name }) => name !== 'markers');
  return {
    title: `Research cohort of ${many(selection.cases, 'case')} with ${many(slideCount(selection), 'slide')}`,
    banner: OTHER_PEOPLE,
    groups: drawn.map((tally) => ({ title: tally.title, rows: rowsOf(tally) })).filter(({ rows }) => rows.length > 0),
  };
}
