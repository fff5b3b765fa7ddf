/** Orders from end to end at the simulator: what is sent, what is told meanwhile, what ends how. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AdapterError } from '../../../src/errors.ts';
import { toFindings } from '../../../src/vendors/aignostics/findings.ts';
import { aignostics } from '../../../src/vendors/aignostics/index.ts';
import type { Result } from '../../../src/vendors/aignostics/state.ts';
import { watch } from '../../../src/vendors/aignostics/watch.ts';
import { isStorage } from '../../../src/vendors/storage-host.ts';
import { assertDescribed } from '../../sandbox/openapi-aignostics.ts';
import { memoryBy } from '../../support/memory.ts';
import { type Driven, orderOf, type Site, site } from './drive.ts';
import { serviceRequest, slideInput, specimen } from './slide.ts';

const READOUTS = 'readout_generation:slide_readouts';
const MAP = 'tissue_segmentation:segmentation_map_image';
const TWO = { inputs: [slideInput(1), slideInput(2)] };

let here: Site;
before(async () => {
  here = await site({ secondsUntilDone: 4, files: [READOUTS] });
});
after(() => here.close());

function doneOf({ end }: Driven): Result {
  assert.ok('done' in end, JSON.stringify(end));
  return end.done;
}

function failOf({ end }: Driven): string {
  assert.ok('fail' in end, JSON.stringify(end));
  return end.fail.text;
}

/** What this place was asked since; the clock of a test may not be moved back. */
async function during<T>(place: Site, work: () => Promise<T>) {
  const first = place.served.seen.length;
  const result = await work();
  return { result, seen: place.served.seen.slice(first) };
}

for (const spec of ['1.4', '1.8'] as const) {
  test(`the conversation with ${spec}: every call is as the vendor describes it, and none has the token but the API's`, async () => {
    const place = await site({ spec, files: [READOUTS, MAP], secondsUntilDone: 4 });
    try {
      const version = spec === '1.4' ? '1.3.0' : '1.4.0';
      const { result, seen } = await during(place, () =>
        place.drive(orderOf({ version, dueHours: 24, deadlineHours: 48 })),
      );
      assert.equal(doneOf(result).slides[0]?.part?.outcome, 'succeeded');
      for (const { host, method, path, body, status, headers, answer } of seen) {
        assert.equal(headers.authorization !== undefined, host === 'api', `${host} ${path}`);
        if (host === 'api' && status !== 404) {
          // Items of 1.4 lack what the description of 1.7 has made a duty: of that generation only our calls are held to it.
          const exchange = { method, path, status, answer, ...(method === 'POST' && { body }) };
          await assertDescribed(exchange).catch((error: Error) => {
            assert.ok(
              spec === '1.4' && /^\w+ 200: .*input_artifacts/.test(error.message),
              `${method} ${path}: ${error.message}`,
            );
          });
        }
      }
      assert.equal(place.served.billed('runs'), 1);
      assert.deepEqual([...result.files.keys()].sort(), [
        'slide-1/readout_generation_slide_readouts.csv',
        'slide-1/tissue_segmentation_segmentation_map_image.preview.png',
        'slide-1/tissue_segmentation_segmentation_map_image.tiff',
      ]);
      assert.deepEqual(result.released, ['slide/001']);
      assert.doesNotMatch(result.stored, /X-Goog|eyJ|refresh-token|127\.0\.0\.1/, 'a URL or a token is stored');
    } finally {
      await place.close();
    }
  });
}

test('the body of a run: pinned version, pseudonyms, the two dates, nothing of the patient', async () => {
  const { seen } = await during(here, () => here.drive(orderOf({ dueHours: 1, deadlineHours: 2 }, TWO)));
  const created = seen.find(({ method, path }) => method === 'POST' && path === '/v1/runs');
  const text = JSON.stringify(created?.body);
  assert.match(text, /"version_number":"1\.4\.0"/);
  assert.match(text, /"order_key":"[0-9a-f]{24}-1"/);
  assert.match(text, /"external_id":"[0-9a-f]{24}-1-1".*"external_id":"[0-9a-f]{24}-1-2"/);
  assert.match(text, /"scheduling":\{"due_date":"[^"]+","deadline":"[^"]+"\}/);
  assert.doesNotMatch(text, /Abendroth|1971|ServiceRequest|Patient|pseud/);
});

