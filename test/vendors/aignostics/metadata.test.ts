/** What a version is told of a slide, in each of the vendor's dialects, and why a slide is not sent. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { AdapterError } from '../../../src/errors.ts';
import { version } from '../../../src/vendors/aignostics/answers.ts';
import { type Known, metadataFor, slideSchema, termsFor } from '../../../src/vendors/aignostics/metadata.ts';
import { judgeSlide } from '../../../src/vendors/aignostics/verdict.ts';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/aignostics/${name}.json`, import.meta.url), 'utf8'));

const schemaIn = (name: string) => version.parse(fixture(name)).input_artifacts[0]?.metadata_schema ?? {};
const MODERN = slideSchema(schemaIn('version_whole_slide_image_style_200'));
const INPUT_SLIDE = slideSchema(schemaIn('version_input_slide_style_200'));
const LEGACY = slideSchema(schemaIn('version_legacy_base_mpp_style_200'));

const KNOWN: Known = {
  format: 'svs',
  width: 98_304,
  height: 71_680,
  resolution: 0.2522,
  stain: 'H&E',
  disease: 'LUNG_CANCER',
  tissue: 'LUNG',
  checksum: 'RlKPYA==',
};

const request = z.object({
  items: z.array(z.object({ input_artifacts: z.array(z.object({ metadata: z.record(z.string(), z.unknown()) })) })),
});
const sent = (name: string) => request.parse(fixture(name)).items[0]?.input_artifacts[0]?.metadata;

test('each dialect is told in its own names', () => {
  assert.deepEqual(metadataFor(INPUT_SLIDE, KNOWN), { metadata: sent('run_create_request_1_3_0'), faults: [] });
  assert.deepEqual(metadataFor(MODERN, KNOWN), { metadata: sent('run_create_request_1_4_0'), faults: [] });
  assert.deepEqual(metadataFor(LEGACY, KNOWN), {
    metadata: {
      checksum_crc32c: 'RlKPYA==',
      mime_type: 'image/tiff',
      width: 98_304,
      height: 71_680,
      base_mpp: 0.2522,
      stain: 'H&E',
      cancer: { type: 'lung', tissue: 'lung' },
    },
    faults: [],
  });
});

test('keys that a version does not know are not sent, and what it does not need may be unknown', () => {
  const small = slideSchema({
    type: 'object',
    required: ['checksum_base64_crc32c'],
    properties: { checksum_base64_crc32c: { type: 'string' }, width_px: { type: 'integer' } },
    additionalProperties: false,
  });
  const { resolution: _, ...known } = KNOWN;
  assert.deepEqual(metadataFor(small, known), {
    metadata: { checksum_base64_crc32c: 'RlKPYA==', width_px: 98_304 },
    faults: [],
  });
});

test('a schema that has lost its references in print is read by its definitions', () => {
  const printed = { ...schemaIn('version_legacy_base_mpp_style_200') };
  const properties = z.record(z.string(), z.unknown()).parse(printed.properties);
  const lost = slideSchema({ ...printed, properties: { ...properties, cancer: { anyOf: [false], title: 'Cancer' } } });
  assert.deepEqual(metadataFor(lost, KNOWN).faults, []);
  assert.deepEqual(metadataFor(lost, KNOWN).metadata.cancer, { type: 'lung', tissue: 'lung' });
});

test('what the order does not say becomes OTHER where the version has that word, and is asked where not', () => {
  const { disease: _d, tissue: _t, ...unsaid } = KNOWN;
  assert.deepEqual(metadataFor(MODERN, unsaid).metadata.specimen, { disease: 'OTHER', tissue: 'OTHER' });
  const verdict = judgeSlide(LEGACY, unsaid, 1);
  assert.ok('ask' in verdict);
  assert.deepEqual(verdict.ask.choices, { lung: 'lung' });
  const next = judgeSlide(LEGACY, { ...unsaid, disease: 'lung' }, 2);
  assert.ok('ask' in next);
  assert.equal(next.ask.id, 'tissue/2');
  assert.deepEqual(Object.keys(next.ask.choices ?? {}), termsFor(LEGACY, 'tissue', 'lung'));
  assert.ok('metadata' in judgeSlide(LEGACY, { ...unsaid, disease: 'lung', tissue: 'lymph node' }, 2));
});

const REFUSALS: [why: string, schema: typeof MODERN, known: Partial<Known>, text: string][] = [
  [
    'too wide',
    MODERN,
    { width: 160_000 },
    'Slide 1 cannot be analysed: its width in pixels is 160000; at most 150000 is accepted.',
  ],
  [
    'too fine',
    MODERN,
    { resolution: 0.1 },
    'Slide 1 cannot be analysed: its resolution in µm per pixel is 0.1; at least 0.125 is needed.',
  ],
  ['another stain', MODERN, { stain: 'PAS' }, 'Slide 1 cannot be analysed: its staining method is pas; accepted: h&e.'],
  [
    'a disease that it does not know',
    LEGACY,
    { disease: 'BREAST_CANCER' },
    'Slide 1 cannot be analysed: its disease is breast cancer; accepted: lung.',
  ],
  [
    'a file type that it does not know',
    LEGACY,
    { format: 'dicom-zip' },
    'Slide 1 cannot be analysed: its file type is application/zip; accepted: application/dicom, image/tiff.',
  ],
];

for (const [why, schema, known, text] of REFUSALS) {
  test(`a refusal names the field in words: ${why}`, () => {
    assert.deepEqual(judgeSlide(schema, { ...KNOWN, ...known }, 1), { refuse: { code: 'input-unsupported', text } });
  });
}

test('a resolution that nobody has said is asked for', () => {
  const verdict = judgeSlide(LEGACY, { ...KNOWN, resolution: undefined }, 3);
  assert.ok('ask' in verdict);
  assert.equal(verdict.ask.id, 'resolution/3');
  assert.equal(verdict.ask.number?.unit, 'um/{pixel}');
});

test('a version that wants what nobody here knows of is no fault of the slide', () => {
  const schema = slideSchema({
    type: 'object',
    required: ['scanner_vendor'],
    properties: { scanner_vendor: { type: 'string' } },
  });
  assert.deepEqual(judgeSlide(schema, KNOWN, 1), { unknown: 'scanner_vendor' });
});

test('whatever a schema is, reading it gives a judgement or a hold', () => {
  const anySchema = fc.dictionary(
    fc.constantFrom(
      'type',
      'properties',
      'required',
      'anyOf',
      '$ref',
      '$defs',
      'enum',
      'const',
      'specimen',
      'width_px',
    ),
    fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom('#', '#/$defs/a', 'object')),
  );
  fc.assert(
    fc.property(anySchema, (raw) => {
      try {
        const { metadata, faults } = metadataFor(slideSchema(raw), KNOWN);
        assert.equal(typeof metadata, 'object');
        assert.ok(Array.isArray(faults));
      } catch (thrown) {
        assert.ok(thrown instanceof AdapterError && thrown.remedy === 'hold', String(thrown));
      }
    }),
    { numRuns: 300 },
  );
});
