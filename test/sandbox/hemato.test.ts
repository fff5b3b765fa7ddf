import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { z } from 'zod';
import { readDiameter, readTags, readTasks } from '../../sandbox/hemato/requests.ts';
import type { HematoProfile } from '../../sandbox/hemato/routes.ts';
import { fixture, SMEAR, serveHemato } from './serve-hemato.ts';

const text = z.string();
const point = z.strictObject({ center: z.tuple([z.int(), z.int()]), radius: z.int() });
const fullSmear = {
  feature_statistics: z.record(text, z.strictObject({ value: text, unit: text })),
  morphological_findings: z.record(text, z.strictObject({ count: text, heat_map: z.array(point) })),
  diagnostic_report: z.strictObject({
    differential_diagnosis: z.array(
      z.strictObject({
        score: z.int(),
        confidence: text,
        'clinical-significance': text,
        'icd10-code': text,
        'english-long': text,
        'english-short': text,
      }),
    ),
  }),
  pathology_report: text,
};
const enveloped = <T extends z.ZodRawShape>(results: T) =>
  z.strictObject({
    status: z.int().optional(),
    results: z.strictObject(results),
    debug_info: z.record(text, text).optional(),
  });
function reader<T>(name: string, shape: z.ZodType<T>): (answer: unknown) => T {
  return (answer) => {
    assert.ok(shape.safeParse(fixture(name)).success, `the fixture ${name} has the shape`);
    return shape.parse(answer);
  };
}

const ID = { pbs_study_id: z.uuid() };
/** Reads an answer by a shape that the fixture of its name has, too. */
const READ = {
  pbs_create_201: reader('pbs_create_201', enveloped({ ...ID, tags: z.record(text, text) })),
  pbs_create_201_legacy: reader('pbs_create_201_legacy', enveloped({ pbs_id: z.uuid() })),
  file_upload_201: reader(
    'file_upload_201',
    enveloped({ ...ID, file_id: z.string().regex(/^sha224-i-[0-9a-f]{56}$/) }),
  ),
  file_upload_202: reader(
    'file_upload_202',
    enveloped({ ...ID, file_id: z.string().regex(/^sha224-i-[0-9a-f]{56}$/) }),
  ),
  file_upload_201_legacy: reader('file_upload_201_legacy', enveloped({ pbs_id: z.uuid(), file_id: z.uuid() })),
  tasks_202: reader('tasks_202', enveloped({ ...ID, tasks: z.array(text).min(1) })),
  status_running_200: reader(
    'status_running_200',
    enveloped({ ...ID, report_status: text, progress: z.number(), progress_message: text }),
  ),
  status_ready_200: reader(
    'status_ready_200',
    enveloped({
      ...ID,
      report_status: z.literal('ready'),
      progress: z.literal(1),
      progress_message: text,
    }),
  ),
  report_not_ready_200: reader('report_not_ready_200', enveloped({ ...ID, report: z.strictObject({}) })),
  report_pbs_v1_200: reader('report_pbs_v1_200', enveloped({ ...ID, file_ids: z.array(text).min(1), ...fullSmear })),
  report_malaria_counts_200: reader(
    'report_malaria_counts_200',
    enveloped({
      ...ID,
      report: z.strictObject({
        MALARIA_ANY_ANY: z.strictObject({ positive_count: z.int(), negative_count: z.int() }),
      }),
    }),
  ),
  report_malaria_detailed_200: reader(
    'report_malaria_detailed_200',
    enveloped({
      ...ID,
      report: z.strictObject({
        MALARIA_ANY_ANY: z.strictObject({
          raw_reports: z.record(
            text,
            z.strictObject({
              ...ID,
              file_id: text,
              finding_stats: z.record(
                text,
                z.strictObject({ idea_id: text, count: z.int(), meta: z.strictObject({ label: text }) }),
              ),
              findings: z.array(z.strictObject({ id: text, finding: point })),
            }),
          ),
          conclusion: text,
          summary_reports: z.strictObject({
            fields_of_view_processed: z.int(),
            model_findings: z.array(z.record(text, z.array(z.number()))),
          }),
        }),
      }),
    }),
  ),
  heartbeat_200: reader(
    'heartbeat_200',
    z.strictObject({ delta: text, heartbeat: text, request_timestamp: z.int(), version: text }),
  ),
};

const png = (colour: string, width = 320, height = 200) =>
  sharp({ create: { width, height, channels: 3, background: colour } })
    .png()
    .toBuffer();