test('items are told as they end: the report grows, and the last one is whole', async () => {
  const order = orderOf({}, TWO);
  const run = await here.drive(order, {});
  const outcomes = ({ slides }: Result) => slides.map(({ part }) => part?.outcome);
  assert.ok(run.published.length <= 1);
  assert.deepEqual(outcomes(doneOf(run)), ['succeeded', 'succeeded']);
  const slow = await site({ secondsUntilDone: 10, secondsPerItem: 120, files: [READOUTS] });
  try {
    const grown = await slow.drive(order);
    assert.deepEqual(grown.published.map(outcomes), [['succeeded', undefined]]);
    const interim = grown.published[0] ?? assert.fail();
    assert.match(toFindings(interim, order).report.conclusion ?? '', /1 slide of the order is not analysed yet/);
    assert.deepEqual(toFindings(interim, order).missing, []);
    assert.deepEqual(outcomes(doneOf(grown)), ['succeeded', 'succeeded']);
    assert.ok(
      grown.statuses.some((status) => /^1 of 2 slides analysed/.test(status)),
      grown.statuses.join('; '),
    );
  } finally {
    await slow.close();
  }
});

test('while slides are copied, the status says how far', async () => {
  let bytes = 0;
  const run = await here.drive(orderOf({}, TWO), {
    async stage(input) {
      bytes += 43;
      if (input === 'slide/001' && bytes < 100) {
        return { done: false, bytes, of: 100 };
      }
      throw new AdapterError('storage-full', 'no room');
    },
  });
  assert.deepEqual(run.statuses.filter((status) => /copied/.test(status)).slice(0, 3), [
    'slides are being copied',
    'slide 1 of 2: 43 % copied',
    'slide 1 of 2: 86 % copied',
  ]);
  assert.ok('hold' in run.end && run.end.hold.code === 'storage-full' && run.end.until, JSON.stringify(run.end));
});

test('a slide that the platform cannot use is told to the orderer, and the others are reported', async () => {
  here.served.set('item-user-error');
  const order = orderOf({}, TWO);
  const result = doneOf(await here.drive(order));
  assert.deepEqual(toFindings(result, order).missing, [
    'slide 1 (it could not be used; the vendor says: The slide shows too little tissue to be analysed)',
  ]);
  here.served.set('item-user-error');
  assert.equal(
    failOf(await here.drive()),
    'Slide 1 could not be analysed. The vendor says: The slide shows too little tissue to be analysed.',
  );
});

test("the platform's own failure waits for a person, since another run is billed; then only what failed is run", async () => {
  here.served.set('item-system-error');
  const before = here.served.billed('runs');
  const run = await here.drive(orderOf({}, TWO), { answers: { 'another-run/1': 'again' } });
  assert.deepEqual(run.effects, ['run/1', 'run/2']);
  assert.deepEqual(run.questions, ['another-run/1']);
  assert.equal(here.served.billed('runs') - before, 2);
  const result = doneOf(run);
  assert.deepEqual(
    result.slides.map(({ part }) => [part?.outcome, part?.attempt]),
    [
      ['succeeded', 2],
      ['succeeded', 1],
    ],
  );
  assert.equal(new Set(result.runs).size, 2);

  here.served.set('item-system-error');
  const stopped = await here.drive(orderOf({}, TWO), { answers: { 'another-run/1': 'stop' } });
  assert.deepEqual(stopped.effects, ['run/1']);
  assert.deepEqual(
    doneOf(stopped).slides.map(({ part }) => part?.outcome),
    ['system-error', 'succeeded'],
  );
});

