import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdapterError } from '../../../src/errors.ts';
import { healthsage } from '../../../src/vendors/healthsage/index.ts';
import { type Call, drive, fixture, orderOf, type Reply, serve } from './stub.ts';

const LETTER = String((fixture('generate_request') as { note: string }).note);
const USAGE = { status: 200, body: fixture('usage_200') };
const SUCCESS = { status: 200, body: fixture('task_success_200') };
const EMPTY = { status: 200, body: fixture('task_success_empty_200') };
const PENDING = { status: 200, body: fixture('task_pending_200') };
const FAILURE = { status: 200, body: fixture('task_failure_200') };
const BUNDLE = { status: 200, body: fixture('task_fhir_bundle_200') };
const NO_ENTRIES = { status: 200, body: { resourceType: 'Bundle', type: 'collection', entry: null } };

type Script = Partial<
  Record<'usage' | 'generate' | 'task' | 'fhir', (call: Call, calls: Call[], nth: number) => Reply>
>;

/** Runs an order against a vendor that follows `script`; task ids are t1, t2 … in the order of submission. */
async function run(script: Script, text = LETTER, more = {}, answers = {}) {
  const vendor = await serve((call, calls) => {
    const path = call.url.split('?')[0] ?? '';
    const nth = calls.filter(({ url }) => url === call.url).length;
    if (path === '/auth/usage') {
      return script.usage?.(call, calls, nth) ?? USAGE;
    }
    if (path === '/generate') {
      return script.generate?.(call, calls, nth) ?? { status: 202, body: { task_id: `t${nth}`, status: 'PENDING' } };
    }
    if (path.startsWith('/tasks/fhir/')) {
      return script.fhir?.(call, calls, nth) ?? BUNDLE;
    }
    return script.task?.(call, calls, nth) ?? SUCCESS;
  });
  try {
    const order = orderOf(text, more);
    return { ...(await drive(vendor.baseUrl, order, text, answers)), calls: vendor.calls, order };
  } finally {
    await vendor.close();
  }
}

const posts = (calls: Call[]) => calls.filter(({ method }) => method === 'POST');

test('a letter goes through: explicit date, our key, the pseudonym, and no date of birth', async () => {
  const { end, calls, order, effects, disclosed } = await run({
    task: (_call, _calls, nth) => (nth < 3 ? PENDING : SUCCESS),
  });
  assert.ok('done' in end);
  assert.deepEqual(posts(calls)[0]?.body, { note: LETTER, specialty: 'General Medicine', letter_date: '2026-11-20' });
  assert.ok(calls.every(({ key }) => key === 'key-of-the-site'));
  assert.ok(calls.some(({ url }) => url === '/tasks/fhir/t1?fhir_patient_id=pseud-7f3a91'));
  assert.deepEqual(effects, ['chunk/0000/1']);
  assert.deepEqual(disclosed, [['note', 'specialty', 'letter_date']]);
  const findings = healthsage.toFindings(end.done, order);
  assert.deepEqual(findings.items.map(({ part }) => part).sort(), [
    'condition/13645005',
    'condition/44054006',
    'condition/78275009',
    'condition/84114007',
    'obs/60845006',
    'procedure/45595009',
  ]);
  assert.deepEqual(findings.jobs, ['t1']);
});

test('the date of birth leaves only where the route says so, and the practice setting names the specialty', async () => {
  const { calls } = await run({}, LETTER, {
    options: healthsage.options.parse({ sendDateOfBirth: true }),
    focus: {
      resourceType: 'DocumentReference',
      status: 'current',
      content: [{ attachment: {} }],
      context: { practiceSetting: { coding: [{ system: 'http://snomed.info/sct', code: '394579002' }] } },
    },
  });
  assert.deepEqual(posts(calls)[0]?.body, {
    note: LETTER,
    specialty: 'Cardiology',
    letter_date: '2026-11-20',
    patient_dob: '1968-02-03',
  });
});

test('neither state nor parts hold words of the note before the vendor has answered', async () => {
  const { parts } = await run({ generate: () => ({ status: 429, body: fixture('error_429') }) });
  assert.doesNotMatch(JSON.stringify([...parts]), /diabetes/);
});

