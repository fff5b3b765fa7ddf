/** What Haut.AI found, as findings. Pure: result in, findings out. */
import type { CodeableConcept } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Evidence, Finding, Findings, Listed } from '../../findings.ts';
import { takenAt } from './begin.ts';
import { isPlausible, mainKind, maskDrawing, maskPicture, observation } from './drafts.ts';
import { LOCAL_SYSTEM, MODEL, NOT_A_DIAGNOSIS } from './facts.ts';
import { maskTitle } from './mask-names.ts';
import { KNOWN_NAMES, type Known, knownParameter, MEASURES } from './parameters.ts';
import { type Before, type Parameter, type Result, VALUE_KINDS } from './state.ts';

/** There is no diagnostic service for the skin but "Other", and no LOINC code of such a report. */
const CATEGORY: CodeableConcept = {
  coding: [{ system: SYSTEMS.diagnosticService, code: 'OTH', display: 'Other' }],
  text: 'Skin analysis',
};
const CODE: CodeableConcept = {
  coding: [{ system: LOCAL_SYSTEM, code: 'skin-analysis', display: 'Facial skin image analysis' }],
  text: 'Facial skin image analysis (cosmetic)',
};

/** `71`, `31 years`, `oily`: a value in words; undefined where it has none that can be believed. */
function valueWords({ values, tag }: Pick<Parameter, 'values' | 'tag'>, known: Known): string | undefined {
  const kind = known.kind === 'tag' && tag !== undefined ? undefined : mainKind(values, known);
  const value = kind && values[kind];
  if (kind === undefined || value === undefined) {
    return tag;
  }
  const { unit } = MEASURES[kind];
  const words = kind === 'score' || kind === 'grade' ? '' : ` ${unit?.text ?? ''}`;
  return isPlausible(kind, value) ? `${value}${words}`.trim() : undefined;
}

/** What was before, in words, where it was measured alike. */
function earlierWords(now: Parameter, known: Known, trend: readonly Before[]): string | undefined {
  const before = trend.find(({ name }) => name === now.name);
  const alike = before && mainKind(before.values, known) === mainKind(now.values, known);
  const words = alike ? valueWords(before, known) : undefined;
  return before && words !== undefined ? `${words} on ${before.date}` : undefined;
}

function remarksOf(parameter: Parameter, known: Known, { found, trend }: Result): string[] {
  const bags = [parameter.values, ...parameter.areas.map(({ values }) => values)];
  const kinds = VALUE_KINDS.filter((kind) => bags.some((values) => values[kind] !== undefined));
  const wrong = kinds.filter((kind) => bags.some((bag) => bag[kind] !== undefined && !isPlausible(kind, bag[kind])));
  const earlier = earlierWords(parameter, known, trend);
  return [
    ...(earlier === undefined ? [] : [`Earlier: ${earlier}.`]),
    ...(found.rescaled && kinds.includes('score')
      ? ['The vendor gave its scores as 0 to 1; they are written as 0 to 100.']
      : []),
    ...kinds.flatMap((kind) => MEASURES[kind].doubt ?? []),
    ...wrong.map((kind) => `The vendor gave a ${MEASURES[kind].text} that is impossible; it is not written.`),
  ];
}

function parameterFinding(parameter: Parameter, known: Known, result: Result): Finding {
  const words = valueWords(parameter, known);
  const remarks = remarksOf(parameter, known, result);
  return {
    part: `obs/${parameter.name}`,
    resource: observation(parameter, known, takenAt(result.photos)),
    label: words === undefined ? known.text : `${known.text}: ${words}`,
    evidence: [],
    ...(remarks.length > 0 ? { remarks } : {}),
  };
}

function maskFindings(mask: Result['masks'][number], { photos }: Result): Finding[] {
  const photo = photos.find(({ side }) => side === mask.side);
  const title = maskTitle(mask);
  const facts = { title, side: mask.side, taken: photo?.date };
  const evidence: Evidence[] = photo ? [{ input: photo.input, quote: '', verified: true }] : [];
  return [
    { part: `media/${mask.file}`, resource: maskPicture(facts), label: title, evidence, file: `${mask.file}.png` },
    {
      part: `document/${mask.file}`,
      resource: maskDrawing(facts),
      label: `${title} (drawing)`,
      evidence,
      file: `${mask.file}.svg`,
    },
  ];
}

/** What the vendor calls something that its description does not know yet: told, but no number is made of it. */
function listedOf({ name, values, tag }: Parameter): Listed {
  const numbers = VALUE_KINDS.flatMap((kind) => (values[kind] === undefined ? [] : [`${kind} ${values[kind]}`]));
  const said = [...numbers, ...(tag === undefined ? [] : [tag])].join(', ');
  const words = name.replaceAll('_', ' ');
  return {
    label: said === '' ? words : `${words}: ${said}`,
    why: 'what this parameter of the vendor means is not known here',
    evidence: [],
  };
}

function missingOf({ found, lost }: Result): string[] {
  const names = new Set(found.parameters.map(({ name }) => name));
  const late = found.complete ? [] : KNOWN_NAMES.filter((name) => !names.has(name));
  return [
    ...found.unusable.map(({ side, why }) => `the ${side} photo (the vendor says: ${why}; please retake it)`),
    ...late.map((name) => (knownParameter(name)?.text ?? name).toLowerCase()),
    ...(lost.length === 0 ? [] : [`${lost.length} ${lost.length === 1 ? 'mask' : 'masks'} that could not be fetched`]),
  ];
}

function conclusion(parameters: number, result: Result, trend: string[]): string {
  const sides = result.photos.map(({ side }) => side).join(', ');
  const many = `${parameters} ${parameters === 1 ? 'parameter' : 'parameters'}`;
  return [
    `Skin analysis of ${result.photos.length === 1 ? 'one photo' : `${result.photos.length} photos`} (${sides}; left and right are the subject's own) by software: ${many}. ${NOT_A_DIAGNOSIS} Not verified by a clinician.`,
    ...(trend.length === 0 ? [] : [`Compared with earlier photos: ${trend.join('; ')}.`]),
    ...(result.trendMissing ? ['Earlier analyses could not be read.'] : []),
  ].join('\n');
}

export function toFindings(result: Result): Findings {
  const parameters = result.found.parameters.flatMap((parameter) => {
    const known = knownParameter(parameter.name);
    return known ? [{ parameter, known }] : [];
  });
  const unknown = result.found.parameters.filter(({ name }) => knownParameter(name) === undefined);
  const trend = parameters.flatMap(({ parameter, known }) => {
    const earlier = earlierWords(parameter, known, result.trend);
    const now = valueWords(parameter, known);
    return earlier === undefined || now === undefined ? [] : [`${known.text.toLowerCase()}: ${earlier}, now ${now}`];
  });
  const effective = takenAt(result.photos);
  return {
    model: { ...MODEL, kinds: [...MODEL.kinds] },
    report: {
      category: [CATEGORY],
      code: CODE,
      ...(effective === undefined ? {} : { effective }),
      conclusion: conclusion(parameters.length, result, trend),
    },
    items: [
      ...parameters.map(({ parameter, known }) => parameterFinding(parameter, known, result)),
      ...result.masks.flatMap((mask) => maskFindings(mask, result)),
    ],
    listed: unknown.map(listedOf),
    missing: missingOf(result),
    jobs: [...result.earlier, result.batch],
  };
}
