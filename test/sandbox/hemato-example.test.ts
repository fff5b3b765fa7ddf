import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { placeExample } from '../../sandbox/examples/place-order.ts';
import { exampleSmear } from '../../sandbox/examples/smear.ts';
import { openSandbox, PATHS } from '../../sandbox/index.ts';
import { drawSmear } from '../../scripts/draw-smear.ts';
import { SMEAR } from './serve-hemato.ts';

test('the example smear is a small JPEG, and its order leads to it, its sample and its red-cell diameter', async () => {
  const { format, width, height } = await sharp(SMEAR).metadata();
  assert.deepEqual([format, width, height], ['jpeg', 1200, 900]);
  assert.ok(SMEAR.length < 250_000, `${SMEAR.length} bytes`);

  const resources = exampleSmear();
  const known = new Set(resources.map(({ resourceType, id }) => `${resourceType}/${id}`));
  const references = JSON.stringify(resources).matchAll(/"reference":"([^"]+)"/g);
  for (const [, reference = ''] of references) {
    assert.ok(known.has(reference), reference);
  }
  assert.ok(resources.every(({ meta }) => meta?.security?.[0]?.code === 'HTEST'));
  assert.equal(resources.at(0)?.resourceType, 'Patient');
  const order = resources.at(-1);
  assert.ok(order?.resourceType === 'ServiceRequest');
  assert.deepEqual([order.status, order.intent, order.code?.coding?.[0]?.code], ['active', 'order', '5909-7']);
  assert.deepEqual(order.supportingInfo, [{ reference: 'Media/example-smear' }]);
  const media = resources.find(({ resourceType }) => resourceType === 'Media');
  assert.ok(media?.resourceType === 'Media' && media.status === 'completed');
  assert.deepEqual(media.extension, [{ url: 'urn:fhir-ai-adapter:rbc-diameter', valueDecimal: 84 }]);
  assert.equal(media.content.contentType, 'image/jpeg');
  assert.ok(Buffer.from(media.content.data ?? '', 'base64').equals(SMEAR));
});

test('the example smear is what the script draws, each time', async () => {
  const [drawn, again] = [await drawSmear(), await drawSmear()];
  assert.ok(drawn.equals(again));
  // Another build of the library may pack the same pixels into other bytes.
  const [ours, theirs] = await Promise.all([SMEAR, drawn].map((picture) => sharp(picture).raw().toBuffer()));
  const apart = ours?.reduce((sum, value, index) => sum + Math.abs(value - (theirs?.[index] ?? 0)), 0) ?? Number.NaN;
  assert.ok(apart / (1200 * 900 * 3) < 1, String(apart));
});

for (const manner of ['medplum', 'hapi'] as const) {
  test(`the example order can be placed, and the simulator is where the sandbox says (${manner})`, async (t) => {
    const sandbox = await openSandbox({ manner, hemato: { profile: 'legacy' } });
    t.after(() => sandbox.close());
    const placed = await placeExample(`${sandbox.url}${PATHS.ehr}`, exampleSmear());
    const [type = '', id = ''] = placed.order.split('/');
    const order = await sandbox.ehr.read(type, id);
    assert.ok(order?.resourceType === 'ServiceRequest');
    assert.equal(order.subject.reference, placed.patient);
    const [mediaType = '', mediaId = ''] = order.supportingInfo?.[0]?.reference?.split('/') ?? [];
    const media = await sandbox.ehr.read(mediaType, mediaId);
    assert.ok(media?.resourceType === 'Media' && media.subject?.reference === placed.patient);
    const answer = await fetch(`${sandbox.url}${PATHS.hemato}/login/demo`);
    assert.equal(answer.status, 200);
    assert.ok(sandbox.faults.list().some(({ vendor, name }) => vendor === 'hemato' && name === 'never-ready'));
    assert.deepEqual(sandbox.ledger.read().hemato?.endpoints, { 'GET /login/demo': 1 });
  });
}
