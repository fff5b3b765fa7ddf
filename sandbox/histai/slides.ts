/** The slides of an invented case: one or two in H&E, some of the markers that fit, now and then a special stain. */
import type { Slide } from './cases.ts';
import { stableId } from './stable-id.ts';

export interface SlidesOf {
  caseId: string;
  /** What may be stained for. */
  markers: readonly string[];
  isCancer: boolean;
  bytesPerSlide: number;
}

const SCANNERS = ['Leica Aperio GT450', 'Hamamatsu NanoZoomer S360', '3DHISTECH Pannoramic 1000'] as const;
const MOST_MARKERS = 4;
const MOST_SLIDES = 6;

export function slidesOf({ caseId, markers, isCancer, bytesPerSlide }: SlidesOf, next: () => number): Slide[] {
  const scanner = SCANNERS[Math.floor(next() * SCANNERS.length)] ?? SCANNERS[0];
  const routine: string[] = Array(next() < 0.25 ? 2 : 1).fill('H&E');
  const most = Math.min(isCancer ? MOST_MARKERS : 1, markers.length);
  const ihc = shuffled(markers, next).slice(0, Math.floor(next() * (most + 1)));
  const special = next() < 0.15 && routine.length + ihc.length < MOST_SLIDES ? ['PAS'] : [];
  const stains = [
    ...routine.map((name) => ({ name, type: 'Routine' as const })),
    ...ihc.map((name) => ({ name, type: 'IHC' as const })),
    ...special.map((name) => ({ name, type: 'Special' as const })),
  ];
  return stains.map(({ name, type }, index) => ({
    slideId: stableId(`${caseId} slide ${index}`),
    stainName: name,
    stainType: type,
    magnification: next() < 0.8 ? 40 : 20,
    scanner,
    // No two files need be of the same size.
    fileSizeBytes: Math.round(bytesPerSlide * (0.75 + next() / 2)),
  }));
}

function shuffled(names: readonly string[], next: () => number): string[] {
  return names
    .map((name) => ({ name, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name);
}
