/** The files of a cohort, and which of its slides could not be copied. Pure. */
import type { DocumentReference } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Draft, Finding } from '../../findings.ts';
import { line, local, OTHER_PEOPLE_NOTE } from './codes.ts';
import { slideCount } from './composition.ts';
import { token, unique } from './part-names.ts';
import type { Result, SlideFile } from './state.ts';
import { many } from './words.ts';

const OF_NOBODY_HERE = 'Data of other people; not about any patient of this record.';

type Document = Omit<Draft<DocumentReference>, 'content'>;

const document = (code: string, text: string, label: string): Document => ({
  resourceType: 'DocumentReference',
  status: 'current',
  docStatus: 'preliminary',
  type: local(code, text),
  description: `${label}. ${OF_NOBODY_HERE}`,
});

const picture = (file: string): Finding => ({
  part: 'chart',
  resource: {
    resourceType: 'Media',
    status: 'completed',
    type: { coding: [{ system: SYSTEMS.mediaType, code: 'image', display: 'Image' }] },
    note: OTHER_PEOPLE_NOTE,
  },
  label: 'Composition of the cohort',
  evidence: [],
  file,
});

const beside = (part: 'manifest' | 'metadata', text: string, file: string): Finding => ({
  part,
  resource: document(part, text, text),
  label: text,
  evidence: [],
  file,
});

const UNITS = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
] as const;

function sizeText(bytes: number): string {
  const [one, unit] = UNITS.find(([least]) => bytes >= least) ?? [1, 'bytes'];
  return `${one === 1 ? bytes : (bytes / one).toFixed(1)} ${unit}`;
}

/** By its case, slide, stain and size, as far as they are known. */
function nameOf({ caseId, slideId, fileId, stain, size }: SlideFile): string {
  const words = [
    caseId === undefined ? undefined : `case ${caseId}`,
    slideId === undefined ? `file ${fileId}` : `slide ${slideId}`,
    line(stain ?? ''),
    size === undefined ? undefined : sizeText(size),
  ];
  return `Slide of a research case: ${words.filter((word) => word !== undefined).join(', ')}`;
}

/** A page for each slide whose bytes are here. */
function copiedFindings(slides: readonly SlideFile[]): Finding[] {
  const copied = slides.flatMap((slide) => (slide.file === undefined ? [] : [{ slide, file: slide.file }]));
  const parts = unique(copied.map(({ slide: { slideId, fileId } }) => `slide/${token(slideId ?? fileId)}`));
  return copied.map(({ slide, file }, index) => {
    const label = nameOf(slide);
    return {
      part: parts[index] ?? '',
      resource: document('slide', 'Whole-slide image of a research case', label),
      label,
      evidence: [],
      file,
    };
  });
}

export function fileFindings({ chart, manifest, metadata, slides }: Result): Finding[] {
  return [
    ...(chart === undefined ? [] : [picture(chart)]),
    ...(manifest === undefined ? [] : [beside('manifest', 'Research cohort manifest', manifest)]),
    ...(metadata === undefined ? [] : [beside('metadata', 'Research cohort records of the cases', metadata)]),
    ...copiedFindings(slides),
  ];
}

/** What should have been had and is not, counted by why. A site that does not copy slides misses none. */
export function missingSlides({ selection, slides, copies, manifest }: Result): string[] {
  const lost = slides.filter((slide) => slide.file === undefined && (copies || slide.lost !== undefined));
  const byWhy = Map.groupBy(lost, (slide) => slide.lost ?? 'not copied');
  const listed = new Set(slides.map(({ slideId, fileId }) => slideId ?? fileId)).size;
  // Without a list of the files that itself is missing, and said to be.
  const unlisted = manifest === undefined ? 0 : slideCount(selection) - listed;
  return [
    ...Array.from(byWhy, ([why, same]) => `the files of ${many(same.length, 'slide')} (${why})`),
    ...(unlisted > 0 ? [`the files of ${many(unlisted, 'slide')} (HistAI does not list them)`] : []),
  ];
}
