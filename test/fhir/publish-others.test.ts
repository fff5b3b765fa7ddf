/** Findings about other people: a group, its cases, and nothing of all that on the patient of the order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  Binary,
  Condition,
  DiagnosticReport,
  DocumentReference,
  Group,
  Media,
  Observation,
  Patient,
  Provenance,
} from '@medplum/fhirtypes';
import type { EhrOptions } from '../../sandbox/ehr/index.ts';
import { isWithdrawn } from '../../src/fhir/take-back.ts';
import { type Limits, siteLimits } from '../../src/fhir/write-limits.ts';
import {
  assertNobodyNamed,
  assertValid,
  CASES,
  ITEMS,
  othersPublication,
  publishOn,
  referenceTo,
  taskOf,
  written,
} from './publish-others-support.ts';
import { openWard, type Ward } from './publish-support.ts';
import { take } from './retract-support.ts';

interface Server {
  name: string;
  options: Partial<EhrOptions>;
  limits?: Limits;
}

const SERVERS: Server[] = [
  { name: 'one transaction, Medplum', options: { manner: 'medplum' } },
  { name: 'one transaction, HAPI', options: { manner: 'hapi' } },
  { name: 'chunks of 5 entries', options: { manner: 'medplum' }, limits: siteLimits(5) },
  { name: 'chunks of 3 entries', options: { manner: 'hapi' }, limits: siteLimits(3) },
  { name: 'secretly batches', options: { manner: 'medplum', transactions: 'batch' } },
  { name: 'no transactions, Medplum', options: { manner: 'medplum', transactions: 'none' } },
  { name: 'no transactions, HAPI', options: { manner: 'hapi', transactions: 'none' } },
];

async function assertStands(ward: Ward): Promise<void> {
  const parts = await written(ward);
  const ofGroup = referenceTo(parts, 'group');
  const group = parts.get('group') as Group;
  assert.deepEqual(
    group.member?.map(({ entity }) => entity.reference),
    CASES.map((part) => referenceTo(parts, part)),
  );
  assert.deepEqual([group.active, group.actual, group.name], [true, true, 'Cohort']);

  for (const part of CASES) {
    const patient = parts.get(part) as Patient;
    const { resourceType, id, meta, identifier, ...said } = patient;
    assert.deepEqual(said, { active: true, gender: 'female' }, 'nothing else of somebody else is passed on');
    assert.deepEqual(
      meta?.security?.map(({ code }) => code),
      ['AIAST', 'HRESCH'],
    );
    const report = parts.get(`${part}/report`) as DiagnosticReport;
    const age = parts.get(`${part}/age`) as Observation;
    const diagnosis = parts.get(`${part}/diagnosis`) as Condition;
    for (const one of [report, age, diagnosis]) {
      assert.equal(one.subject?.reference, `${resourceType}/${id}`);
      assert.equal('basedOn' in one, false);
      assert.equal(one.encounter, undefined);
    }
    assert.deepEqual(
      report.result?.map(({ reference }) => reference),
      [referenceTo(parts, `${part}/age`)],
    );
    assert.equal(report.status, 'preliminary');
    assert.equal(report.resultsInterpreter, undefined);
    assert.deepEqual(
      report.presentedForm?.map(({ url }) => url),
      [undefined],
    );
  }

  const report = parts.get('report') as DiagnosticReport;
  const slides = parts.get('obs/slides') as Observation;
  for (const part of ['report', 'obs/slides', 'chart', 'manifest', 'condition/all']) {
    const one = parts.get(part) as DiagnosticReport | Observation | Media | DocumentReference | Condition;
    assert.equal(one.subject?.reference, ofGroup, part);
  }
  const [order] = await ward.all('ServiceRequest');
  assert.deepEqual(slides.basedOn, [{ reference: `ServiceRequest/${order?.id}` }]);
  assert.equal(slides.specimen, undefined);
  assert.deepEqual(
    report.result?.map(({ reference }) => reference),
    [referenceTo(parts, 'obs/slides')],
  );
  const html = Buffer.from(report.presentedForm?.[0]?.data ?? '', 'base64').toString();
  for (const text of [report.text?.div ?? '', html]) {
    assert.match(text, /<b>AI-generated, not verified by a clinician\. Research data of other people\.<\/b>/);
    assert.match(text, /12 resources about 3 other people/);
    assert.doesNotMatch(text, /<td>Age/);
  }
  const binaries = await ward.all<Binary>('Binary');
  assert.deepEqual(
    binaries.map(({ securityContext }) => securityContext?.reference),
    [`ServiceRequest/${order?.id}`, `ServiceRequest/${order?.id}`],
  );

  const task = await taskOf(ward);
  const outputs = task.output?.flatMap(({ valueReference }) => valueReference?.reference ?? []);
  assert.deepEqual(
    outputs?.sort(),
    ['report', 'group', 'obs/slides', 'condition/all', 'chart', 'manifest']
      .map((part) => referenceTo(parts, part))
      .sort(),
  );
  assert.deepEqual(
    task.output?.flatMap(({ type, valueInteger, valueMoney }) =>
      type.coding?.[0]?.code === 'figure' ? [[type.text, valueInteger ?? valueMoney]] : [],
    ),
    [
      ['Cases', 3],
      ['Price', { value: 100, currency: 'USD' }],
    ],
  );
  for (const { agent } of await ward.all<Provenance>('Provenance')) {
    const approvers = agent.filter(({ type }) => type?.coding?.[0]?.code === 'verifier');
    assert.deepEqual(
      approvers.map(({ who, role }) => [who.reference ?? who.display, role?.[0]?.text]),
      [
        ['maria', 'Approved the purchase of 20 slides for 100.00 USD at 2026-11-20T10:00:05Z'],
        ['Practitioner of the ward', 'Approved the same at 2026-11-20T10:00:06Z'],
      ],
    );
  }
}

for (const server of SERVERS) {
  test(`findings about others stand once, and nothing of them on the patient: ${server.name}`, async (t) => {
    const ward = await openWard(t, server.options);
    const limited = { limits: server.limits };
    const first = await publishOn(ward, limited);
    assert.deepEqual(first.leftOut, []);
    await assertStands(ward);
    await assertNobodyNamed(ward);
    await assertValid(ward);
    assert.equal((await ward.all('Provenance')).length, ITEMS.length + 1);
    const persons = first.written.filter(({ about }) => about !== undefined).map(({ part, about }) => [part, about]);
    const expected = CASES.flatMap((part) => ['', '/age', '/diagnosis', '/report'].map((end) => [part + end, part]));
    assert.deepEqual(persons.sort(), expected.sort());

    const before = JSON.stringify([...(await written(ward)).values()]);
    const again = await publishOn(ward, { ...limited, known: first.written });
    const forgetful = await publishOn(ward, limited);
    assert.equal(JSON.stringify([...(await written(ward)).values()]), before, 'nothing was written again');
    assert.deepEqual([again.task, forgetful.task], [first.task, first.task], 'not even the Task');
  });

  test(`findings about others are withdrawn, remembered or not: ${server.name}`, async (t) => {
    const ward = await openWard(t, server.options);
    const limited = { limits: server.limits };
    const { written: remembered } = await publishOn(ward, limited);
    const { task, taskId } = await othersPublication(ward);
    const half = remembered.filter((_, index) => index % 2 === 0);
    const retraction = { written: half, reason: 'Entered in error.', task, taskId, now: '2026-11-21T08:00:00Z' };
    const done = await take(ward, retraction, ward.client, server.limits);
    assert.deepEqual(done.leftAlone, []);
    const parts = await written(ward);
    for (const part of [...ITEMS.map((one) => one.part), 'report']) {
      const one = parts.get(part);
      assert.ok(one && isWithdrawn(one), `${part} still stands`);
    }
    assert.equal((parts.get('group') as Group).member?.length, 3, 'whom it consisted of can still be seen');
    await assertValid(ward);
    await assertNobodyNamed(ward);
    const after = JSON.stringify([...parts.values()]);
    await take(ward, { ...retraction, written: done.written }, ward.client, server.limits);
    assert.equal(JSON.stringify([...(await written(ward)).values()]), after, 'the second time nothing is left to do');
  });
}