test('a used-up budget holds the order before anything is sent', async () => {
  const { end, calls } = await run({ usage: () => ({ status: 200, body: fixture('usage_negative_200') }) });
  assert.ok('error' in end && end.error.code === 'vendor-quota' && end.error.remedy === 'hold');
  assert.equal(posts(calls).length, 0);
});

test('429 to a submission is a quota: held, never retried, and its text is told to nobody', async () => {
  const { end, calls } = await run({
    generate: () => ({ status: 429, body: fixture('error_429'), headers: { 'retry-after': '1' } }),
  });
  assert.ok('error' in end && end.error.code === 'vendor-quota' && end.error.kind === 'permanent');
  assert.doesNotMatch(end.error.message, /11044/);
  assert.equal(posts(calls).length, 1);
});

for (const [status, body, code] of [
  [401, 'error_401', 'vendor-unauthorized'],
  [403, 'error_403', 'vendor-unauthorized'],
  [400, 'error_400', 'vendor-rejected'],
  [422, 'error_422_fastapi', 'vendor-rejected'],
] as const) {
  test(`${status} to a submission is ${code}`, async () => {
    const { end } = await run({ generate: () => ({ status, body: fixture(body) }) });
    assert.ok('error' in end && end.error.code === code && end.error.kind === 'permanent');
  });
}

test('a submission whose answer is lost is in doubt', async () => {
  for (const reply of ['cut', { status: 502 }] as const) {
    const { end } = await run({ generate: () => reply });
    assert.ok('error' in end && end.error.kind === 'ambiguous');
  }
});

test('a failed task is submitted once more under a new key, and a second failure ends the order', async () => {
  const { end, effects } = await run({ task: () => FAILURE });
  assert.deepEqual(effects, ['chunk/0000/1', 'chunk/0000/2']);
  assert.ok('fail' in end);
  const second = await run({ task: ({ url }) => (url.endsWith('t1') ? FAILURE : SUCCESS) });
  assert.ok('done' in second.end);
  assert.deepEqual(second.end.done.chunks[0]?.jobs, ['t1', 't2']);
});

test('an id that is not known yet is asked for again; one that stays unknown is submitted once more', async () => {
  const young = await run({
    task: (_call, _calls, nth) => (nth === 1 ? { status: 404, body: fixture('error_404') } : SUCCESS),
  });
  assert.ok('done' in young.end && young.effects.length === 1);
  const lost = await run({ task: () => ({ status: 404, body: fixture('error_404') }) });
  assert.deepEqual(lost.effects, ['chunk/0000/1', 'chunk/0000/2']);
  assert.ok('fail' in lost.end);
});

test('a task that stays pending is given up after five minutes; unknown statuses are polled on', async () => {
  const { end, effects, waits } = await run({
    task: () => ({ status: 200, body: { task_id: 't1', status: 'STARTED' } }),
  });
  assert.ok('fail' in end);
  assert.equal(effects.length, 2);
  assert.equal(Math.max(...waits), 10);
  const seconds = waits.reduce((sum, wait) => sum + wait, 0);
  assert.ok(seconds >= 600 && seconds < 700, `${seconds}`);
});

const LONG = Array.from(
  { length: 30 },
  (_, index) => `Paragraph ${index}: ${'stable angina, no change. '.repeat(9)}`,
).join('\n\n');

test('of a long note, the part that fails is named and the rest is kept', async () => {
  const { end, order, effects } = await run(
    { task: ({ url }) => (/t3$|t7$/.test(url) ? FAILURE : EMPTY), fhir: () => NO_ENTRIES },
    LONG,
  );
  assert.ok('done' in end);
  assert.equal(new Set(effects).size, effects.length);
  const chunks = end.done.chunks;
  assert.equal(effects.length, chunks.length + 1);
  const failed = chunks[2];
  assert.ok(failed && 'failed' in failed);
  const { missing, report } = healthsage.toFindings(end.done, order);
  assert.deepEqual(missing, [
    `part 3 of ${chunks.length} (characters ${failed.base + 1} to ${failed.base + failed.length}): the coding service could not process it`,
  ]);
  assert.match(report.conclusion ?? '', /Incomplete: 1 part/);
});