test("2023: one study from its id to its report, in the fixtures' shapes", async (t) => {
  const vendor = await serveHemato(t);
  const created = await vendor.create({ json: fixture('pbs_create_request') });
  assert.equal(created.status, 201);
  const { pbs_study_id: id, tags } = READ.pbs_create_201(created.json()).results;
  assert.deepEqual({ tags }, fixture('pbs_create_request'));
  assert.equal((await vendor.status(id)).report_status, 'created');

  const uploaded = await vendor.upload(id);
  assert.equal(uploaded.status, 201);
  const { file_id } = READ.file_upload_201(uploaded.json()).results;
  assert.equal(file_id, `sha224-i-${createHash('sha224').update(SMEAR).digest('hex')}`);
  assert.equal((await vendor.status(id)).report_status, 'uploading');

  const taken = await vendor.tasks(id);
  assert.equal(taken.status, 202);
  assert.deepEqual(READ.tasks_202(taken.json()).results, { pbs_study_id: id, tasks: ['pbs_v1'] });
  vendor.turn(0.8);
  const running = await vendor.call('GET', `/pbs/${id}/status`);
  assert.equal(READ.status_running_200(running.json()).results.progress, 0.4);
  assert.deepEqual(READ.report_not_ready_200((await vendor.report(id)).json()).results.report, {});
  vendor.turn(1.2);
  READ.status_ready_200((await vendor.call('GET', `/pbs/${id}/status`)).json());

  const { results } = READ.report_pbs_v1_200((await vendor.report(id)).json());
  assert.deepEqual(results.file_ids, [file_id]);
  assert.deepEqual(
    results.diagnostic_report.differential_diagnosis.map((one) => one['icd10-code']),
    ['B50', 'B51'],
  );
  assert.equal(results.morphological_findings.schistocyte?.count, '0');
});

test('the circles of the example smear lie on what the script has drawn', async (t) => {
  const vendor = await serveHemato(t);
  const id = await vendor.done();
  const { morphological_findings: findings } = READ.report_pbs_v1_200((await vendor.report(id)).json()).results;
  const drawn: Record<string, [number, number][]> = {
    'ring trophozoite': [
      [520, 430],
      [1040, 250],
      [240, 690],
    ],
    leukocyte: [
      [300, 250],
      [890, 640],
      [700, 150],
    ],
  };
  for (const [name, places] of Object.entries(drawn)) {
    const circles = findings[name]?.heat_map ?? [];
    assert.equal(findings[name]?.count, '3', name);
    assert.equal(circles.length, 3, name);
    for (const [x, y] of places) {
      const near = circles.filter(({ center }) => Math.hypot(center[0] - x, center[1] - y) < 20);
      assert.equal(near.length, 1, `${name} at ${x}, ${y}`);
    }
  }
});

test('legacy: ids, bare answers, UUIDs for files, one path for the report', async (t) => {
  const vendor = await serveHemato(t, { profile: 'legacy' });
  const created = await vendor.create({ type: 'application/x-www-form-urlencoded; charset=utf-8', body: '' });
  assert.deepEqual(Object.keys(z.object({}).loose().parse(created.json())), ['results']);
  const id = READ.pbs_create_201_legacy(created.json()).results.pbs_id;
  const uploaded = await vendor.upload(id, SMEAR, '');
  assert.equal(uploaded.status, 201);
  const { file_id } = READ.file_upload_201_legacy(uploaded.json()).results;
  const again = READ.file_upload_201_legacy((await vendor.upload(id, SMEAR, '')).json()).results;
  assert.equal(again.file_id, file_id);
  const taken = await vendor.tasks(id);
  assert.deepEqual([taken.status, taken.json()], [200, { results: { pbs_id: id, tasks: ['pbs_v1'] } }]);
  vendor.turn(2);
  const report = z.object({ results: z.looseObject({ pbs_id: z.string(), file_id: z.string() }) });
  assert.equal(report.parse((await vendor.report(id)).json()).results.file_id, file_id);
  assert.equal((await vendor.tasks(await vendor.study(), ['MALARIA_ANY_ANY'])).status, 400);
});

