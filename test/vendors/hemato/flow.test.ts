import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceRequest } from '@medplum/fhirtypes';
import sharp from 'sharp';
import { z } from 'zod';
import { again } from '../../../src/vendors/hemato/begin.ts';
import { hemato } from '../../../src/vendors/hemato/index.ts';
import {
  BYTES,
  doneOf,
  FOCUS,
  fixture,
  LEGACY,
  memoryOf,
  NEWER,
  NEWEST,
  orderOf,
  pictureInput,
  play,
  resultsOf,
  type Script,
  STUDY,
  withDiameter,
} from './stub.ts';

const RUNNING = { body: fixture('status_running_200') };
const EMPTY = { body: fixture('report_not_ready_200') };
const NOT_FOUND = { status: 404, body: fixture('error_404') };
const count = (lines: string[], line: string) => lines.filter((one) => one === line).length;

test('a study is made, filled, asked for and read; what left is told, and the vendor’s report kept', async () => {
  const run = await play({
    settings: NEWER,
    script: { 'GET /pbs/{id}/status': (nth) => (nth < 3 ? RUNNING : undefined) },
  });
  const { study, tasks, files } = doneOf(run);
  assert.equal(study, STUDY);
  assert.deepEqual(
    tasks.map(({ status }) => status),
    ['reported'],
  );
  assert.equal(files[0]?.input, 'picture/001');
  assert.deepEqual(run.effects, ['study/1', 'tasks/1']);
  assert.deepEqual(run.disclosed, [
    ['patient_proxy_id'],
    ['picture', 'file_name', 'content_type'],
    ['diagnostic_tasks'],
  ]);
  assert.deepEqual(
    run.waits.filter((wait) => wait > 0),
    [5, 5, 7.5],
  );
  const report = JSON.parse(new TextDecoder().decode(run.files.get('report.json')?.bytes));
  assert.deepEqual(report, { pbs_v1: resultsOf('report_pbs_v1_200') });
});

