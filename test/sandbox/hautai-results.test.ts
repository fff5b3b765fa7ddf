/** What is found in the pictures, how it grows, and the files that it comes with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { z } from 'zod';
import { PARAMETERS } from '../../sandbox/hautai/parameters.ts';
import { assertShape, type Block, block, COMPANY_V3, fixture, PHOTO, serveHautai } from './serve-hautai.ts';

const recorded = z.object({ face_skin_metrics_3: block.omit({ image_batch_id: true, subject_id: true }).loose() });
/** The photo as another picture: bytes behind the end of a JPEG do not show. */
const another = (mark: number) => Buffer.concat([PHOTO, Buffer.from([mark])]);

/** What may differ between two readings: the signed URLs. */
const withoutUrls = (found: unknown): unknown =>
  JSON.parse(
    JSON.stringify(found, (key, value) =>
      ['masks', 'predicted_images', 'image_batch_id', 'subject_id'].includes(key) ? undefined : value,
    ),
  );
const numbers = ({ parameters }: Block, key: string) =>
  Object.values(parameters).flatMap((parameter) => (typeof parameter[key] === 'number' ? [parameter[key]] : []));

test('the compute answer is empty; before it there are no results', async (t) => {
  const vendor = await serveHautai(t);
  const batch = await vendor.uploaded();
  assert.deepEqual((await vendor.readResults(batch)).json(), fixture('results_empty_200'));
  const answer = await vendor.compute(batch);
  assert.deepEqual([answer.status, answer.text, answer.headers.get('content-length')], [200, '', '0']);
});

test('over time the key is missing, then parameters grow, then all are there', async (t) => {
  const vendor = await serveHautai(t, { secondsUntilReady: 8 });
  const batch = await vendor.uploaded();
  await vendor.compute(batch);
  const counts: (number | undefined)[] = [];
  const done: (boolean | undefined)[] = [];
  for (let second = 0; second <= 8; second += 2) {
    const found = await vendor.block(batch);
    counts.push(found && Object.keys(found.parameters).length);
    done.push(found?.all_algorithms_calculated);
    vendor.pass(2);
  }
  assert.deepEqual(counts, [undefined, 7, 14, 21, 27]);
  assert.deepEqual(done, [undefined, false, false, false, true]);
});

test('a front picture has the 27 parameters with the keys that were recorded of the vendor', async (t) => {
  const vendor = await serveHautai(t);
  const found = await vendor.finished(await vendor.uploaded());
  const wanted = recorded.parse(fixture('results_done_200')).face_skin_metrics_3;
  assert.deepEqual(Object.keys(found.parameters).sort(), Object.keys(wanted.parameters).sort());
  for (const [name, { masks, areas, ...values }] of Object.entries(wanted.parameters)) {
    const { masks: ours, areas: _, ...found_ } = found.parameters[name] ?? assert.fail(name);
    assertShape(found_, values, name);
    assert.ok(masks === undefined || ours, `${name} has a mask`);
  }
  assertShape({ ...found, parameters: {} }, { ...wanted, image_batch_id: '', subject_id: '', parameters: {} });
});

test('the same pictures give the same results, others give others, and all of them are plausible', async (t) => {
  const vendor = await serveHautai(t);
  const first = await vendor.finished(await vendor.uploaded());
  const again = await vendor.finished(await vendor.uploaded());
  assert.deepEqual(withoutUrls(again), withoutUrls(first));
  assert.notEqual(again.image_batch_id, first.image_batch_id);

  for (let mark = 0; mark < 12; mark++) {
    const found = await vendor.finished(await vendor.uploaded({ front: another(mark) }));
    assert.notDeepEqual(withoutUrls(found), withoutUrls(first));
    assert.ok(numbers(found, 'score').every((score) => Number.isInteger(score) && score >= 0 && score <= 100));
    assert.ok(numbers(found, 'grade').every((grade) => grade >= 1 && grade <= 5));
    assert.ok(numbers(found, 'amount').every((amount) => Number.isInteger(amount) && amount >= 0));
    const [age = 0] = numbers(found, 'age');
    const [eyes = 0] = numbers(found, 'eyes_age');
    assert.ok(age >= 18 && age <= 75 && Math.abs(eyes - age) <= 4);
    assert.equal(found.parameters.skintone?.tag, found.parameters.ita?.tag);
  }
});

test('what cannot be seen from the side is absent without a front picture', async (t) => {
  const vendor = await serveHautai(t);
  const found = await vendor.finished(await vendor.uploaded({ left: PHOTO }));
  const absent = PARAMETERS.map(({ name }) => name).filter((name) => !(name in found.parameters));
  assert.deepEqual(
    absent,
    PARAMETERS.flatMap(({ name, frontOnly }) => (frontOnly ? [name] : [])),
  );
  assert.ok(absent.includes('age') && !absent.includes('redness'));
  assert.deepEqual(Object.keys(Object(found.parameters.redness?.areas)), ['left_cheek']);
  assert.deepEqual(Object.keys(found.predicted_images), ['left']);
});

test('scores can be from 0 to 1; grades, counts and ages are what they were', async (t) => {
  const [hundred, one] = await Promise.all([serveHautai(t), serveHautai(t, { scoreScale: 1 })]);
  const percent = await hundred.finished(await hundred.uploaded());
  const share = await one.finished(await one.uploaded());
  assert.deepEqual(
    numbers(share, 'score'),
    numbers(percent, 'score').map((score) => score / 100),
  );
  for (const key of ['grade', 'amount', 'density', 'age']) {
    assert.deepEqual(numbers(share, key), numbers(percent, key));
  }
});