test('2024: a diameter is needed, and the report is told in detail by its task', async (t) => {
  const vendor = await serveHemato(t, { profile: '2024' });
  const id = await vendor.study();
  for (const query of ['file_name=a.jpg', 'file_name=a.jpg&rbc_diameter=', 'file_name=a.jpg&rbc_diameter=-3']) {
    assert.equal((await vendor.upload(id, SMEAR, query)).status, 400, query);
  }
  const uploaded = await vendor.upload(id, SMEAR, 'file_name=a.jpg&rbc_diameter=84.00');
  assert.equal(uploaded.status, 202);
  const { file_id } = READ.file_upload_202(uploaded.json()).results;
  assert.equal((await vendor.call('GET', `/pbs/${id}/status/MALARIA_ANY_ANY`)).status, 404);
  assert.equal((await vendor.tasks(id, ['pbs_v1'])).status, 400);
  assert.equal((await vendor.tasks(id, ['MALARIA_ANY_ANY'])).status, 202);
  assert.equal((await vendor.status(id, '/MALARIA_ANY_ANY')).report_status, 'processing');
  READ.report_not_ready_200((await vendor.report(id, '/reports/MALARIA_ANY_ANY')).json());
  vendor.turn(2);
  const answer = await vendor.report(id, '/reports/MALARIA_ANY_ANY');
  const { MALARIA_ANY_ANY: told } = READ.report_malaria_detailed_200(answer.json()).results.report;
  const raw = told.raw_reports[file_id];
  assert.equal(raw?.finding_stats['idea-ring-trophozoite']?.count, 3);
  assert.deepEqual(
    raw?.findings.map((one) => one.id),
    ['f-0001', 'f-0002', 'f-0003'],
  );
  for (const vector of told.summary_reports.model_findings.flatMap((one) => Object.values(one))) {
    const sum = vector.reduce((total, share) => total + share, 0);
    assert.ok(Math.abs(sum - 1) < 0.001 && vector.every((share) => share >= 0), String(vector));
  }
});

test('malaria counts of 2023, alone and beside the whole smear', async (t) => {
  const vendor = await serveHemato(t);
  const id = await vendor.done(['MALARIA_ANY_ANY']);
  const { report } = READ.report_malaria_counts_200((await vendor.report(id)).json()).results;
  assert.deepEqual(report.MALARIA_ANY_ANY, { positive_count: 3, negative_count: 0 });
  const both = await vendor.done(['pbs_v1', 'MALARIA_ANY_ANY']);
  const results = z.object({ results: z.looseObject({ report: z.looseObject({}), pathology_report: z.string() }) });
  results.parse((await vendor.report(both)).json());
});

const VARIANTS: Record<HematoProfile, Record<string, number>> = {
  legacy: { '/status': 200, '/status/T': 404, '/report': 200, '/report/T': 404, '/reports/T': 404 },
  '2023': { '/status': 200, '/status/T': 404, '/report': 200, '/report/T': 404, '/reports/T': 404 },
  '2024': { '/status': 405, '/status/T': 200, '/report': 405, '/report/T': 404, '/reports/T': 200 },
};

for (const profile of ['legacy', '2023', '2024'] as const) {
  test(`${profile}: of the paths of other generations none answers`, async (t) => {
    const vendor = await serveHemato(t, { profile });
    const task = profile === '2024' ? 'MALARIA_ANY_ANY' : 'pbs_v1';
    const id = await vendor.done([task]);
    for (const [path, status] of Object.entries(VARIANTS[profile])) {
      const answer = await vendor.call('GET', `/pbs/${id}${path.replace('T', task)}`);
      assert.equal(answer.status, status, path);
    }
    for (const path of ['/nothing', '/auth/helo', '/pbs']) {
      assert.equal((await vendor.call('GET', path)).status, 404, path);
    }
  });
}

test('what is otherwise at a host can be said: another report path, a demo login', async (t) => {
  const habits = { reportPath: '/report/{task}', demoLogin: true } as const;
  const vendor = await serveHemato(t, { profile: '2024', habits });
  const id = await vendor.done(['MALARIA_ANY_ANY']);
  assert.equal((await vendor.report(id, '/report/MALARIA_ANY_ANY')).status, 200);
  assert.equal((await vendor.report(id, '/reports/MALARIA_ANY_ANY')).status, 404);
  assert.equal((await vendor.call('GET', '/login/demo', { authorization: null })).status, 200);
});

test('the same pictures give the same results, others give others, and every circle is within its picture', async (t) => {
  const vendor = await serveHemato(t);
  const read = async (picture: Uint8Array) => {
    const { results } = READ.report_pbs_v1_200((await vendor.report(await vendor.done(['pbs_v1'], picture))).json());
    return { ...results, pbs_study_id: '' };
  };
  const [width, height] = [320, 200];
  const pictures = await Promise.all(['#446', '#fff', '#a86', '#123456'].map((colour) => png(colour, width, height)));
  const told = [];
  for (const picture of pictures) {
    const one = await read(picture);
    assert.deepEqual(await read(picture), one);
    told.push(JSON.stringify(one.feature_statistics));
    const circles = Object.values(one.morphological_findings).flatMap(({ heat_map }) => heat_map);
    assert.ok(circles.length > 0);
    for (const { center, radius } of circles) {
      const [x, y] = center;
      assert.ok(x - radius >= 0 && y - radius >= 0 && x + radius <= width && y + radius <= height, String(center));
    }
  }
  assert.equal(new Set(told).size, pictures.length);
});