test('what is sent is the note, piece by piece, byte for byte', async () => {
  const text = LONG.replaceAll('angina', 'angína 🫀');
  const { calls } = await run({ task: () => EMPTY, fhir: () => NO_ENTRIES }, text);
  for (const { body } of posts(calls)) {
    const { note } = body as { note: string };
    assert.ok(text.includes(note) && Array.from(note).length <= 1500);
  }
});

test('more than 200 parts wait for a person, who may say no', async () => {
  const text = 'Stable angina, no change. '.repeat(12_000);
  const open = await run({}, text);
  assert.ok('ask' in open.end && open.end.ask.role === 'approver');
  assert.deepEqual(open.calls, []);
  const refused = await run({}, text, {}, { 'long-note': 'cancel' });
  assert.ok('refuse' in refused.end);
  const proceeded = await run(
    { usage: () => ({ status: 200, body: fixture('usage_negative_200') }) },
    text,
    {},
    { 'long-note': 'proceed' },
  );
  assert.ok('error' in proceeded.end);
});

test('a FHIR form that never comes leaves the findings and says what is missing', async () => {
  const { end, order, calls } = await run({ fhir: () => ({ status: 404, body: fixture('error_404') }) });
  assert.ok('done' in end);
  assert.equal(calls.filter(({ url }) => url.startsWith('/tasks/fhir')).length, 3);
  const { items, missing } = healthsage.toFindings(end.done, order);
  assert.deepEqual(
    items.map(({ part }) => part),
    ['obs/60845006'],
  );
  assert.match(missing.join(), /FHIR form/);
});

test('an order without a note, a patient, a text or any date is refused in words', () => {
  const note = orderOf('x').inputs[0];
  assert.ok(note);
  const { date: _date, ...undated } = note;
  for (const more of [{ inputs: [] }, { inputs: [{ ...note, characters: 0 }] }, { inputs: [undated] }]) {
    assert.ok('refuse' in healthsage.begin(orderOf('x', more)));
  }
  const { patient: _patient, ...without } = orderOf('x');
  assert.ok('refuse' in healthsage.begin(without));
});

test('a note without a date takes the order’s, then the last change, never today', () => {
  const note = orderOf('x').inputs[0];
  assert.ok(note);
  const { date: _date, ...undated } = note;
  const of = (focus: object) => {
    const begun = healthsage.begin(
      orderOf('x', {
        inputs: [undated],
        focus: { resourceType: 'DocumentReference', status: 'current', content: [], ...focus },
      }),
    );
    return 'refuse' in begun ? undefined : begun.notes[0];
  };
  assert.deepEqual(
    [of({ date: '2020-01-02T23:30:00-05:00' })?.letterDate, of({ date: '2020-01-02T23:30:00-05:00' })?.dateFrom],
    ['2020-01-02', 'order'],
  );
  assert.deepEqual(of({ meta: { lastUpdated: '2021-05-06T00:00:00Z' } })?.dateFrom, 'last-change');
});

test('the doctor is told the budget, and that none is left', async () => {
  for (const [name, ok] of [
    ['usage_200', true],
    ['usage_negative_200', false],
  ] as const) {
    const vendor = await serve(() => ({ status: 200, body: fixture(name) }));
    const { openVendorHttp } = await import('../../../src/vendors/http-client.ts');
    const { silentLog } = await import('../../../src/log.ts');
    const http = openVendorHttp({ baseUrl: vendor.baseUrl, headers: () => ({}), log: silentLog, vendor: 'HealthSage' });
    const settings = healthsage.settings.parse({ baseUrl: vendor.baseUrl, apiKey: 'k' });
    const told = healthsage.check({ settings, http });
    await (ok ? told.then((words) => assert.match(words, /3880 of 10000/)) : assert.rejects(told, AdapterError));
    await http.close();
    await vendor.close();
  }
});
