/** What the simulator makes up of a slide, from its checksum: shares of tissues, counts of cells. */
import { numbersOf } from '../random.ts';

export type Colour = readonly [red: number, green: number, blue: number];

export interface TissueClass {
  name: string;
  colour: Colour;
  /** How much of it there is of all, before chance has its say. */
  weight: number;
}

/** What each segmentation tells apart; the first is drawn where there is no tissue. */
export const CLASSES = {
  tissue_qc: [
    { name: 'BACKGROUND', colour: [255, 255, 255], weight: 0 },
    { name: 'VALID_TISSUE', colour: [64, 160, 92], weight: 90 },
    { name: 'OUT_OF_FOCUS', colour: [240, 196, 48], weight: 5 },
    { name: 'FOLD', colour: [214, 96, 48], weight: 3 },
    { name: 'PEN_MARKER', colour: [44, 92, 200], weight: 2 },
  ],
  tissue_segmentation: [
    { name: 'BACKGROUND', colour: [255, 255, 255], weight: 0 },
    { name: 'CARCINOMA', colour: [200, 40, 60], weight: 41 },
    { name: 'EPITHELIAL_TISSUE', colour: [236, 148, 160], weight: 5 },
    { name: 'STROMA', colour: [100, 170, 220], weight: 40 },
    { name: 'NECROSIS', colour: [70, 70, 70], weight: 6 },
    { name: 'VESSEL', colour: [150, 90, 190], weight: 2 },
    { name: 'BLOOD', colour: [140, 16, 20], weight: 3 },
    { name: 'OTHER', colour: [190, 190, 150], weight: 3 },
  ],
} as const satisfies Record<string, readonly TissueClass[]>;

export type Segmentation = keyof typeof CLASSES;

/** Cells a square millimetre of tissue, before chance has its say. */
export const CELLS = {
  CARCINOMA_CELL: 1900,
  EPITHELIAL_CELL: 140,
  LYMPHOCYTE: 590,
  PLASMA_CELL: 65,
  MACROPHAGE: 130,
  GRANULOCYTE: 28,
  FIBROBLAST: 690,
  ENDOTHELIAL_CELL: 150,
  OTHER: 45,
} as const;
export type Cell = keyof typeof CELLS;
export const CELL_NAMES = [
  'CARCINOMA_CELL',
  'EPITHELIAL_CELL',
  'LYMPHOCYTE',
  'PLASMA_CELL',
  'MACROPHAGE',
  'GRANULOCYTE',
  'FIBROBLAST',
  'ENDOTHELIAL_CELL',
  'OTHER',
] as const satisfies Cell[];

export interface Slide {
  /** What decides everything. */
  seed: string;
  /** Pixels. */
  width: number;
  height: number;
  /** Micrometres a pixel. */
  resolution: number;
  /** Square millimetres. */
  tissueArea: number;
  /** Of the tissue, by class; together 1. */
  shares: Record<Segmentation, ReadonlyMap<string, number>>;
  counts: ReadonlyMap<Cell, number>;
}

/** How much of a slide is tissue. */
const TISSUE_SHARE = 0.35;
/** Of a version that need not be told of the size. */
const UNKNOWN = { width: 40_000, height: 30_000, resolution: 0.25 };

/** @param checksum the file's, which is the whole of what its content decides */
export function readSlide(metadata: Record<string, unknown>, checksum: string): Slide {
  const number = (otherwise: number, ...names: string[]) => {
    const found = names.map((name) => metadata[name]).find((value) => typeof value === 'number');
    return typeof found === 'number' ? found : otherwise;
  };
  const width = number(UNKNOWN.width, 'width_px', 'width');
  const height = number(UNKNOWN.height, 'height_px', 'height');
  const resolution = number(UNKNOWN.resolution, 'resolution_mpp', 'base_mpp');
  const chance = numbersOf(`${checksum} slide`);
  const tissueArea = (width * height * resolution ** 2 * TISSUE_SHARE) / 1e6;
  const counts = new Map(
    CELL_NAMES.map((name) => [name, Math.round(CELLS[name] * tissueArea * (0.6 + 0.8 * chance()))]),
  );
  const shares = {
    tissue_qc: sharesOf(CLASSES.tissue_qc, chance),
    tissue_segmentation: sharesOf(CLASSES.tissue_segmentation, chance),
  };
  return { seed: checksum, width, height, resolution, tissueArea, shares, counts };
}

/** Six decimals each; the last class takes what rounding leaves, so that they make 1. */
function sharesOf(classes: readonly TissueClass[], chance: () => number): Map<string, number> {
  const weighed = classes.slice(1).map(({ name, weight }) => ({ name, weight: weight * (0.6 + 0.8 * chance()) }));
  const sum = weighed.reduce((total, { weight }) => total + weight, 0);
  let left = 1;
  return new Map(
    weighed.map(({ name, weight }, index) => {
      const share = index === weighed.length - 1 ? rounded(left, 6) : rounded(weight / sum, 6);
      left -= share;
      return [name, share];
    }),
  );
}

export const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
