/** What a study's pictures show: the same bytes, the same reading. Plays what the vendor's models do. */
import { createHash } from 'node:crypto';
import type { Size } from './image-size.ts';
import type { Circle, Spot } from './spots.ts';
import { contentOf, type StoredFile, type Study } from './studies.ts';

export interface FileReading {
  file: string;
  rings: Circle[];
  leukocytes: Circle[];
}

export interface Reading {
  files: FileReading[];
  /** Pictures looked at, those in zips counted. */
  fields: number;
  /** Cells an image area would hold in a volume, as the vendor states them: 10*6/uL and 10*3/uL. */
  redCellDensity: number;
  plateletDensity: number;
  /** From 0 to 1. */
  confidence: number;
}

/** Reads a study; a later revision of it has one ring less and other densities. */
export async function readStudy(study: Study): Promise<Reading> {
  const seed = `${contentOf(study)}/${study.revision}`;
  const negative = study.requested?.negative === true;
  const files = await Promise.all([...study.files.values()].map((file) => readFile(file, negative)));
  const [first] = files;
  if (study.revision > 0 && first) {
    files[0] = { ...first, rings: first.rings.slice(0, Math.max(1, first.rings.length - study.revision)) };
  }
  const infected = files.some(({ rings }) => rings.length > 0);
  const low = infected ? 90 : 180;
  return {
    files,
    fields: [...study.files.values()].reduce((sum, { sizes }) => sum + sizes.length, 0),
    redCellDensity: Number((3.9 + 1.3 * fraction(seed, 'red')).toFixed(2)),
    plateletDensity: Math.round(low + (infected ? 80 : 160) * fraction(seed, 'platelets')),
    confidence: Number((infected ? 0.86 + 0.12 * fraction(seed, 'sure') : 0).toFixed(3)),
  };
}

async function readFile({ id, sha256, sizes, cell, spots }: StoredFile, negative: boolean): Promise<FileReading> {
  if (negative) {
    return { file: id, rings: [], leukocytes: [] };
  }
  const seen = await spots;
  const of = (kind: Spot['kind']) =>
    seen.filter((spot) => spot.kind === kind).map(({ x, y, radius }) => ({ x, y, radius }));
  // A picture in which nothing is stained, or that was too large to look at, is read by its bytes alone.
  return seen.length > 0
    ? { file: id, rings: of('ring trophozoite'), leukocytes: of('leukocyte') }
    : { file: id, rings: circlesByHash(sha256, smallest(sizes), cell), leukocytes: [] };
}

/** One to four circles that lie wholly within the picture. */
function circlesByHash(sha256: string, { width, height }: Size, cell = 0.07 * Math.max(width, height)): Circle[] {
  const radius = Math.max(1, Math.round(Math.min(cell / 2, width / 4, height / 4)));
  const within = (length: number, name: string) =>
    Math.min(length - 1, Math.round(radius + (length - 2 * radius) * fraction(sha256, name)));
  return Array.from({ length: 1 + Math.floor(4 * fraction(sha256, 'count')) }, (_, index) => ({
    x: within(width, `x${index}`),
    y: within(height, `y${index}`),
    radius,
  }));
}

/** What fits into each picture of a zip fits into the one that is meant, which nobody says. */
function smallest(sizes: Size[]): Size {
  return {
    width: Math.min(...sizes.map(({ width }) => width)),
    height: Math.min(...sizes.map(({ height }) => height)),
  };
}

/** A number from 0 to below 1 that a seed and a name stand for. */
export function fraction(seed: string, name: string): number {
  return createHash('sha256').update(`${seed}/${name}`).digest().readUInt32BE(0) / 4_294_967_296;
}
