/** The files that come of a slide: what they are, that they agree with one another, and how the storage gives them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { Ajv } from 'ajv';
import { parse } from 'csv-parse/sync';
import sharp from 'sharp';
import { z } from 'zod';
import type { AignosticsOptions } from '../../sandbox/aignostics/options.ts';
import {
  type Answer,
  metadata,
  type Output,
  SLIDE_CHECKSUM,
  serveAignostics,
  type Vendor,
} from './serve-aignostics.ts';

function checksumOf(bytes: Buffer): string {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(crc32c(bytes));
  return four.toString('base64');
}

type Files = Map<string, { output: Output; file: Answer }>;

async function filesOf(vendor: Vendor, id: string): Promise<Files> {
  const [item] = await vendor.readItems(id);
  const files: Files = new Map();
  for (const output of item?.output_artifacts ?? []) {
    files.set(output.name, { output, file: await vendor.file(id, output) });
  }
  return files;
}

const rowsOf = (text: string): Record<string, string>[] => parse(text, { columns: true, comment: '#' });
const near = (a: number, b: number, by: number) => assert.ok(Math.abs(a - b) <= by, `${a} is about ${b}`);

test('nine files a slide: each is what its metadata say, and the tables, the map and the polygons tell one story', async (t) => {
  const vendor = await serveAignostics(t);
  const id = await vendor.finished();
  const version = (await vendor.call('GET', '/v1/applications/he-tme/versions/1.4.0')).json();
  const files = await filesOf(vendor, id);
  assert.deepEqual(
    [...files.keys()],
    version.output_artifacts.map(({ name }: { name: string }) => name),
  );
  const ajv = new Ajv({ strict: false });
  for (const { name, mime_type, metadata_schema } of version.output_artifacts) {
    const { output, file } = files.get(name) ?? assert.fail(name);
    assert.ok(ajv.validate(metadata_schema, output.metadata), `${name} ${ajv.errorsText()}`);
    assert.equal(output.metadata?.checksum_base64_crc32c, checksumOf(file.bytes), name);
    assert.equal(output.metadata?.media_type, mime_type);
    assert.equal(file.headers.get('content-type'), mime_type);
    assert.equal(file.headers.get('content-length'), String(file.bytes.length));
  }
  const text = (name: string) => files.get(name)?.file.text ?? assert.fail(name);

  const readouts = text('readout_generation:slide_readouts');
  assert.match(readouts, /^# For research use only\n/);
  const [row = {}, ...more] = rowsOf(readouts);
  assert.ok(more.length === 0 && Object.keys(row).length > 4500, String(Object.keys(row).length));
  const shares = Object.entries(row).filter(([name]) => name.startsWith('RELATIVE_AREA_'));
  near(
    shares.reduce((sum, [, share]) => sum + Number(share), 0),
    1,
    1e-6,
  );
  const area = metadata().width_px * metadata().height_px * metadata().resolution_mpp ** 2 * 0.35e-6;
  near(Number(row.CELL_DENSITY_LYMPHOCYTE_PER_MM2), Number(row.CELL_COUNT_LYMPHOCYTE) / area, 0.001);

  const cells = rowsOf(text('readout_generation:cell_readouts'));
  assert.equal(cells.length, 500);
  assert.ok(cells.every(({ CENTROID_X }) => Number(CENTROID_X) < metadata().width_px));
  const classes = rowsOf(text('tissue_segmentation:csv_class_information'));
  for (const { CLASS_NAME, RELATIVE_AREA } of classes) {
    assert.equal(row[`RELATIVE_AREA_${CLASS_NAME}`], RELATIVE_AREA);
  }

  const polygons = z.object({
    type: z.literal('FeatureCollection'),
    features: z.array(
      z.looseObject({ geometry: z.looseObject({ coordinates: z.array(z.array(z.tuple([z.number(), z.number()]))) }) }),
    ),
  });
  for (const name of [
    'tissue_qc:geojson_polygons',
    'tissue_segmentation:geojson_polygons',
    'cell_classification:geojson_polygons',
  ]) {
    const { features } = polygons.parse(JSON.parse(text(name)));
    assert.ok(features.length > 0);
    for (const { geometry } of features) {
      const [ring = []] = geometry.coordinates;
      assert.deepEqual(ring[0], ring.at(-1), 'a ring is closed');
    }
  }

  const map = files.get('tissue_segmentation:segmentation_map_image') ?? assert.fail();
  const { class_colors } = z
    .object({ class_colors: z.record(z.string(), z.tuple([z.int(), z.int(), z.int()])) })
    .parse(map.output.metadata);
  const { pages, width, height } = await sharp(map.file.bytes).metadata();
  assert.deepEqual([width, height], [384, 280]);
  assert.ok((pages ?? 0) > 1, 'a pyramid');
  const { data } = await sharp(map.file.bytes).raw().toBuffer({ resolveWithObject: true });
  const seen = new Map<string, number>();
  for (let place = 0; place < data.length; place += 3) {
    const colour = data.subarray(place, place + 3).join();
    seen.set(colour, (seen.get(colour) ?? 0) + 1);
  }
  assert.ok([...seen.keys()].every((colour) => Object.values(class_colors).some((one) => one.join() === colour)));
  const tissue = [...seen].filter(([colour]) => colour !== class_colors.BACKGROUND?.join());
  const all = tissue.reduce((sum, [, pixels]) => sum + pixels, 0);
  near((seen.get(class_colors.CARCINOMA?.join() ?? '') ?? 0) / all, Number(row.RELATIVE_AREA_CARCINOMA), 0.001);
});

test('the same slide gives the same files, another slide others', async (t) => {
  const vendor = await serveAignostics(t);
  const checksums = async (id: string) =>
    (await vendor.readItems(id))[0]?.output_artifacts.map((output) => output.metadata?.checksum_base64_crc32c) ?? [];
  const first = await checksums(await vendor.finished(['a']));
  assert.deepEqual(await checksums(await vendor.finished(['b'])), first);
  const body = vendor.creation(['a']);
  const [item] = body.items;
  const input_artifacts = [{ ...item?.input_artifacts[0], metadata: { ...metadata(), width_px: 50_000 } }];
  const { run_id } = (await vendor.call('POST', '/v1/runs', { ...body, items: [{ ...item, input_artifacts }] })).json();
  vendor.pass(60);
  const other = await checksums(run_id);
  assert.ok(
    other.every((checksum, index) => checksum !== first[index] || index === 2 || index === 5),
    'but for shares',
  );
});

const OLD = { width: 98_304, height: 71_680, base_mpp: 0.2522, checksum_crc32c: SLIDE_CHECKSUM };

for (const [dialect, name, said, application] of [
  ['base-mpp', 'whole_slide_image', { ...OLD, cancer: { type: 'lung', tissue: 'lung' } }, 'he-tme'],
  ['base-mpp', 'whole_slide_image', OLD, 'test-app'],
  ['input-slide', 'input_slide', { ...metadata(), media_type: undefined, 'media-type': 'image/tiff' }, 'he-tme'],
  ['whole-slide-image', 'whole_slide_image', metadata(), 'he-tme'],
] as const satisfies [AignosticsOptions['dialect'], string, object, string][]) {
  test(`dialect ${dialect} of ${application}: any version takes its words, and speaks in them`, async (t) => {
    const vendor = await serveAignostics(t, { dialect });
    const path = `/v1/applications/${application}/versions/1.0.0`;
    const version = (await vendor.call('GET', path)).json();
    const input_artifacts = [{ name, download_url: vendor.slideUrl('a'), metadata: said }];
    const items = [{ external_id: 'a', input_artifacts }];
    const created = await vendor.call('POST', '/v1/runs', {
      application_id: application,
      version_number: '1.0.0',
      items,
    });
    assert.equal(created.status, 201, created.text);
    vendor.pass(60);
    const [item] = await vendor.readItems(created.json().run_id);
    assert.equal(item?.output_artifacts.length, version.output_artifacts.length);
    const ajv = new Ajv({ strict: false });
    for (const [index, output] of (item?.output_artifacts ?? []).entries()) {
      const described = version.output_artifacts[index];
      assert.equal(output.name, described.name);
      assert.ok(ajv.validate(described.metadata_schema, output.metadata), ajv.errorsText());
    }
    const map = item?.output_artifacts[0];
    assert.equal(map?.name, dialect === 'base-mpp' ? 'tissue_qc:tiff_heatmap' : 'tissue_qc:segmentation_map_image');
  });
}

test('the storage takes its own URLs without a token, for five minutes', async (t) => {
  const vendor = await serveAignostics(t);
  const id = await vendor.finished();
  const [item] = await vendor.readItems(id);
  const [artifact] = item?.output_artifacts ?? [];
  const path = `/v1/runs/${id}/artifacts/${artifact?.output_artifact_id}/file`;
  const redirection = await vendor.call('GET', path);
  assert.equal(redirection.headers.get('cache-control'), 'no-store');
  const url = redirection.headers.get('location') ?? '';
  assert.notEqual(new URL(url).origin, vendor.base);
  const withToken = await vendor.get(url, { Authorization: 'Bearer sandbox-token' });
  assert.deepEqual([withToken.status, /<Code>InvalidArgument</.test(withToken.text)], [400, true]);
  assert.equal((await vendor.get(url.replace(/Signature=..../, 'Signature=0000'))).status, 403);
  vendor.pass(299);
  assert.equal((await vendor.get(url)).status, 200);
  vendor.pass(2);
  assert.equal((await vendor.get(url)).status, 403);
  assert.equal((await vendor.get(artifact?.download_url ?? '')).status, 200, 'the deprecated one lives an hour');
  const unknown = path.replace(/artifacts\/[^/]+/, 'artifacts/3fa85f64-5717-4562-b3fc-2c963f66afa6');
  assert.equal((await vendor.call('GET', unknown)).status, 404);
});

test('a proxy gives the bytes themselves', async (t) => {
  const vendor = await serveAignostics(t, { artifacts: 'proxy' });
  const id = await vendor.finished();
  const [item] = await vendor.readItems(id);
  const [artifact] = item?.output_artifacts ?? [];
  const headers = { Authorization: 'Bearer sandbox-token' };
  const file = await vendor.get(
    `${vendor.base}/api/v1/runs/${id}/artifacts/${artifact?.output_artifact_id}/file`,
    headers,
  );
  assert.deepEqual([file.status, checksumOf(file.bytes)], [200, artifact?.metadata?.checksum_base64_crc32c]);
});

test('a table may have many rows: it is written as it is read', async (t) => {
  const vendor = await serveAignostics(t, { cellRows: 100_000 });
  const id = await vendor.finished();
  const [item] = await vendor.readItems(id);
  const cells = item?.output_artifacts.find(({ name }) => name.endsWith('cell_readouts')) ?? assert.fail();
  const file = await vendor.file(id, cells);
  assert.equal(file.text.split('\n').length, 100_003);
  assert.equal(checksumOf(file.bytes), cells.metadata?.checksum_base64_crc32c);
});