test('a run that the platform stops is told with its reason', async () => {
  here.served.set('threshold-cancel');
  const text = failOf(await here.drive(orderOf({}, TWO)));
  assert.match(text, /^Slide 1 could not be analysed\..* 1 other slide was not analysed either\.$/);
  here.served.level('never-done', 1);
  const late = await here.drive(orderOf({ deadlineHours: 1 }));
  here.served.level('never-done', 0);
  assert.match(failOf(late), /^The AI service has stopped the analysis before it was done.*deadline/);
});

test('a used-up quota holds, in both generations', async () => {
  here.served.set('quota-402');
  const { end } = await here.drive();
  assert.ok('error' in end && end.error.code === 'vendor-quota' && end.error.remedy === 'hold');
  const old = await site({ spec: '1.4', slidesPerMonth: 0 });
  try {
    const { end: held } = await old.drive(orderOf({ version: '1.3.0' }));
    assert.ok('error' in held && held.error.code === 'vendor-quota', JSON.stringify(held));
  } finally {
    await old.close();
  }
});

test('an application that is not ours is an operator matter', async () => {
  const { end } = await here.drive(orderOf({ application: 'nobodys' }));
  assert.ok('error' in end && end.error.remedy === 'hold' && end.error.code === 'vendor-rejected');
});

test('latest, said aloud, is the newest version, and stays what it was', async () => {
  const result = doneOf(await here.drive(orderOf({ version: 'latest' })));
  assert.equal(result.application.version, '1.4.0');
});

test('a file that is always damaged is given up after three tries, and said so', async () => {
  here.served.set('wrong-checksum', 3);
  const order = orderOf();
  const result = doneOf(await here.drive(order));
  assert.deepEqual(toFindings(result, order).missing, [
    'a file (Slide 1: readout generation, slide readouts: it arrived damaged again and again)',
  ]);
  here.served.set('artifact-410');
  const gone = doneOf(await here.drive(order));
  assert.match(toFindings(gone, order).missing.join(), /it has been deleted at the platform/);
});

test('files also come where the platform gives them itself', async () => {
  const proxy = await site({ artifacts: 'proxy', files: [READOUTS] });
  try {
    assert.equal(doneOf(await proxy.drive()).slides[0]?.part?.readouts?.values.CELL_COUNT_OTHER !== undefined, true);
  } finally {
    await proxy.close();
  }
});

test('results are deleted at the platform only where the site says so, after they are told, and never when one is lost', async () => {
  const deletions = (seen: { method: string }[]) => seen.filter(({ method }) => method === 'DELETE').length;
  const kept = await during(here, () => here.drive());
  assert.equal(deletions(kept.seen), 0);
  const deleted = await during(here, () => here.drive(orderOf(), {}, { deleteArtifacts: true }));
  assert.equal(deletions(deleted.seen), 1);
  assert.deepEqual(deleted.result.published, [doneOf(deleted.result)]);
  here.served.set('artifact-410');
  const lost = await during(here, () => here.drive(orderOf(), {}, { deleteArtifacts: true }));
  assert.equal(deletions(lost.seen), 0);
});

test('results of a host that the list does not have are not fetched', async () => {
  const { result, seen } = await during(here, () => here.drive(orderOf(), {}, { storageHosts: ['storage.example'] }));
  assert.ok('error' in result.end && result.end.error.remedy === 'hold', JSON.stringify(result.end));
  assert.equal(seen.filter(({ host }) => host === 'storage').length, 0);
  const hosts = { baseUrl: 'https://platform.aignostics.com/api/v1', storageHosts: ['storage.googleapis.com'] };
  assert.equal(isStorage('https://storage.googleapis.com/results/1?X=1', hosts), true);
  for (const bad of [
    'http://storage.googleapis.com/1',
    'https://storage.googleapis.com.evil.example/1',
    'https://storage.googleapis.com@evil.example/1',
    'https://user@storage.googleapis.com/1',
    'file:///etc/passwd',
    '/relative',
  ]) {
    assert.equal(isStorage(bad, hosts), false, bad);
  }
});

