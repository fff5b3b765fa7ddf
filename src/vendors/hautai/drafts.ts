/** The FHIR R4 drafts of one parameter and of one mask. Pure. Never a Condition: these are scores of looks. */
import type { CodeableConcept, DocumentReference, Extension, Media, Observation, Quantity } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Draft } from '../../findings.ts';
import { LOCAL_SYSTEM, NOT_A_DIAGNOSIS } from './facts.ts';
import { type Known, MEASURES, type Measure, READ_ORDER } from './parameters.ts';
import { type Parameter, VALUE_KINDS, type ValueKind, type Values } from './state.ts';

type Component = NonNullable<Observation['component']>[number];
type Numeric = Pick<Component, 'valueQuantity' | 'valueInteger' | 'referenceRange' | 'dataAbsentReason'>;

const EXAM: CodeableConcept = { coding: [{ system: SYSTEMS.observationCategory, code: 'exam', display: 'Exam' }] };
export const FACE: CodeableConcept = {
  coding: [{ system: SYSTEMS.snomed, code: '89545001', display: 'Face structure' }],
  text: 'Face',
};

/** R4's components have no bodySite; its standard extension may stand on any element and takes words alone. */
const BODY_SITE = 'http://hl7.org/fhir/StructureDefinition/bodySite';

const inWords = (name: string): string => name.replaceAll('_', ' ');

const bodySite = (area: string): Extension => ({
  url: BODY_SITE,
  valueReference: { type: 'BodyStructure', display: inWords(area) },
});

/** A local code always; there is none of LOINC or SNOMED CT that says exactly this. */
function codeOf(code: string, text: string): CodeableConcept {
  return { coding: [{ system: LOCAL_SYSTEM, code, display: text }], text };
}

/** Whether a number can be what it is said to be. */
export function isPlausible(kind: ValueKind, value: number): boolean {
  const { least, most, whole } = MEASURES[kind];
  return value >= least && value <= most && (!whole || Number.isInteger(value));
}

function quantity(value: number, unit: NonNullable<Measure['unit']>): Quantity {
  return unit.ucum === '' ? { value } : { value, unit: unit.text, system: SYSTEMS.ucum, code: unit.ucum };
}

function numeric(kind: ValueKind, value: number): Numeric {
  const { unit, range } = MEASURES[kind];
  if (!isPlausible(kind, value)) {
    return { dataAbsentReason: { coding: [{ system: SYSTEMS.dataAbsentReason, code: 'error', display: 'Error' }] } };
  }
  return {
    ...(unit === undefined ? { valueInteger: value } : { valueQuantity: quantity(value, unit) }),
    ...(range === undefined ? {} : { referenceRange: [{ text: range }] }),
  };
}

/** What the Observation's own value is taken from: the parameter's own kind, else the first that there is. */
export function mainKind(values: Values, known: Known): ValueKind | undefined {
  const own = known.kind === 'tag' ? undefined : known.kind;
  return own !== undefined && values[own] !== undefined ? own : READ_ORDER.find((kind) => values[kind] !== undefined);
}

/** Components of a parameter's numbers or of an area's; `but` is told elsewhere. */
function components(
  name: string,
  text: string,
  values: Values,
  but: ValueKind | undefined,
  area?: string,
): Component[] {
  return VALUE_KINDS.flatMap((kind) => {
    const value = values[kind];
    if (value === undefined || kind === but) {
      return [];
    }
    const where = area === undefined ? '' : `/${area}`;
    const words = area === undefined ? text : `${text}, ${inWords(area)}`;
    return [
      {
        code: codeOf(`${name}${where}/${kind}`, `${words}: ${MEASURES[kind].text}`),
        ...(area === undefined ? {} : { extension: [bodySite(area)] }),
        ...numeric(kind, value),
      },
    ];
  });
}

/** A parameter as an Observation. `taken`: when the photo was (FHIR dateTime). */
export function observation(parameter: Parameter, known: Known, taken: string | undefined): Draft<Observation> {
  const { name, values, tag, areas } = parameter;
  // A class in words is the value of what has no number, and of what is a class by nature.
  const kind = known.kind === 'tag' && tag !== undefined ? undefined : mainKind(values, known);
  const main = kind === undefined ? undefined : values[kind];
  const value =
    kind !== undefined && main !== undefined
      ? numeric(kind, main)
      : tag === undefined
        ? {}
        : { valueCodeableConcept: { text: tag } };
  const tagged: Component[] =
    kind === undefined || tag === undefined
      ? []
      : [{ code: codeOf(`${name}/tag`, `${known.text}: class`), valueString: tag }];
  const component = [
    ...tagged,
    ...components(name, known.text, values, kind),
    ...areas.flatMap((area) => components(name, known.text, area.values, undefined, area.name)),
  ];
  return {
    resourceType: 'Observation',
    status: 'preliminary',
    category: [EXAM],
    code: codeOf(name, known.text),
    bodySite: FACE,
    ...(taken === undefined ? {} : { effectiveDateTime: taken }),
    ...value,
    ...(component.length > 0 ? { component } : {}),
    note: [{ text: NOT_A_DIAGNOSIS }],
  };
}

export interface MaskFacts {
  title: string;
  side: string;
  /** When its photo was taken. */
  taken?: string | undefined;
}

/** A mask as a picture, for whoever looks at the report. */
export function maskPicture({ title, side, taken }: MaskFacts): Omit<Draft<Media>, 'content'> {
  return {
    resourceType: 'Media',
    status: 'completed',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/media-type', code: 'image', display: 'Image' }] },
    view: { text: side },
    bodySite: FACE,
    ...(taken === undefined ? {} : { createdDateTime: taken }),
    note: [{ text: `${title}: drawn by software over the face it saw. ${NOT_A_DIAGNOSIS}` }],
  };
}

/** The same as a drawing, for programs. */
export function maskDrawing({ title }: MaskFacts): Omit<Draft<DocumentReference>, 'content'> {
  return {
    resourceType: 'DocumentReference',
    status: 'current',
    docStatus: 'preliminary',
    type: {
      coding: [{ system: LOCAL_SYSTEM, code: 'mask', display: 'Mask of a skin analysis' }],
      text: 'Mask (drawing)',
    },
    description: `${title} (drawing)`,
  };
}
