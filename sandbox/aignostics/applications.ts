/** The applications and their versions, each version in one of the three dialects. */
import { Ajv } from 'ajv';
import type { Dialect, Settings } from './options.ts';
import { outputSchema, TEST_INPUT, TME_INPUT } from './slide-schemas.ts';

/** What a version makes of a slide. */
export const KINDS = [
  'map',
  'tissue-polygons',
  'class-information',
  'cell-polygons',
  'slide-readouts',
  'cell-readouts',
] as const;
export type Kind = (typeof KINDS)[number];
export type Stage = 'tissue_qc' | 'tissue_segmentation' | 'cell_classification' | 'readout_generation';

export interface OutputSpec {
  stage: Stage;
  kind: Kind;
  /** `tissue_qc:segmentation_map_image` */
  name: string;
  mimeType: string;
}

export interface Version {
  number: string;
  changelog: string;
  releasedAt: string;
  dialect: Dialect;
  input: { name: string; mimeType: string; schema: object };
  outputs: OutputSpec[];
  /** What of an input's metadata is not as its schema says: `/width_px must be <= 150000`. */
  problemsOf(metadata: object): string[];
}

export interface Application {
  id: string;
  name: string;
  description: string;
  regulatoryClasses: string[];
  /** The newest first. */
  versions: [Version, ...Version[]];
}

export type Applications = ReadonlyMap<string, Application>;

const TIFF = 'image/tiff';
const GEO_JSON = 'application/geo+json';
const CSV = 'text/csv';

/** The files of each stage, in the vendor's order. */
const FILES: [Stage, Kind, name: string, mimeType: string][] = [
  ['tissue_qc', 'map', 'segmentation_map_image', TIFF],
  ['tissue_qc', 'tissue-polygons', 'geojson_polygons', GEO_JSON],
  ['tissue_qc', 'class-information', 'csv_class_information', CSV],
  ['tissue_segmentation', 'map', 'segmentation_map_image', TIFF],
  ['tissue_segmentation', 'tissue-polygons', 'geojson_polygons', GEO_JSON],
  ['tissue_segmentation', 'class-information', 'csv_class_information', CSV],
  ['cell_classification', 'cell-polygons', 'geojson_polygons', GEO_JSON],
  ['readout_generation', 'slide-readouts', 'slide_readouts', CSV],
  ['readout_generation', 'cell-readouts', 'cell_readouts', CSV],
];
const TEST_STAGES: readonly Stage[] = ['tissue_qc', 'tissue_segmentation'];
/** The first versions called a map by another name. */
const OLD_MAP = 'tiff_heatmap';

interface Release {
  number: string;
  dialect: Dialect;
  releasedAt: string;
  changelog: string;
  /** Where the version's artifact has another name than its dialect's. */
  input?: string;
}

const TME_RELEASES: [Release, ...Release[]] = [
  {
    ...{ number: '1.4.0', dialect: 'whole-slide-image', releasedAt: '2026-09-10T09:00:00.000000Z' },
    changelog: 'Metadata field names aligned.',
  },
  {
    ...{ number: '1.3.0', dialect: 'input-slide', releasedAt: '2026-08-10T09:00:00.000000Z' },
    changelog: 'New indications.',
  },
  {
    ...{ number: '1.0.0', dialect: 'input-slide', releasedAt: '2025-09-01T19:01:05.401000Z' },
    changelog: 'First release.',
  },
  {
    ...{ number: '1.0.0-beta1', dialect: 'input-slide', releasedAt: '2025-08-01T09:00:00.000000Z' },
    changelog: 'Second beta.',
  },
  {
    ...{ number: '1.0.0-beta', dialect: 'input-slide', releasedAt: '2025-07-01T09:00:00.000000Z' },
    ...{ changelog: 'First beta.', input: 'user_slide' },
  },
  {
    ...{ number: '0.4.4', dialect: 'base-mpp', releasedAt: '2025-04-16T08:45:20.655972Z' },
    changelog: 'New deployment',
  },
];
const TEST_RELEASES: [Release, ...Release[]] = [
  {
    ...{ number: '2.0.0', dialect: 'whole-slide-image', releasedAt: '2025-09-02T19:01:05.401000Z' },
    changelog: 'Metadata field names aligned.',
  },
  {
    ...{ number: '1.0.0', dialect: 'input-slide', releasedAt: '2025-08-02T19:01:05.401000Z' },
    changelog: 'First release.',
  },
  {
    ...{ number: '0.4.4', dialect: 'base-mpp', releasedAt: '2025-04-16T08:45:20.655972Z' },
    changelog: 'New deployment',
  },
];

