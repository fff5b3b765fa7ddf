/** What a cohort is made of, as Observations about it. Pure. */
import type { Observation, Quantity } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Draft, Finding } from '../../findings.ts';
import { LABORATORY, local, OTHER_PEOPLE_NOTE } from './codes.ts';
import { compositionOf, rowsOf, slideCount, type Tally } from './composition.ts';
import type { Result } from './state.ts';

/** Rows of one Observation; the others stand in the records of the cohort. */
const MOST_ROWS = 100;

const quantity = (value: number, unit: Tally['unit']): Quantity => ({
  value,
  unit,
  system: SYSTEMS.ucum,
  code: `{${unit}}`,
});

function finding(
  name: string,
  title: string,
  value: Pick<Draft<Observation>, 'valueQuantity' | 'component'>,
  remarks: string[] = [],
): Finding {
  return {
    part: `obs/${name}`,
    resource: {
      resourceType: 'Observation',
      status: 'preliminary',
      category: [LABORATORY],
      code: local(name, title),
      ...value,
      note: OTHER_PEOPLE_NOTE,
    },
    label: title,
    evidence: [],
    remarks,
  };
}

function tallied(tally: Tally, cases: number): Finding[] {
  const { name, title, unit, rows } = tally;
  const shown = rowsOf(tally, MOST_ROWS);
  if (shown.length === 0) {
    return [];
  }
  const sum = rowsOf(tally).reduce((all, { count }) => all + count, 0);
  const component = shown.map(({ label, count }) => ({
    code: local(`${name}/${label}`, label),
    valueQuantity: quantity(count, unit),
  }));
  return [
    finding(name, title, { component }, [
      ...(unit === 'cases' && sum > cases ? ['A case that has several of these counts for each.'] : []),
      ...(rows.length > MOST_ROWS ? [`The ${rows.length - MOST_ROWS} rarest are not listed here.`] : []),
    ]),
  ];
}

export function compositionFindings(result: Pick<Result, 'selection' | 'cases'>): Finding[] {
  const { selection, cases } = result;
  return [
    finding('cases', 'Number of cases', { valueQuantity: quantity(selection.cases, 'cases') }),
    finding('slides', 'Number of slides', { valueQuantity: quantity(slideCount(selection), 'slides') }),
    ...compositionOf(result).flatMap((tally) => tallied(tally, cases.length)),
  ];
}