test('what is on the only picture is circled on it', async () => {
  const create = { width: 1600, height: 1200, channels: 3, background: '#f0d0d8' } as const;
  const bytes = await sharp({ create }).jpeg().toBuffer();
  const run = await play({ settings: NEWER, pictures: new Map([['picture/001', bytes]]) });
  const { drawn, undrawn } = doneOf(run);
  assert.deepEqual([drawn, undrawn], [[{ input: 'picture/001', file: 'heat-map/picture-001.png', outside: 0 }], []]);
  const file = run.files.get('heat-map/picture-001.png');
  assert.equal(file?.contentType, 'image/png');
  const { data, info } = await sharp(file?.bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const ring = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  assert.equal(info.width, 1600);
  // The ring of the first place, 31 px around (812, 344), is not the background any more; its middle still is.
  assert.deepEqual(ring(812, 344), ring(10, 10));
  assert.notDeepEqual(ring(812 + 31, 344), ring(10, 10));
  const media = hemato.toFindings(doneOf(run), run.order).items.find(({ file: name }) => name !== undefined);
  assert.equal(media?.resource.resourceType, 'Media');
  assert.match(media?.label ?? '', /ring trophozoite \(3\)/);
});

test('a picture that has gone or cannot be drawn does not spoil a result that is paid for', async () => {
  const run = await play({ settings: NEWER });
  assert.deepEqual(
    doneOf(run).undrawn.map(({ input }) => input),
    ['picture/001'],
  );
  const { items, listed } = hemato.toFindings(doneOf(run), run.order);
  assert.ok(items.every(({ resource }) => resource.resourceType !== 'Media'));
  assert.match(listed[0]?.why ?? '', /not circled/);
});

test('no heat map is drawn where the route says none, nor beyond the most', async () => {
  for (const heatMaps of [false, 0]) {
    const run = await play({ settings: NEWER, order: orderOf({}, { heatMaps }) });
    assert.deepEqual([doneOf(run).drawn, doneOf(run).undrawn], [[], []]);
  }
});

test('a newest host needs the diameter: a person is asked before anything is sent, and the answer goes with the upload', async () => {
  const asked = await play({ settings: NEWEST });
  assert.ok('ask' in asked.end);
  assert.equal(asked.end.ask.id, 'rbc-diameter');
  assert.equal(asked.end.ask.number?.unit, 'px');
  assert.deepEqual(asked.sent, []);
  const script: Script = {
    'GET /pbs/{id}/reports/MALARIA_ANY_ANY': () => ({ body: fixture('report_malaria_detailed_200') }),
    'GET /pbs/{id}/status/MALARIA_ANY_ANY': () => ({ body: fixture('status_ready_200') }),
  };
  const run = await play({ settings: NEWEST, script, answers: { 'rbc-diameter': 85 } });
  doneOf(run);
  assert.equal(run.sent.find(({ line }) => line === 'POST /pbs/{id}/files')?.query?.rbc_diameter, '85');
});

test('each picture says its own diameter, the route that of the others; what is no number of pixels is refused', async () => {
  const inputs = [withDiameter(pictureInput(1, BYTES), 85.5), pictureInput(2, new Uint8Array([1, 2]))];
  const pictures = new Map([['picture/002', new Uint8Array([1, 2])]]);
  const run = await play({ settings: NEWER, order: orderOf({ inputs }, { rbcDiameter: 60 }), pictures });
  const queries = run.sent.filter(({ line }) => line === 'POST /pbs/{id}/files').map(({ query }) => query);
  assert.deepEqual(
    queries.map((query) => query?.rbc_diameter),
    ['85.5', '60'],
  );
  assert.deepEqual(
    queries.map((query) => query?.file_name),
    ['picture-0001.jpg', 'picture-0002.jpg'],
  );
  const refused = hemato.begin(orderOf({ inputs: [withDiameter(pictureInput(1, BYTES), 0.085)] }));
  assert.ok('refuse' in refused);
  assert.match(refused.refuse.text, /picture 1 is no plausible number of pixels/);
});

test('the same picture named twice is sent once', async () => {
  const run = await play({
    settings: NEWER,
    order: orderOf({ inputs: [pictureInput(1, BYTES), pictureInput(2, BYTES)] }),
  });
  doneOf(run);
  assert.equal(count(run.lines, 'POST /pbs/{id}/files'), 1);
});

test('two different pictures under one id are not analysed: the vendor has lost one', async () => {
  const inputs = [pictureInput(1, BYTES), pictureInput(2, new Uint8Array([1, 2]))];
  const script: Script = { 'POST /pbs/{id}/files': () => ({ body: fixture('file_upload_201') }) };
  const pictures = new Map([['picture/002', new Uint8Array([1, 2])]]);
  const run = await play({ settings: NEWER, order: orderOf({ inputs }), pictures, script });
  assert.ok('fail' in run.end);
  assert.equal(count(run.lines, 'POST /pbs/{id}/tasks'), 0);
});

test('which path a host answers is found out once, and remembered for the next order', async () => {
  const script: Script = {
    'GET /pbs/{id}/status': () => ({ status: 405 }),
    'GET /pbs/{id}/status/pbs_v1': () => ({ body: fixture('status_ready_200') }),
    'GET /pbs/{id}/report': () => NOT_FOUND,
    'GET /pbs/{id}/report/pbs_v1': () => ({ body: fixture('report_pbs_v1_200') }),
  };
  const memory = memoryOf();
  const gets = (lines: string[]) => lines.filter((line) => line.startsWith('GET /pbs'));
  const first = await play({ settings: NEWER, script, memory });
  doneOf(first);
  assert.deepEqual(gets(first.lines), [
    'GET /pbs/{id}/status',
    'GET /pbs/{id}/status/pbs_v1',
    'GET /pbs/{id}/report',
    'GET /pbs/{id}/reports/pbs_v1',
    'GET /pbs/{id}/report/pbs_v1',
  ]);
  const second = await play({ settings: NEWER, script, memory });
  assert.deepEqual(gets(second.lines), ['GET /pbs/{id}/status/pbs_v1', 'GET /pbs/{id}/report/pbs_v1']);
  const fixed = await play({
    settings: { ...NEWER, reportPath: 'report/{task}', statusPath: 'status/{task}' },
    script,
  });
  assert.deepEqual(gets(fixed.lines), gets(second.lines));
});

test('an empty report is not ready, and never a negative one', async () => {
  const script: Script = { 'GET /pbs/{id}/report': (nth) => (nth < 3 ? EMPTY : undefined) };
  const run = await play({ settings: NEWER, script });
  assert.equal(doneOf(run).tasks[0]?.status, 'reported');
  assert.equal(count(run.lines, 'GET /pbs/{id}/report'), 3);
});

test('a study that never gets ready is held, looked at again by itself for a day, then left to a person', async () => {
  const script: Script = { 'GET /pbs/{id}/status': () => RUNNING };
  const held = await play({ settings: NEWER, script });
  assert.ok('hold' in held.end && held.end.until);
  assert.match(held.end.hold.text, /longer than usual/);
  assert.ok(held.waits.every((wait) => wait <= 30));
  const given = await play({ settings: NEWER, script, resumes: 200 });
  assert.ok('hold' in given.end && given.end.until === undefined);
  const late = await play({
    settings: NEWER,
    resumes: 3,
    script: { 'GET /pbs/{id}/status': (nth) => (nth < 35 ? RUNNING : undefined) },
  });
  doneOf(late);
});

test('what the vendor failed at fails the order in words; of several tasks only that one is missing', async () => {
  const failed = { body: { results: { report_status: 'processing_error', progress: 1 } } };
  const all = await play({ settings: NEWER, script: { 'GET /pbs/{id}/status': () => failed } });
  assert.ok('fail' in all.end);
  const script: Script = {
    'GET /pbs/{id}/status': () => ({ status: 405 }),
    'GET /pbs/{id}/status/pbs_v1': () => ({ body: fixture('status_ready_200') }),
    'GET /pbs/{id}/status/MALARIA_ANY_ANY': () => failed,
  };
  const order = orderOf({}, { tasks: ['pbs_v1', 'MALARIA_ANY_ANY'] });
  const some = await play({ settings: NEWER, script, order });
  const { missing } = hemato.toFindings(doneOf(some), order);
  assert.deepEqual(missing, ['the analysis MALARIA_ANY_ANY (Hemato.AI could not do it)']);
});

test('a study lost before its tasks is begun anew, once; one lost after them fails, and nothing is billed again', async () => {
  const anew = await play({
    settings: NEWER,
    script: { 'POST /pbs/{id}/files': (nth) => (nth === 1 ? NOT_FOUND : undefined) },
  });
  doneOf(anew);
  assert.deepEqual(anew.effects, ['study/1', 'study/2', 'tasks/2']);
  const gone = await play({
    settings: NEWER,
    script: {
      'POST /pbs/{id}/tasks': (nth) => (nth === 1 ? { status: 409 } : undefined),
      'GET /pbs/{id}/status': (nth) => (nth === 1 ? NOT_FOUND : undefined),
    },
  });
  doneOf(gone);
  assert.deepEqual(gone.effects, ['study/1', 'tasks/1', 'study/2', 'tasks/2']);
  const after = await play({ settings: NEWER, script: { 'GET /pbs/{id}/status': () => NOT_FOUND } });
  assert.ok('fail' in after.end);
  assert.match(after.end.fail.text, /lost the study/);
  assert.equal(count(after.lines, 'POST /pbs/{id}/tasks'), 1);
});

test('a locked study whose status shows tasks was taken before', async () => {
  const run = await play({ settings: NEWER, script: { 'POST /pbs/{id}/tasks': () => ({ status: 409 }) } });
  doneOf(run);
  assert.deepEqual(run.effects, ['study/1', 'tasks/1']);
});

test('refusals say what the vendor says to people, cleaned, and never its error', async () => {
  const body = {
    error: 'stack trace of /srv/app',
    user_message: 'The <b>image</b> is blurred.\u0007 See https://x.example/?t=1',
  };
  const run = await play({ settings: NEWER, script: { 'POST /pbs/{id}/files': () => ({ status: 400, body }) } });
  assert.ok('error' in run.end);
  assert.equal(run.end.error.code, 'vendor-rejected');
  assert.match(run.end.error.orderer, /incomplete\. It says: “The image is blurred\. See”$/);
  assert.ok(!JSON.stringify([run.end.error.message, run.end.error.orderer]).includes('stack'));
  for (const [status, code] of [
    [413, 'input-too-large'],
    [415, 'input-unsupported'],
    [403, 'vendor-unauthorized'],
    [500, 'vendor-error'],
  ] as const) {
    const { end } = await play({ settings: NEWER, script: { 'POST /pbs/{id}/files': () => ({ status }) } });
    assert.ok('error' in end && end.error.code === code, `${status}`);
  }
  const busy = await play({ settings: NEWER, script: { 'POST /pbs': () => ({ status: 429 }) } });
  assert.ok('error' in busy.end && busy.end.error.retryAfter === 30);
});

test('a callback URL goes along where the vendor can use it, and what comes back is only a hint of this study', async () => {
  const of = async (settings: Record<string, unknown>, callbackUrl: string) => {
    const run = await play({ settings, callbackUrl });
    return run.sent.find(({ line }) => line === 'POST /pbs/{id}/tasks')?.json;
  };
  const https = 'https://adapter.example/callbacks/general/hemato/token';
  assert.deepEqual(await of(NEWER, https), { diagnostic_tasks: ['pbs_v1'], callback_url: https });
  const real = { ...NEWER, baseUrl: 'https://eu.api.hemato.ai' };
  assert.deepEqual(await of(real, 'http://adapter.example/callbacks'), { diagnostic_tasks: ['pbs_v1'] });

  const state = { ...hemato.state.parse({ phase: 'poll' }), study: STUDY };
  const says = (body: unknown) => hemato.callback?.(body, state);
  assert.equal(says(fixture('callback_ready')), true);
  for (const key of ['pbs_stody_id', 'pbs_study_id', 'pbs_id']) {
    assert.equal(says({ [key]: STUDY }), true);
    assert.equal(says({ [key]: 'another' }), false);
    assert.equal(says({ results: { [key]: 'another' } }), false);
  }
  for (const body of [undefined, null, 'ready', 7, [], {}, { pbs_id: 7 }]) {
    assert.equal(says(body), true);
  }
});

test('real patients’ smears do not go to a test system', async () => {
  const settings = { ...NEWER, baseUrl: 'https://dev.api.hemato.ai', testDataOnly: true };
  const refused = await play({ settings });
  assert.ok('refuse' in refused.end);
  assert.match(refused.end.refuse.text, /may not be given the data of real patients/);
  assert.deepEqual(refused.sent, []);
  const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST' }];
  const patient = { resourceType: 'Patient' as const, id: '77', meta: { security } };
  doneOf(await play({ settings, order: orderOf({ patient }) }));
});

test('the order names its tasks, else the route, else what the order is for', async () => {
  const tasks = async (focus: Partial<ServiceRequest>, options = {}, settings: Record<string, unknown> = NEWER) => {
    const order = orderOf({ focus: { ...FOCUS, ...focus } }, options);
    const run = await play({ settings, order, answers: { 'rbc-diameter': 85 } });
    const json = run.sent.find(({ line }) => line === 'POST /pbs/{id}/tasks')?.json;
    return z.object({ diagnostic_tasks: z.array(z.string()) }).parse(json).diagnostic_tasks;
  };
  const code = { coding: [{ system: 'http://loinc.org', code: '32700-7' }] };
  const system = 'urn:fhir-ai-adapter:hemato:task';
  const orderDetail = [{ coding: [{ system, code: 'pbs_v2' }] }, { text: 'MALARIA_ANY_ANY' }, { text: 'thick film' }];
  assert.deepEqual(await tasks({}), ['pbs_v1']);
  assert.deepEqual(await tasks({}, {}, NEWEST), ['MALARIA_ANY_ANY']);
  assert.deepEqual(await tasks({ code }), ['MALARIA_ANY_ANY']);
  assert.deepEqual(await tasks({ code }, { tasks: ['pbs_v1', 'pbs_v1'] }), ['pbs_v1']);
  assert.deepEqual(await tasks({ code, orderDetail }, { tasks: ['pbs_v1'] }), ['pbs_v2', 'MALARIA_ANY_ANY']);
});

test('a finished order is asked for its newest report with reads alone; where none can be had it keeps what it has', async () => {
  const first = await play({ settings: NEWER });
  const state = again(doneOf(first));
  const results = { pathology_report: 'Revision 1 of this report.' };
  const revised = await play({
    settings: NEWER,
    state,
    script: { 'GET /pbs/{id}/report': () => ({ body: { results } }) },
  });
  assert.deepEqual(doneOf(revised).tasks[0]?.raw, results);
  assert.deepEqual(revised.lines, ['POST /auth/login', 'GET /pbs/{id}/report']);
  assert.deepEqual(revised.effects, []);
  assert.ok(revised.files.has('report.json'));
  for (const reply of [NOT_FOUND, EMPTY, { status: 400 }, { body: { results: [1] } }]) {
    const same = await play({ settings: NEWER, state, script: { 'GET /pbs/{id}/report': () => reply } });
    assert.deepEqual(doneOf(same).tasks, doneOf(first).tasks);
    assert.deepEqual(doneOf(same).files, doneOf(first).files);
  }
});

test('an answer in the place of a report that is none holds the order: it is paid for', async () => {
  const run = await play({
    settings: LEGACY,
    script: { 'GET /pbs/{id}/report': () => ({ body: { results: 'soon' } }) },
  });
  assert.ok('error' in run.end);
  assert.deepEqual([run.end.error.code, run.end.error.remedy], ['vendor-protocol', 'hold']);
});

test('incomplete orders are refused in words', () => {
  const { patient: _, ...nobody } = orderOf();
  const zip = pictureInput(2, BYTES, { picture: { contentType: 'application/zip', pictures: 500, extension: [] } });
  const cases: [Parameters<typeof hemato.begin>[0], RegExp][] = [
    [orderOf({ inputs: [] }), /no picture/],
    [nobody, /which patient/],
    [orderOf({ inputs: [pictureInput(1, new Uint8Array())] }), /empty/],
    [orderOf({ inputs: [pictureInput(1, BYTES), zip] }), /501 pictures/],
  ];
  for (const [order, words] of cases) {
    const begun = hemato.begin(order);
    assert.ok('refuse' in begun);
    assert.match(begun.refuse.text, words);
  }
});
