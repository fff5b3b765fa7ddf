/** What can be had of a paid cohort at an instant: its export's status, its links and their life, its files. */
import { slidesIn } from './cohorts.ts';
import type { Simulator } from './simulator.ts';
import { stableId } from './stable-id.ts';
import type { Cohort, Purchase } from './world.ts';

export type ExportStatus = 'PREPARING' | 'READY' | 'EXPIRED' | 'FAILED';

const LINKS_MS = 24 * 60 * 60_000;
const WINDOW_MS = 14 * 24 * 60 * 60_000;

/** Milliseconds of the simulator's clock. */
export interface LinkLife {
  /** When the links were made. */
  from: number;
  /** When those of the manifest and the metadata end. */
  until: number;
  /** When those of slides end: never after the window. */
  slidesUntil: number;
  /** When slides can no longer be had, two weeks from the purchase. */
  windowEnds: number;
}

export function linksOf(purchase: Purchase, { options }: Simulator): LinkLife {
  const from = purchase.renewedAt ?? purchase.at + options.secondsUntilExported * 1000;
  const windowEnds = purchase.at + WINDOW_MS;
  return { from, until: from + LINKS_MS, slidesUntil: Math.min(from + LINKS_MS, windowEnds), windowEnds };
}

export function exportStatusOf(purchase: Purchase, simulator: Simulator): ExportStatus {
  const { options, now, lasts } = simulator;
  const at = now().getTime();
  if (at < purchase.at + options.secondsUntilExported * 1000 || (purchase.held && lasts('export-never-ready'))) {
    return 'PREPARING';
  }
  if (purchase.exportFails) {
    return 'FAILED';
  }
  return at >= linksOf(purchase, simulator).windowEnds || areLinksGone(purchase, simulator) ? 'EXPIRED' : 'READY';
}

/** Whether the links are over, where that is said before they are used. */
export function areLinksGone(purchase: Purchase, simulator: Simulator): boolean {
  return simulator.options.staleLinks === 'gone' && simulator.now().getTime() >= linksOf(purchase, simulator).until;
}

export interface ExportFile {
  fileId: string;
  caseId: string;
  slideId: string;
  /** `4f0d21aa_HER2_2.svs` */
  fileName: string;
  sizeBytes: number;
}

export function filesOf(cohort: Cohort, simulator: Simulator): ExportFile[] {
  return slidesIn(cohort, simulator).map(({ caseId, slide }, index) => ({
    fileId: stableId(`${cohort.id} ${slide.slideId}`),
    caseId,
    slideId: slide.slideId,
    fileName: `${caseId.slice(0, 8)}_${slide.stainName.replaceAll(/[^\w-]/g, '')}_${index + 1}.svs`,
    sizeBytes: slide.fileSizeBytes,
  }));
}

/** Paths below the storage's URL. */
export const PATHS = {
  manifest: ({ id }: Cohort) => `/manifest/${id}.txt`,
  metadata: ({ id }: Cohort) => `/metadata/${id}.json`,
  archive: ({ id }: Cohort) => `/archive/${id}.zip`,
  slide: ({ id }: Cohort, { fileId, fileName }: ExportFile) => `/slides/${id}/${fileId}/${fileName}`,
} as const;