test('each mask is an SVG or PNG of the picture in three variants, at URLs that end when asked', async (t) => {
  const vendor = await serveHautai(t);
  const batch = await vendor.uploaded({ front: PHOTO, right: another(1) });
  const found = await vendor.finished(batch, '?expiration_seconds=120');
  const redness = found.parameters.redness?.masks?.right ?? assert.fail('no mask');
  const [svg, aligned] = [await vendor.get(redness.anonymised), await vendor.get(redness.aligned_face)];
  assert.equal(svg.headers.get('content-type'), 'image/svg+xml');
  assert.match(svg.text, /viewBox="0 0 900 1200"[\s\S]*<polygon points=/);
  assert.match(aligned.text, /viewBox="0 0 512 512"/);
  assert.ok((svg.text.match(/<polygon/g) ?? []).length >= 3);
  assert.equal((await vendor.get(redness.original, { Authorization: 'Bearer x' })).status, 400);

  vendor.pass(121);
  assert.equal((await vendor.get(redness.anonymised)).status, 403);
  const drawn =
    (await vendor.block(batch, '?svg_masks=false'))?.parameters.redness?.masks?.right ?? assert.fail('none');
  const png = await sharp(await (await fetch(drawn.original)).arrayBuffer()).metadata();
  assert.deepEqual([png.format, png.width, png.height], ['png', 480, 640]);
  assert.equal((await vendor.get(found.predicted_images.front?.original ?? '')).status, 403, 'the picture, too');
});

test('the pictures that the masks lie on can be had in the same three variants', async (t) => {
  const vendor = await serveHautai(t);
  const { predicted_images } = await vendor.finished(await vendor.uploaded());
  const sizes = await Promise.all(
    Object.values(predicted_images.front ?? {}).map(async (url) => {
      const { format, width, height } = await sharp(await (await fetch(url)).arrayBuffer()).metadata();
      return [format, width, height];
    }),
  );
  assert.deepEqual(sizes, [
    ['jpeg', 480, 640],
    ['jpeg', 480, 640],
    ['jpeg', 512, 512],
  ]);
});

test('masks are left out when they are not wanted, and a query that means nothing is 400', async (t) => {
  const vendor = await serveHautai(t);
  const batch = await vendor.uploaded();
  const found = await vendor.finished(batch, '?with_masks=false');
  assert.ok(Object.values(found.parameters).every(({ masks }) => masks === undefined));
  assert.ok(found.predicted_images.front);
  for (const query of ['expiration_seconds=0', 'expiration_seconds=soon', 'svg_masks=maybe']) {
    assert.equal((await vendor.readResults(batch, `?${query}`)).status, 400, query);
  }
});

test('every parameter can have its masks: 243 files with three sides', async (t) => {
  const vendor = await serveHautai(t, { everyMask: true });
  const found = await vendor.finished(await vendor.uploaded({ front: PHOTO, left: another(1), right: another(2) }));
  const urls = Object.values(found.parameters).flatMap(({ masks = {} }) =>
    Object.values(masks).flatMap((one) => Object.values(one)),
  );
  assert.equal(new Set(urls).size, 243);
});

test('the history has every analysis of the subject, the earliest picture first, and nobody else', async (t) => {
  const vendor = await serveHautai(t);
  const subject = await vendor.subject();
  await vendor.finished(await vendor.uploaded());
  const dates = ['2026-11-02T08:00:00Z', '2026-05-02T10:00:00+02:00', '2026-08-02T08:00:00Z'];
  const batches: string[] = [];
  for (const [index, creation_time] of dates.entries()) {
    const { front, image_batch_id } = await vendor.open(subject, { front: 'f.jpg', creation_time });
    assert.ok(front);
    await vendor.put(front, another(index));
    await vendor.finished(image_batch_id);
    batches.push(image_batch_id);
  }
  await vendor.open(subject);
  const answer = await vendor.call('GET', `${COMPANY_V3}/subjects/${subject}/parameters/`);
  const history = z.array(block).parse(answer.json());
  assert.deepEqual(
    history.map((one) => one.image_batch_id),
    [batches[1], batches[2], batches[0]],
  );
  assert.ok(history.every((one) => one.subject_id === subject && one.all_algorithms_calculated));
  assert.equal((await vendor.call('GET', `${COMPANY_V3}/subjects/none/parameters/`)).status, 404);
});

test('what is no picture, and what is a landscape, is a detection error of its side', async (t) => {
  const vendor = await serveHautai(t);
  const wide = await sharp({ create: { width: 400, height: 100, channels: 3, background: '#888888' } })
    .jpeg()
    .toBuffer();
  const cases: [bytes: Uint8Array, error: string][] = [
    [Buffer.from('%PDF-1.7'), 'Image cannot be read'],
    [wide, 'Face is not detected'],
  ];
  for (const [bytes, error] of cases) {
    const found = await vendor.finished(await vendor.uploaded({ front: PHOTO, left: bytes }));
    assert.deepEqual([found.detection_errors, found.parameters], [{ left: error }, {}]);
  }
});

for (const [secondCompute, billed] of [
  ['same', 1],
  ['again', 2],
] as const) {
  test(`a second compute is the ${secondCompute === 'same' ? 'same work' : 'work again'}: ${billed} analyses billed`, async (t) => {
    const vendor = await serveHautai(t, { secondCompute });
    const batch = await vendor.uploaded({ front: PHOTO, left: another(1) });
    await vendor.finished(batch);
    assert.equal((await vendor.compute(batch)).status, 200);
    assert.equal((await vendor.block(batch)) !== undefined, secondCompute === 'same');
    const { submissions, bills } = vendor.account();
    assert.deepEqual(
      Object.values(submissions).map(({ received }) => received),
      [2],
    );
    assert.deepEqual([vendor.analyses(), bills[0]?.keys], [billed, { image_batch_id: batch }]);
  });
}
