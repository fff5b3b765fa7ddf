/**
 * The readouts that are written as Observations, as data: measures, and what each is told apart by. The table of a slide
 * has thousands of columns; whatever is not named here stands in the attached file alone.
 */
export interface Kind {
  /** As the column spells it. */
  name: string;
  /** For people. */
  text: string;
}

const TISSUES: readonly Kind[] = [
  { name: 'CARCINOMA', text: 'carcinoma' },
  { name: 'EPITHELIAL_TISSUE', text: 'epithelial tissue' },
  { name: 'STROMA', text: 'stroma' },
  { name: 'NECROSIS', text: 'necrosis' },
  { name: 'VESSEL', text: 'vessels' },
  { name: 'BLOOD', text: 'blood' },
  { name: 'OTHER', text: 'other tissue' },
];

const CELLS: readonly Kind[] = [
  { name: 'CARCINOMA_CELL', text: 'carcinoma cells' },
  { name: 'EPITHELIAL_CELL', text: 'epithelial cells' },
  { name: 'LYMPHOCYTE', text: 'lymphocytes' },
  { name: 'PLASMA_CELL', text: 'plasma cells' },
  { name: 'MACROPHAGE', text: 'macrophages' },
  { name: 'GRANULOCYTE', text: 'granulocytes' },
  { name: 'FIBROBLAST', text: 'fibroblasts' },
  { name: 'ENDOTHELIAL_CELL', text: 'endothelial cells' },
  { name: 'OTHER', text: 'other cells' },
];

export interface Measure {
  /** Local code of the Observation that holds them, and its part's name. */
  id: string;
  /** `Share of tissue`, before what it is of. */
  text: string;
  kinds: readonly Kind[];
  /** Columns by what they begin and end with around a kind's name. */
  columns: readonly { before: string; after: string }[];
  unit: { ucum: string; text: string };
  /** What it can be; `whole`: a count. */
  most?: number;
  whole?: true;
  /** Where a value is beyond 1, all of them are percentages. */
  share?: true;
}

const PERCENT = { ucum: '%', text: '%' } as const;
export const AS_PERCENT = PERCENT;

export const MEASURES: readonly Measure[] = [
  {
    id: 'tissue-share',
    text: 'Share of tissue area',
    kinds: TISSUES,
    columns: [{ before: 'RELATIVE_AREA_', after: '' }],
    unit: { ucum: '1', text: '1' },
    most: 100,
    share: true,
  },
  {
    id: 'tissue-area',
    text: 'Tissue area',
    kinds: TISSUES,
    columns: [{ before: 'ABSOLUTE_AREA_UM2_', after: '' }],
    unit: { ucum: 'um2', text: 'µm²' },
  },
  {
    id: 'tissue-area-mm2',
    text: 'Tissue area',
    kinds: TISSUES,
    columns: [{ before: 'ABSOLUTE_AREA_MM2_', after: '' }],
    unit: { ucum: 'mm2', text: 'mm²' },
  },
  {
    id: 'cell-count',
    text: 'Number of cells',
    kinds: CELLS,
    columns: [{ before: 'CELL_COUNT_', after: '' }],
    unit: { ucum: '{cells}', text: 'cells' },
    whole: true,
  },
  {
    id: 'cell-density',
    text: 'Density of cells',
    kinds: CELLS,
    // Only a name that says of which area can be given a unit.
    columns: [
      { before: 'CELL_DENSITY_', after: '_PER_MM2' },
      { before: 'CELL_DENSITY_PER_MM2_', after: '' },
    ],
    unit: { ucum: '/mm2', text: 'per mm²' },
  },
  {
    id: 'cell-share',
    text: 'Share of cells',
    kinds: CELLS,
    columns: [{ before: 'CELL_FRACTION_', after: '' }],
    unit: { ucum: '1', text: '1' },
    most: 100,
    share: true,
  },
];

/** The columns of a measure, each with what it is of. */
export function columnsOf({ kinds, columns }: Measure): { column: string; kind: Kind }[] {
  return kinds.flatMap((kind) =>
    columns.map(({ before, after }) => ({ column: `${before}${kind.name}${after}`, kind })),
  );
}

export const NAMED_COLUMNS: ReadonlySet<string> = new Set(
  MEASURES.flatMap((measure) => columnsOf(measure).map(({ column }) => column)),
);
