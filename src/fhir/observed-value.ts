/** The value of an Observation as a reader wants it: lines of plain text. Pure. */
import type {
  CodeableConcept,
  Observation,
  ObservationComponent,
  ObservationReferenceRange,
  Period,
  Quantity,
  Range,
  Ratio,
} from '@medplum/fhirtypes';
import { SYSTEMS } from './terminology.ts';
import { cleanText, shorten } from './tidy.ts';

type Valued = Pick<
  Observation & ObservationComponent,
  | 'dataAbsentReason'
  | 'referenceRange'
  | 'valueBoolean'
  | 'valueCodeableConcept'
  | 'valueDateTime'
  | 'valueInteger'
  | 'valuePeriod'
  | 'valueQuantity'
  | 'valueRange'
  | 'valueRatio'
  | 'valueString'
  | 'valueTime'
>;

/** Longest value and most components of one row, in code points and lines. */
const VALUE = 500;
const COMPONENTS = 60;

/** What is said where a value was to be had and is not; nothing is said of one that a finding does not need. */
const ABSENT: Readonly<Record<string, string>> = {
  unknown: 'value not known',
  'not-performed': 'not done',
  'not-applicable': 'not applicable',
  masked: 'withheld',
};

function conceptText(concept: CodeableConcept | undefined): string {
  const [coding] = concept?.coding ?? [];
  return concept?.text ?? coding?.display ?? coding?.code ?? '';
}

/** `< 3.5 mm2`; a unit of UCUM that only annotates (`{score}`) is left out. */
function quantityText(quantity: Quantity | undefined): string {
  if (quantity?.value === undefined) {
    return '';
  }
  const { comparator, value, unit, code } = quantity;
  const shown = unit ?? code ?? '';
  return [comparator, value, /^(\{.*\}|1)$/.test(shown) ? '' : shown].filter((part) => (part ?? '') !== '').join(' ');
}

/** `low to high`, or as much of it as is known. */
function between(low: string, high: string): string {
  if (low === '') {
    return high === '' ? '' : `up to ${high}`;
  }
  return high === '' ? `from ${low}` : `${low} to ${high}`;
}

const rangeText = (range: Range): string => between(quantityText(range.low), quantityText(range.high));
const ratioText = (ratio: Ratio): string => `${quantityText(ratio.numerator)} : ${quantityText(ratio.denominator)}`;
const periodText = (period: Period): string => between(period.start ?? '', period.end ?? '');

function absentText(reason: CodeableConcept | undefined): string {
  if (reason === undefined) {
    return '';
  }
  const code = reason.coding?.find(({ system }) => system === SYSTEMS.dataAbsentReason)?.code;
  return reason.text ?? ABSENT[code ?? ''] ?? 'not determinable';
}

function rawText(valued: Valued): string {
  const { valueBoolean, valueInteger, valuePeriod, valueRange, valueRatio } = valued;
  if (valueInteger !== undefined) {
    return String(valueInteger);
  }
  if (valueBoolean !== undefined) {
    return valueBoolean ? 'yes' : 'no';
  }
  return (
    quantityText(valued.valueQuantity) ||
    conceptText(valued.valueCodeableConcept) ||
    (valued.valueString ?? valued.valueDateTime ?? valued.valueTime ?? '') ||
    (valueRange === undefined ? '' : rangeText(valueRange)) ||
    (valueRatio === undefined ? '' : ratioText(valueRatio)) ||
    (valuePeriod === undefined ? '' : periodText(valuePeriod))
  );
}

function referenceText(ranges: ObservationReferenceRange[] = []): string {
  const texts = ranges.map(({ text, low, high }) => text ?? between(quantityText(low), quantityText(high)));
  const said = texts.filter((text) => text !== '');
  return said.length === 0 ? '' : `(reference: ${said.join('; ')})`;
}

function valueText(valued: Valued): string {
  const value = shorten(cleanText(rawText(valued)).trim(), VALUE) || absentText(valued.dataAbsentReason);
  return [value, shorten(cleanText(referenceText(valued.referenceRange)), VALUE)]
    .filter((part) => part !== '')
    .join(' ');
}

/** The value first (empty where there is none), then a line for each component: `name: value`. */
export function observedLines(observation: Observation): string[] {
  const components = observation.component ?? [];
  const lines = components.slice(0, COMPONENTS).map((one) => {
    const name = shorten(cleanText(conceptText(one.code)).trim(), VALUE);
    return `${name}: ${valueText(one) || 'no value'}`;
  });
  const more = components.length - lines.length;
  return [valueText(observation), ...lines, ...(more > 0 ? [`and ${more} more`] : [])];
}
