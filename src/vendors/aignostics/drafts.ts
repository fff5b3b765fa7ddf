/** The FHIR R4 drafts of a slide's readouts and files. Pure. Never a Condition: these are numbers, and mostly for research. */
import type { CodeableConcept, DocumentReference, Media, Observation, Quantity } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Draft } from '../../findings.ts';
import { LOCAL_SYSTEM } from './facts.ts';
import { AS_PERCENT, columnsOf, type Measure } from './readout-table.ts';
import type { Readouts } from './state.ts';

type Component = NonNullable<Observation['component']>[number];

const LABORATORY: CodeableConcept = {
  coding: [{ system: SYSTEMS.observationCategory, code: 'laboratory', display: 'Laboratory' }],
};

/** A local code always; LOINC and SNOMED CT have none that says exactly this. */
const codeOf = (code: string, text: string): CodeableConcept => ({
  coding: [{ system: LOCAL_SYSTEM, code, display: text }],
  text,
});

const ABSENT = {
  'not-a-number': 'Not a Number (NaN)',
  error: 'Error',
} as const;

function absent(code: keyof typeof ABSENT): Pick<Component, 'dataAbsentReason'> {
  return { dataAbsentReason: { coding: [{ system: SYSTEMS.dataAbsentReason, code, display: ABSENT[code] }] } };
}

/** Shares are fractions, or percentages where any of them is beyond 1. */
const isPercentage = ({ share }: Measure, values: readonly (number | null)[]): boolean =>
  share === true && values.some((value) => value !== null && value > 1);

export function isPlausible({ most = Number.POSITIVE_INFINITY, whole }: Measure, value: number): boolean {
  return value >= 0 && value <= most && (!whole || Number.isInteger(value));
}

function quantity(value: number, { ucum, text }: Measure['unit']): Quantity {
  return { value, unit: text, system: SYSTEMS.ucum, code: ucum };
}

/** What is told of every Observation of a slide. */
export interface SlideFacts {
  /** When the specimen was taken (FHIR dateTime). */
  taken?: string | undefined;
  /** `Specimen/1` */
  specimen?: string | undefined;
  note?: string | undefined;
}

/** A measure of a slide, a component for each kind that the table has; undefined where it has none. */
export function observation(
  measure: Measure,
  { values }: Readouts,
  { taken, specimen, note }: SlideFacts,
): Draft<Observation> | undefined {
  const present = columnsOf(measure).filter(({ column }) => Object.hasOwn(values, column));
  if (present.length === 0) {
    return undefined;
  }
  const unit = isPercentage(
    measure,
    present.map(({ column }) => values[column] ?? null),
  )
    ? AS_PERCENT
    : measure.unit;
  const component = present.map(({ column, kind }): Component => {
    const value = values[column] ?? null;
    const code = codeOf(`${measure.id}/${kind.name}`, `${measure.text}: ${kind.text}`);
    if (value === null) {
      return { code, ...absent('not-a-number') };
    }
    return isPlausible(measure, value) ? { code, valueQuantity: quantity(value, unit) } : { code, ...absent('error') };
  });
  return {
    resourceType: 'Observation',
    status: 'preliminary',
    category: [LABORATORY],
    code: codeOf(measure.id, measure.text),
    ...(taken !== undefined && { effectiveDateTime: taken }),
    ...(specimen !== undefined && { specimen: { reference: specimen } }),
    component,
    ...(note !== undefined && { note: [{ text: note }] }),
  };
}

/** A file of the platform's, for programs. */
export function resultDocument(artifact: string, title: string): Omit<Draft<DocumentReference>, 'content'> {
  return {
    resourceType: 'DocumentReference',
    status: 'current',
    docStatus: 'preliminary',
    type: { coding: [{ system: LOCAL_SYSTEM, code: artifact, display: title.replace(/^[^:]*: /, '') }], text: title },
    description: title,
  };
}

/** The picture of a map, for whoever looks at the report. */
export function mapPicture(title: string, { taken, note }: SlideFacts): Omit<Draft<Media>, 'content'> {
  const words = `${title}: drawn by software, its colours explained within.`;
  return {
    resourceType: 'Media',
    status: 'completed',
    type: { coding: [{ system: SYSTEMS.mediaType, code: 'image', display: 'Image' }] },
    ...(taken !== undefined && { createdDateTime: taken }),
    note: [{ text: note === undefined ? words : `${words} ${note}` }],
  };
}