test('what the order says of stain and disease is believed before the route', async () => {
  const stained = {
    ...specimen,
    processing: [{ procedure: { coding: [{ system: 'http://snomed.info/sct', code: '117617002' }] } }],
  };
  const begun = aignostics.begin(orderOf({}, { specimens: [stained] }));
  assert.ok('refuse' in begun && begun.refuse.code === 'input-unsupported');
  const icd = { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'C50.4' }] };
  const order = orderOf({ disease: 'LIVER_CANCER' }, { focus: serviceRequest('1', { reasonCode: [icd] }) });
  assert.equal(doneOf(await here.drive(order)).slides[0]?.slide.disease, 'BREAST_CANCER');
  const metastasis = { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'C78.0' }] };
  const other = orderOf({}, { focus: serviceRequest('1', { reasonCode: [metastasis] }) });
  assert.equal(doneOf(await here.drive(other)).slides[0]?.slide.disease, undefined);
  const own = [{ system: 'urn:site', code: 'x', disease: 'OVARIAN_CANCER' }];
  const local = orderOf(
    {},
    { focus: serviceRequest('1', { reasonCode: [{ coding: [{ system: 'urn:site', code: 'x' }] }] }) },
  );
  assert.equal(doneOf(await here.drive(local, {}, { diseases: own })).slides[0]?.slide.disease, 'OVARIAN_CANCER');
});

test('a thousand waiting runs cost at most fifteen requests a minute', async () => {
  const place = await site({ secondsUntilDone: 1e6 });
  try {
    const { served, settings, http, secrets, time } = place;
    const waiting = Array.from(
      { length: 1000 },
      (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    );
    const listed = (page: number) =>
      waiting.slice((page - 1) * 100, page * 100).map((run_id) => ({
        ...{ run_id, state: 'PENDING', submitted_at: '2026-11-22T10:00:00Z' },
        statistics: { item_count: 1, item_pending_count: 1 },
      }));
    let asked = 0;
    // Each process has a client of its own; what one has seen counts for both.
    const processOf = (): typeof http => ({
      ...http,
      async request(request) {
        if (request.path !== '/runs') {
          return http.request(request);
        }
        asked++;
        assert.deepEqual(Object.keys(request.query ?? {}).sort(), ['page', 'page_size', 'sort']);
        const json = listed(Number(request.query?.page));
        return { status: 200, headers: {}, json: () => json, bytes: () => new Uint8Array() };
      },
    });
    const memory = memoryBy(time.now);
    const processes = [processOf(), processOf()];
    const begun = aignostics.begin(orderOf());
    assert.ok('phase' in begun);
    let states = waiting.map((run) => ({
      key: run,
      state: { ...begun, phase: 'run' as const, run, since: '2026-11-22T10:00:00Z' },
    }));
    let turn = 0;
    const look = async () => {
      const seen = { settings, http: processes[turn++ % 2] ?? http, secrets, memory };
      return [
        ...(await watch(seen, states.slice(0, 500), time.now)),
        ...(await watch(seen, states.slice(500), time.now)),
      ];
    };
    const news = await look();
    assert.equal(news.length, 1000, 'each run is news once');
    states = states.map((one) => ({ ...one, state: { ...one.state, seen: 'PENDING  idle 0 0 0 0 0' } }));
    asked = 0;
    const minutes = 10;
    for (let minute = 0; minute < minutes; minute++) {
      asked = 0;
      for (let second = 0; second < 60; second += 5) {
        time.advance(5);
        assert.deepEqual(await look(), []);
      }
      assert.ok(asked <= 15, `${asked} requests in minute ${minute}`);
      assert.ok(asked >= 10, 'all runs are looked at about once a minute');
    }
    assert.ok(served.seen.length < 5);
  } finally {
    await place.close();
  }
});
