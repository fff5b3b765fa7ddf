/** The example orders, one a vendor, as `npm start` places them. */
import type { Resource } from '@medplum/fhirtypes';
import { exampleCohort } from './cohort.ts';
import { exampleFace } from './face.ts';
import { exampleNote } from './note.ts';
import { NOTE_TEXT } from './note-text.ts';
import { exampleSlide } from './slide.ts';
import { exampleSmear } from './smear.ts';

export interface Example {
  /** The id of its route. */
  route: string;
  /** As people know the vendor. */
  vendor: string;
  /** What a clinician does, for the reader of the terminal. */
  story: string;
  /** The order last. */
  resources(): Resource[];
}

export const EXAMPLES: readonly Example[] = [
  {
    route: 'note-coding',
    vendor: 'HealthSage',
    story: `A clinician signs this note:\n\n${NOTE_TEXT.replace(/^/gm, '    ')}`,
    resources: exampleNote,
  },
  {
    route: 'blood-smear',
    vendor: 'Hemato.AI',
    story: 'A laboratory orders the reading of a blood smear (sandbox/examples/smear.jpg).',
    resources: exampleSmear,
  },
  {
    route: 'skin-photo',
    vendor: 'Haut.AI',
    story: 'A dermatologist orders the analysis of a face photo (sandbox/examples/face-front.jpg).',
    resources: exampleFace,
  },
  {
    route: 'tumour-slide',
    vendor: 'Aignostics',
    story: 'A pathologist orders the analysis of a slide (sandbox/examples/slide.svs).',
    resources: exampleSlide,
  },
  {
    route: 'research-cohort',
    vendor: 'HistAI',
    story: 'A researcher orders a cohort of breast cancer cases with their slides, which has to be paid for.',
    resources: exampleCohort,
  },
];
