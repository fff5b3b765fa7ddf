/** The cohort as a Group: how many people, and what they have in common. Pure. */
import type { GroupCharacteristic, Quantity } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Finding } from '../../findings.ts';
import { local, SEXES } from './codes.ts';
import { criteriaOfCohort } from './defined-by.ts';
import type { Definition, Result } from './state.ts';

export const GROUP = 'group';

const GENDERS = 'http://hl7.org/fhir/administrative-gender';
const years = (value: number): Quantity => ({ value, unit: 'years', system: SYSTEMS.ucum, code: 'a' });

function characteristicsOf(definition: Definition): GroupCharacteristic[] {
  const { age, gender, malignant } = definition;
  return [
    ...criteriaOfCohort(definition).map(({ field, title, values }) => ({
      code: local(field, title),
      valueCodeableConcept: { text: values.map(({ value }) => value).join(' or ') },
      exclude: false,
    })),
    ...(age
      ? [{ code: local('age', 'Age'), valueRange: { low: years(age[0]), high: years(age[1]) }, exclude: false }]
      : []),
    ...(gender
      ? [
          {
            code: local('gender', 'Sex'),
            valueCodeableConcept: { coding: [{ system: GENDERS, code: SEXES[gender] }], text: SEXES[gender] },
            exclude: false,
          },
        ]
      : []),
    ...(malignant === undefined
      ? []
      : [{ code: local('malignant', 'Malignant'), valueBoolean: malignant, exclude: false }]),
  ];
}

/** @param people the parts of the Patients that are written of it */
export function groupFinding({ cohort, selection, definition }: Result, people: string[]): Finding {
  return {
    part: GROUP,
    resource: {
      resourceType: 'Group',
      active: true,
      type: 'person',
      actual: true,
      name: cohort.name,
      quantity: selection.cases,
      characteristic: characteristicsOf(definition),
    },
    label: 'The cohort',
    evidence: [],
    ...(people.length > 0 && { holds: people }),
  };
}
