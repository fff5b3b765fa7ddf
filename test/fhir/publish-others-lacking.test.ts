/** Findings about other people where something is missing: a type, a case, the word whom they are about. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type {
  DiagnosticReport,
  DocumentReference,
  Group,
  Media,
  Practitioner,
  Provenance,
  Resource,
} from '@medplum/fhirtypes';
import { saveTask } from '../../src/fhir/save-task.ts';
import { isWithdrawn } from '../../src/fhir/take-back.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import {
  assertNobodyNamed,
  assertValid,
  FINDINGS,
  ITEMS,
  othersPublication,
  publishOn,
  taskOf,
  written,
} from './publish-others-support.ts';
import { openWard } from './publish-support.ts';

test("the patient's own conditions are not even looked up", async (t) => {
  const ward = await openWard(t);
  const asked: string[] = [];
  const client: FhirClient = {
    ...ward.client,
    async *pages(query) {
      asked.push(query);
      yield* ward.client.pages(query);
    },
  };
  await publishOn(ward, { client });
  assert.ok(asked.length > 0);
  assert.deepEqual(
    asked.filter((query) => query.includes('patient=') || query.includes(encodeURIComponent(ward.patient))),
    [],
  );
});

/** What stands, by part, on a server that lacks a type; `said`: how it lets us know. */
async function without(
  t: TestContext,
  type: string,
  said: 'declared' | 'bare' | undefined,
  manner: 'medplum' | 'hapi',
) {
  const lacks = { types: [type], ...(said && { typesSaid: said }) };
  const ward = await openWard(t, { manner, lacks });
  const published = await publishOn(ward);
  await assertNobodyNamed(ward);
  await assertValid(ward);
  const again = await publishOn(ward, { known: published.written });
  assert.deepEqual(again.task, published.task, 'nothing is left to do');
  return { ward, parts: await written(ward), leftOut: published.leftOut };
}

for (const said of ['declared', undefined, 'bare'] as const) {
  test(`without Group resources nothing takes the group's place (${said ?? 'said when they come'})`, async (t) => {
    const { ward, parts, leftOut } = await without(t, 'Group', said, 'medplum');
    const why = 'this system does not take Group resources';
    assert.deepEqual(
      leftOut.map((one) => [one.part, one.why]),
      [
        ['group', why],
        ['obs/slides', why],
        ['condition/all', why],
      ],
    );
    for (const part of ['report', 'chart', 'manifest']) {
      assert.equal((parts.get(part) as DiagnosticReport | Media | DocumentReference).subject, undefined, part);
    }
    assert.ok(parts.has('case/3/report'), 'a case stands by itself');
    assert.match((parts.get('report') as DiagnosticReport).text?.div ?? '', /does not take Group resources/);
    const notes = (await taskOf(ward)).note?.map(({ text }) => text);
    assert.ok(notes?.includes('This system does not take Group resources: they were left out'));
  });

  test(`without Patient resources nothing is told of single cases (${said ?? 'said when they come'})`, async (t) => {
    const lacks = { types: ['Patient'], ...(said && { typesSaid: said }) };
    const ward = await openWard(t, { manner: 'hapi', lacks });
    const published = await publishOn(ward);
    assert.equal(published.leftOut.length, 12);
    const parts = await written(ward);
    assert.equal((parts.get('group') as Group).member, undefined);
    const div = (parts.get('report') as DiagnosticReport).text?.div ?? '';
    assert.match(div, /12 resources about other people<\/td><td>this system does not take Patient resources/);
    assert.doesNotMatch(div, /Diagnosis/);
    await assertNobodyNamed(ward);
    await assertValid(ward);
  });
}

test('an approver whom the EHR knows is referred to there, and no one else is', async (t) => {
  const ward = await openWard(t);
  const { id } = await ward.client.create<Practitioner>({ resourceType: 'Practitioner' });
  const by = [`Practitioner/${id}`, ward.patient, ' '];
  const approvals = by.map((one) => ({ by: one, at: '2026-11-20T10:00:05Z', what: 'it' }));
  await ward.publish(await othersPublication(ward, { findings: { ...FINDINGS, approvals } }));
  const [provenance] = await ward.all<Provenance>('Provenance');
  assert.deepEqual(
    provenance?.agent.slice(2).map(({ who }) => who),
    [{ reference: `Practitioner/${id}` }, { display: ward.patient }, { display: 'A person who is not named' }],
  );
  await assertValid(ward);
});

test('a case that is not legal FHIR is left out with all that is about it, and the group goes without it', async (t) => {
  const ward = await openWard(t);
  const items = ITEMS.map((one) =>
    one.part === 'case/2'
      ? { ...one, resource: { ...one.resource, gender: 'unheard-of', deceasedBoolean: 'no' } }
      : one,
  );
  const findings = { ...FINDINGS, items: items as typeof ITEMS };
  const published = await ward.publish(await othersPublication(ward, { findings }));
  assert.deepEqual(published.leftOut.map(({ part }) => part).sort(), [
    'case/2',
    'case/2/age',
    'case/2/diagnosis',
    'case/2/report',
  ]);
  assert.equal(((await written(ward)).get('group') as Group).member?.length, 2);
});

test('what a later result no longer says is withdrawn, a case with its report', async (t) => {
  const ward = await openWard(t);
  const first = await ward.publish(await othersPublication(ward));
  const items = ITEMS.filter(({ part }) => !part.startsWith('case/3'));
  const findings = { ...FINDINGS, items };
  const second = await ward.publish(await othersPublication(ward, { findings, written: first.written }));
  const parts = await written(ward);
  for (const part of ['case/3', 'case/3/age', 'case/3/diagnosis', 'case/3/report']) {
    const one = parts.get(part);
    assert.ok(one && isWithdrawn(one), part);
    assert.equal(second.written.find((each) => each.part === part)?.about, 'case/3');
  }
  assert.equal((parts.get('group') as Group).member?.length, 2);
  assert.ok(!isWithdrawn(parts.get('report') as Resource));
});

test('findings of which nobody knows whom they are about are not written at all', async (t) => {
  const ward = await openWard(t);
  const { about, ...mixed } = FINDINGS;
  const error = { code: 'unexpected', kind: 'permanent', remedy: 'hold' };
  await assert.rejects(ward.publish(await othersPublication(ward, { findings: mixed })), error);
  const nobodys = { ...mixed, items: [] };
  await assert.rejects(ward.publish(await othersPublication(ward, { findings: nobodys, subject: undefined })), error);
  assert.equal((await ward.all('DiagnosticReport')).length, 0);
});

test('figures stay on the Task when it is written without results', async (t) => {
  const ward = await openWard(t);
  const { task: known } = await publishOn(ward);
  const { task } = await othersPublication(ward);
  await saveTask(ward.client, { ...task, notes: ['Something else.'] }, known);
  const output = (await taskOf(ward)).output ?? [];
  assert.deepEqual(
    output.map(({ type }) => type.text),
    ['Cases', 'Price'],
  );
});
