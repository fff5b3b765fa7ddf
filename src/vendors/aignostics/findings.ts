/** What the platform found, as findings. Pure: result in, findings out. */
import type { CodeableConcept } from '@medplum/fhirtypes';
import { RESEARCH, SYSTEMS } from '../../fhir/terminology.ts';
import type { Evidence, Finding, Findings } from '../../findings.ts';
import type { OrderInput, VendorOrder } from '../contract.ts';
import { isReadouts, titleOf } from './artifact-names.ts';
import { isPlausible, mapPicture, observation, resultDocument, type SlideFacts } from './drafts.ts';
import { KINDS, LOCAL_SYSTEM, MANUFACTURER, RESEARCH_ONLY } from './facts.ts';
import { specimenOf } from './indication.ts';
import { columnsOf, MEASURES, type Measure } from './readout-table.ts';
import { isResearchOnly } from './research-only.ts';
import type { Options } from './settings.ts';
import type { Readouts, Result, Slide, SlidePart } from './state.ts';
import { many, spelt } from './words.ts';

const CATEGORY: CodeableConcept[] = [
  { coding: [{ system: SYSTEMS.loinc, code: 'LP7839-6', display: 'Pathology' }] },
  { coding: [{ system: SYSTEMS.diagnosticService, code: 'LAB', display: 'Laboratory' }] },
  { coding: [{ system: SYSTEMS.diagnosticService, code: 'SP', display: 'Surgical Pathology' }] },
];
const CODE: CodeableConcept = {
  coding: [
    { system: LOCAL_SYSTEM, code: 'slide-analysis', display: 'Whole-slide image analysis' },
    { system: SYSTEMS.loinc, code: '11526-1', display: 'Pathology study' },
  ],
  text: 'Whole-slide image analysis',
};

type Order = VendorOrder<Options>;
type Analysed = Result['slides'][number] & { number: number };

const inputOf = ({ inputs }: Order, { input }: Slide): OrderInput | undefined =>
  inputs.find(({ name }) => name === input);

/** When the specimen was taken, as the EHR states it; else the date of the slide. */
function takenAt(order: Order, slide: Slide): string | undefined {
  const input = inputOf(order, slide);
  const collection = input && specimenOf(input, order.specimens)?.collection;
  return collection?.collectedDateTime ?? collection?.collectedPeriod?.start ?? input?.date;
}

/** What the software was told by the order is no finding of its own. */
function toldBy({ disease, tissue }: Slide): string[] {
  const terms = [disease, tissue].flatMap((term) => (term === undefined ? [] : spelt(term)));
  return terms.length === 0 ? [] : [`What the software was told of the slide beforehand: ${terms.join(', ')}.`];
}

function implausible(measure: Measure, { values }: Readouts): string[] {
  const wrong = columnsOf(measure).filter(({ column }) => {
    const value = values[column];
    return typeof value === 'number' && !isPlausible(measure, value);
  });
  return wrong.map(({ kind }) => `The vendor gave a value for ${kind.text} that is impossible; it is not written.`);
}

function readoutFindings({ slide, part, number }: Analysed, facts: SlideFacts, evidence: Evidence[]): Finding[] {
  const { readouts } = part ?? {};
  return MEASURES.flatMap((measure) => {
    const resource = readouts && observation(measure, readouts, facts);
    return readouts && resource
      ? [
          {
            part: `obs/slide-${number}/${measure.id}`,
            resource,
            label: `Slide ${number}: ${measure.text.toLowerCase()}`,
            evidence,
            remarks: [...toldBy(slide), ...implausible(measure, readouts)],
          },
        ]
      : [];
  });
}

