/** The inventory: invented cases of nobody, the same in each run, each of them in agreement with itself. */
import { numbersOf } from '../random.ts';
import { protocolsOf } from './protocols.ts';
import { type Morphology, SITES, type Site } from './sites.ts';
import { slidesOf } from './slides.ts';
import { stableId } from './stable-id.ts';

export interface Slide {
  slideId: string;
  /** `H&E`, `HER2` */
  stainName: string;
  /** H&E is `Routine`. */
  stainType: 'Routine' | 'IHC' | 'Special';
  magnification: number;
  scanner: string;
  /** The true size of its file in this simulator. */
  fileSizeBytes: number;
}

/** A case as answers have it, in camel case. */
export interface Case {
  caseId: string;
  primaryDiagnosis: string[];
  cancerType: string[];
  isCancer: boolean;
  organ: string[];
  organSystem: string[];
  age: number;
  gender: 'm' | 'f';
  icd10: string;
  biopsyRegimen: string[];
  scanners: string[];
  magnifications: number[];
  stainNames: string[];
  stainTypes: string[];
  macroProtocol: string;
  microProtocol: string;
  conclusion: string;
  /** By marker, one for each IHC stain: `HER2: "positive 3+"`. */
  ihcStudies: Record<string, string>;
  slides: Slide[];
}

export const CASE_COUNT = 360;
const YOUNGEST = 24;
const OLDEST = 88;
/** How many of the benign cases there are among all. */
const BENIGN = 0.3;

/** @param bytesPerSlide about how large each slide's file is */
export function createCases(bytesPerSlide: number): Map<string, Case> {
  const cases = Array.from({ length: CASE_COUNT }, (_, index) => createCase(index, bytesPerSlide));
  return new Map(cases.map((one) => [one.caseId, one]));
}

/** One of a list, as a number from 0 to 1 says. */
export function pick<T>(list: readonly [T, ...T[]], number: number): T {
  return list[Math.floor(number * list.length)] ?? list[0];
}

function createCase(index: number, bytesPerSlide: number): Case {
  const caseId = stableId(`histai case ${index}`);
  const next = numbersOf(caseId);
  const site = SITES[index % SITES.length] ?? SITES[0];
  // One organ's names take turns, so that there are some of each.
  const organ = site.organs[Math.floor(index / SITES.length) % site.organs.length] ?? site.organs[0];
  const morphology = morphologyOf(site, next);
  const name = pick(morphology.names, next());
  const age = YOUNGEST + Math.floor(next() * (OLDEST - YOUNGEST + 1));
  const gender = site.gender ?? pick(['m', 'f'], next());
  const regimen = pick(['Biopsy', 'Resection', 'Excision'], next());
  const slides = slidesOf(
    { caseId, markers: Object.keys(morphology.markers), isCancer: morphology.isCancer, bytesPerSlide },
    next,
  );
  const ihcStudies = Object.fromEntries(
    slides
      .filter(({ stainType }) => stainType === 'IHC')
      .map(({ stainName }) => [stainName, pick(morphology.markers[stainName] ?? ['negative'], next())]),
  );
  return {
    caseId,
    primaryDiagnosis: [name],
    cancerType: [...morphology.cancerType],
    isCancer: morphology.isCancer,
    organ: [organ],
    organSystem: [site.organSystem],
    age,
    gender,
    icd10: morphology.icd10,
    biopsyRegimen: [regimen],
    scanners: distinct(slides.map(({ scanner }) => scanner)),
    magnifications: distinct(slides.map(({ magnification }) => magnification)),
    stainNames: distinct(slides.map(({ stainName }) => stainName)),
    stainTypes: distinct(slides.map(({ stainType }) => stainType)),
    ...protocolsOf({ organ, name, regimen, microscopy: morphology.microscopy, ihcStudies }, next),
    ihcStudies,
    slides,
  };
}

function morphologyOf(site: Site, next: () => number): Morphology {
  const isCancer = next() >= BENIGN;
  const [first = site.morphologies[0], ...rest] = site.morphologies.filter((one) => one.isCancer === isCancer);
  return pick([first, ...rest], next());
}

/** Each value once, in order. */
function distinct<T extends string | number>(values: readonly T[]): T[] {
  return [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));
}
