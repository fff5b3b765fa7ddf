/** The tables: a comment line first, then the header, as the vendor writes them. */
import { numbersOf } from '../random.ts';
import { CELL_NAMES, CLASSES, rounded, type Segmentation, type Slide } from './slide.ts';

const COMMENT = '# For research use only\n';
const NUCLEUS = [
  ...['AREA', 'PERIMETER', 'ECCENTRICITY', 'SOLIDITY', 'COMPACTNESS'],
  ...['MAJOR_AXIS', 'MINOR_AXIS', 'HEMATOXYLIN', 'EOSIN', 'CONTRAST'],
];
const STATISTICS = ['MEAN', 'MEDIAN', 'STD', 'MIN', 'MAX', 'P25', 'P75'];
const RADII = [20, 50, 100];
const MM2 = 1e6;

/** One row of a few thousand readouts: shares, areas, counts, densities, neighbourhoods, and the shapes of nuclei. */
export function* slideReadouts(slide: Slide): Generator<string> {
  const columns = [...areas(slide), ...counts(slide), ...neighbours(slide), ...nuclei(slide)];
  yield COMMENT;
  yield `${columns.map(([name]) => name).join(',')}\n`;
  yield `${columns.map(([, value]) => value).join(',')}\n`;
}

type Column = [name: string, value: number];

function areas({ shares, tissueArea }: Slide): Column[] {
  const all = [...shares.tissue_segmentation];
  return [
    ...all.map(([name, share]): Column => [`RELATIVE_AREA_${name}`, share]),
    ...all.map(([name, share]): Column => [`ABSOLUTE_AREA_UM2_${name}`, rounded(share * tissueArea * MM2, 1)]),
  ];
}

/** Counts and densities, of the whole tissue and within each kind of it. */
function counts({ shares, counts: all, tissueArea }: Slide): Column[] {
  const density = (cells: number, area: number) => (area > 0 ? rounded(cells / area, 3) : 0);
  const total = [...all.values()].reduce((sum, count) => sum + count, 0);
  const cells = [...all];
  const within = [...shares.tissue_segmentation].flatMap(([tissue, share]) =>
    cells.flatMap(([cell, count]): Column[] => {
      const here = Math.round(count * share);
      return [
        [`CELL_COUNT_${cell}_IN_${tissue}`, here],
        [`CELL_DENSITY_${cell}_IN_${tissue}_PER_MM2`, density(here, tissueArea * share)],
      ];
    }),
  );
  return [
    ...cells.map(([cell, count]): Column => [`CELL_COUNT_${cell}`, count]),
    ...cells.map(([cell, count]): Column => [`CELL_DENSITY_${cell}_PER_MM2`, density(count, tissueArea)]),
    ...cells.map(([cell, count]): Column => [`CELL_FRACTION_${cell}`, total > 0 ? rounded(count / total, 6) : 0]),
    ...within,
  ];
}

function neighbours({ seed }: Slide): Column[] {
  const chance = numbersOf(`${seed} neighbours`);
  return CELL_NAMES.flatMap((of) =>
    CELL_NAMES.flatMap((cell) =>
      RADII.map((radius): Column => {
        return [`MEAN_COUNT_${cell}_WITHIN_${radius}UM_OF_${of}`, rounded(chance() * radius * 0.2, 4)];
      }),
    ),
  );
}

function nuclei({ seed, shares }: Slide): Column[] {
  const chance = numbersOf(`${seed} nuclei`);
  return [...shares.tissue_segmentation.keys()].flatMap((tissue) =>
    CELL_NAMES.flatMap((cell) =>
      NUCLEUS.flatMap((feature) =>
        STATISTICS.map((statistic): Column => {
          return [`NUCLEUS_${feature}_${statistic}_${cell}_IN_${tissue}`, rounded(20 + 60 * chance(), 4)];
        }),
      ),
    ),
  );
}

/** A row for each of some cells; their classes come up as often as the counts say. */
export function* cellReadouts(slide: Slide, rows: number): Generator<string> {
  const chance = numbersOf(`${slide.seed} cells`);
  const cell = choose(slide.counts);
  const tissue = choose(slide.shares.tissue_segmentation);
  yield COMMENT;
  yield 'CELL_ID,CENTROID_X,CENTROID_Y,CELL_CLASS,IN_TISSUE,NUCLEUS_AREA_UM2,NUCLEUS_ECCENTRICITY\n';
  for (let row = 1; row <= rows; row++) {
    const place = `${Math.floor(chance() * slide.width)},${Math.floor(chance() * slide.height)}`;
    const shape = `${(20 + 60 * chance()).toFixed(2)},${chance().toFixed(3)}`;
    yield `${row},${place},${cell(chance())},${tissue(chance())},${shape}\n`;
  }
}

/** The areas of a segmentation's classes. */
export function* classInformation(slide: Slide, stage: Segmentation): Generator<string> {
  yield COMMENT;
  yield 'CLASS_NAME,RELATIVE_AREA,ABSOLUTE_AREA_UM2,COLOR_R,COLOR_G,COLOR_B\n';
  for (const { name, colour } of CLASSES[stage].slice(1)) {
    const share = slide.shares[stage].get(name) ?? 0;
    yield `${name},${share},${rounded(share * slide.tissueArea * MM2, 1)},${colour.join(',')}\n`;
  }
}

/** Picks a name by a number from 0 to 1, each as often as its weight says. */
export function choose<Name extends string>(weights: ReadonlyMap<Name, number>): (chance: number) => Name | 'OTHER' {
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  let reached = 0;
  const steps = [...weights].map(([name, weight]): [Name, number] => {
    reached += weight / sum;
    return [name, reached];
  });
  return (chance) => steps.find(([, until]) => chance < until)?.[0] ?? 'OTHER';
}