function fileFindings({ number }: Analysed, part: SlidePart, facts: SlideFacts, evidence: Evidence[]): Finding[] {
  const documents = part.artifacts.flatMap(({ name, file }): Finding[] => {
    const title = titleOf(number, name);
    const remarks = part.unpreviewed.includes(name) ? ['No picture for people could be made of it.'] : [];
    return file === undefined
      ? []
      : [{ part: `document/${file}`, resource: resultDocument(name, title), label: title, evidence, file, remarks }];
  });
  const pictures = part.previews.map(({ artifact, file }): Finding => {
    const title = `${titleOf(number, artifact)} (preview)`;
    return { part: `media/${file}`, resource: mapPicture(title, facts), label: title, evidence, file };
  });
  return [...pictures, ...documents];
}

function slideFindings(one: Analysed, order: Order, note: string | undefined): Finding[] {
  const { slide, part } = one;
  if (part?.outcome !== 'succeeded') {
    return [];
  }
  const facts: SlideFacts = { taken: takenAt(order, slide), specimen: inputOf(order, slide)?.slide?.specimen, note };
  const evidence: Evidence[] = [{ input: slide.input, quote: '', verified: true }];
  return [...readoutFindings(one, facts, evidence), ...fileFindings(one, part, facts, evidence)];
}

const WHY: Readonly<Record<Exclude<SlidePart['outcome'], 'succeeded'>, string>> = {
  'user-error': 'it could not be used',
  'system-error': 'the AI service failed',
  skipped: 'it was left out',
  unknown: 'the AI service gave no result for it',
};

/** What could not be done, as far as that is known yet. */
function missingOf({ part, number }: Analysed, complete: boolean): string[] {
  if (!part) {
    return complete ? [`slide ${number}`] : [];
  }
  if (part.outcome !== 'succeeded') {
    const said = part.why === undefined ? '' : `; the vendor says: ${part.why.replace(/[.\s]+$/, '')}`;
    return [`slide ${number} (${WHY[part.outcome]}${said})`];
  }
  return [
    ...part.artifacts.flatMap(({ name, lost }) =>
      lost === undefined ? [] : [`a file (${titleOf(number, name)}: ${lost})`],
    ),
    ...(part.unreadable === undefined ? [] : [`the readouts of slide ${number} (${part.unreadable})`]),
  ];
}

function conclusion({ application, complete }: Result, slides: readonly Analysed[]): string {
  const done = slides.filter(({ part }) => part?.outcome === 'succeeded').length;
  const open = complete ? 0 : slides.filter(({ part }) => !part).length;
  const follow = open > 0 ? [`${many(open, 'slide')} of the order ${open === 1 ? 'is' : 'are'} not analysed yet.`] : [];
  return [
    `${application.name} ${application.version} has analysed ${done} of ${many(slides.length, 'slide')}.`,
    ...follow,
    ...(isResearchOnly(application) ? [RESEARCH_ONLY] : []),
    'Numbers and maps made by software; not a diagnosis, and not verified by a clinician.',
  ].join(' ');
}

export function toFindings(result: Result, order: Order): Findings {
  const { application } = result;
  const slides = result.slides.map((one, index): Analysed => ({ ...one, number: index + 1 }));
  const research = isResearchOnly(application);
  const taken = slides.map(({ slide }) => takenAt(order, slide)).find((date) => date !== undefined);
  const tables = slides.flatMap(
    ({ part }) => part?.artifacts.filter(isReadouts).flatMap(({ file }) => file ?? []) ?? [],
  );
  return {
    model: { name: application.name, version: application.version, manufacturer: MANUFACTURER, kinds: [...KINDS] },
    report: {
      category: CATEGORY,
      code: CODE,
      ...(taken !== undefined && { effective: taken }),
      conclusion: conclusion(result, slides),
      attachments: tables,
    },
    items: slides.flatMap((one) => slideFindings(one, order, research ? RESEARCH_ONLY : undefined)),
    listed: [],
    missing: slides.flatMap((one) => missingOf(one, result.complete)),
    jobs: result.runs,
    ...(research && { security: [RESEARCH] }),
  };
}