test('a study is locked once its tasks are asked for', async (t) => {
  for (const [profile, status, task] of [
    ['legacy', 400, 'pbs_v1'],
    ['2023', 400, 'pbs_v1'],
    ['2024', 409, 'MALARIA_ANY_ANY'],
  ] as const) {
    const vendor = await serveHemato(t, { profile });
    const id = await vendor.study();
    assert.equal((await vendor.tasks(id, [task])).status, 400, 'no files yet');
    await vendor.upload(id);
    await vendor.tasks(id, [task]);
    assert.equal(
      (await vendor.upload(id, await png('#fff'), 'file_name=b.png&rbc_diameter=84', 'image/png')).status,
      status,
    );
  }
});

test('bad bodies, ids and tasks are refused in the envelope', async (t) => {
  const vendor = await serveHemato(t);
  const id = await vendor.study();
  await vendor.upload(id);
  for (const json of [[], 3, null, { tags: { a: 1 } }, { a: 1 }, { list_url: 'https://x.example', tasks: 'pbs_v1' }]) {
    assert.equal((await vendor.create({ json })).status, 400, JSON.stringify(json));
  }
  assert.equal((await vendor.create({ json: { patient_proxy_id: 'PX' } })).status, 201);
  assert.equal((await vendor.create({ body: '{"tags": ' })).status, 400);
  for (const json of [
    {},
    { diagnostic_tasks: [] },
    { diagnostic_tasks: 'pbs_v1' },
    { diagnostic_tasks: ['nothing'] },
    { diagnostic_tasks: ['pbs_v1'], callback_url: 'here' },
  ]) {
    assert.equal((await vendor.call('POST', `/pbs/${id}/tasks`, { json })).status, 400, JSON.stringify(json));
  }
  const envelope = z.strictObject({
    status: z.int(),
    error: text,
    results: z.strictObject({}),
    user_message: text,
    debug_info: z.strictObject({}),
  });
  for (const name of ['error_401', 'error_403', 'error_404', 'error_500', 'file_upload_400_unknown_type']) {
    envelope.parse(fixture(name));
  }
  const unknown = await vendor.call('GET', '/pbs/111b4f06-e924-5b1b-949e-10181313781b/status');
  assert.deepEqual([unknown.status, unknown.json()], [404, fixture('error_404')]);
  envelope.parse((await vendor.call('GET', '/nothing')).json());
  envelope.parse((await vendor.tasks(id, ['nothing'])).json());
});

test('any JSON in place of tags or tasks is taken or refused, never anything else', () => {
  const offered = ['pbs_v1'];
  const almost = fc.record(
    { diagnostic_tasks: fc.anything(), callback_url: fc.oneof(fc.webUrl(), fc.anything()), tags: fc.anything() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), almost), fc.string(), (body, diameter) => {
      const tags = readTags(body);
      assert.ok('refusal' in tags || Object.values(tags.tags ?? {}).every((value) => typeof value === 'string'));
      const tasks = readTasks(body, offered);
      assert.ok('refusal' in tasks || tasks.tasks.every((task) => offered.includes(task)));
      assert.ok((readDiameter(diameter) ?? 1) > 0);
    }),
  );
});

test('the ledger bills each task, shows a study billed twice, and knows pictures by their hash alone', async (t) => {
  const vendor = await serveHemato(t);
  const id = await vendor.study();
  await vendor.upload(id);
  await vendor.upload(id, await png('#fff'), 'file_name=b.png', 'image/png');
  await vendor.tasks(id, ['pbs_v1', 'MALARIA_ANY_ANY']);
  await vendor.tasks(id, ['pbs_v1']);
  const other = await vendor.study();
  await vendor.upload(other, await png('#fff'), 'file_name=b.png', 'image/png');
  await vendor.upload(other);
  await vendor.tasks(other);
  await vendor.call('GET', '/Jane/Doe');
  const account = vendor.account();
  assert.deepEqual(account?.billed, { studies: 4 });
  const hashes = [SMEAR, await png('#fff')].map((bytes) => createHash('sha256').update(bytes).digest('hex')).sort();
  assert.deepEqual(account?.submissions, {
    [createHash('sha256').update(hashes.join('\n')).digest('hex')]: { received: 3, bills: 3, billed: { studies: 4 } },
  });
  assert.deepEqual(
    account?.bills.map(({ keys }) => keys.pbs_study_id),
    [id, id, other],
  );
  assert.deepEqual(account?.endpoints, {
    'POST /auth/login': 1,
    'POST /pbs': 2,
    'POST /pbs/{id}/files': 4,
    'POST /pbs/{id}/tasks': 3,
    'GET (unknown path)': 1,
  });
});

test('the heartbeat needs no token and has no envelope', async (t) => {
  const vendor = await serveHemato(t);
  const answer = await vendor.call('GET', '/heartbeat', { authorization: null });
  assert.equal(answer.status, 200);
  assert.equal(READ.heartbeat_200(answer.json()).request_timestamp, vendor.now().getTime() / 1000);
});