/** What is offered under `options`. */
export function createApplications(options: Settings): Applications {
  const ajv = new Ajv({ allErrors: true, strict: false });

  function version(
    { number, dialect: own, releasedAt, changelog, input }: Release,
    schemas: Record<Dialect, object>,
    stages?: readonly Stage[],
  ): Version {
    const dialect = options.dialect ?? own;
    const schema = schemas[dialect];
    const name = dialect === 'input-slide' ? (input ?? 'input_slide') : 'whole_slide_image';
    const outputs = FILES.filter(([stage]) => stages?.includes(stage) ?? true).map(([stage, kind, file, mimeType]) => {
      const last = dialect === 'base-mpp' && kind === 'map' ? OLD_MAP : file;
      return { stage, kind, name: `${stage}:${last}`, mimeType };
    });
    return {
      ...{ number, changelog, releasedAt, dialect, outputs },
      input: { name, mimeType: TIFF, schema },
      problemsOf: (metadata) => problems(ajv, schema, metadata),
    };
  }

  const tme = (release: Release) => version(release, TME_INPUT);
  const test = (release: Release) => version(release, TEST_INPUT, TEST_STAGES);
  const [tmeLatest, ...tmeOlder] = TME_RELEASES;
  const [testLatest, ...testOlder] = TEST_RELEASES;
  const all: Application[] = [
    {
      ...{ id: 'he-tme', name: 'Atlas H&E-TME', regulatoryClasses: ['RUO'] },
      description:
        'The Atlas H&E TME is an AI application designed to examine FFPE (formalin-fixed, paraffin-embedded) tissues stained with H&E (hematoxylin and eosin), delivering comprehensive insights into the tumor microenvironment.',
      versions: [tme(tmeLatest), ...tmeOlder.map(tme)],
    },
    {
      ...{ id: 'test-app', name: 'Test Application', regulatoryClasses: ['RUO'] },
      description: 'This is the test application with two algorithms: TissueQc and Tissue Segmentation',
      versions: [test(testLatest), ...testOlder.map(test)],
    },
  ];
  return new Map(all.map((application) => [application.id, application]));
}

/** Ajv compiles a schema when it is first needed, and keeps it. */
function problems(ajv: Ajv, schema: object, metadata: object): string[] {
  if (ajv.validate(schema, metadata)) {
    return [];
  }
  return (ajv.errors ?? []).map(({ instancePath, message, params }) => {
    const extra = 'additionalProperty' in params ? ` (${params.additionalProperty})` : '';
    return `${instancePath || '/'} ${message}${extra}`;
  });
}

/** The version document. */
export function tellVersion({ number, changelog, releasedAt, dialect, input, outputs }: Version): object {
  return {
    version_number: number,
    changelog,
    input_artifacts: [{ name: input.name, mime_type: input.mimeType, metadata_schema: input.schema }],
    output_artifacts: outputs.map(({ kind, name, mimeType }) => ({
      ...{ name, mime_type: mimeType, scope: 'ITEM', visibility: 'EXTERNAL' },
      metadata_schema: outputSchema(dialect, mimeType, kind === 'map'),
    })),
    released_at: releasedAt,
  };
}
