import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition, DiagnosticReport, Observation, Procedure, Provenance } from '@medplum/fhirtypes';
import { APPENDECTOMY, HYPERTENSION, openWard, PALPITATIONS } from './publish-support.ts';

const ALL = [HYPERTENSION, PALPITATIONS, APPENDECTOMY];

for (const options of [
  { manner: 'medplum', transactions: 'atomic' },
  { manner: 'hapi', transactions: 'atomic' },
  { manner: 'medplum', transactions: 'batch' },
  { manner: 'medplum', transactions: 'none' },
  { manner: 'hapi', transactions: 'none' },
] as const) {
  test(`findings become one set of resources, also the second time (${options.manner}, ${options.transactions})`, async (t) => {
    const ward = await openWard(t, options);
    const first = await ward.publish(await ward.publication(ALL));
    assert.equal(first.leftOut.length, 0);
    assert.deepEqual(first.written.map(({ part }) => part).sort(), [...ALL.map(({ part }) => part), 'report'].sort());

    const again = await ward.publish(await ward.publication(ALL));
    const remembering = await ward.publish(await ward.publication(ALL, { written: first.written }));
    const byPart = (a: { part: string }, b: { part: string }): number => a.part.localeCompare(b.part);
    assert.deepEqual([...again.written].sort(byPart), [...first.written].sort(byPart), 'nothing was written again');
    assert.deepEqual(remembering.task, first.task, 'not even the Task');

    const [condition, ...conditions] = await ward.all<Condition>('Condition');
    const [observation, ...observations] = await ward.all<Observation>('Observation');
    const [procedure, ...procedures] = await ward.all<Procedure>('Procedure');
    const [report, ...reports] = await ward.all<DiagnosticReport>('DiagnosticReport');
    assert.equal(conditions.length + observations.length + procedures.length + reports.length, 0);
    assert.equal((await ward.all('Provenance')).length, 4);
    assert.equal((await ward.all('Device')).length, 2);
    assert.equal((await ward.all('Organization')).length, 1);

    assert.equal(condition?.verificationStatus?.coding?.[0]?.code, 'unconfirmed');
    assert.equal(condition?.clinicalStatus?.coding?.[0]?.code, 'active');
    assert.equal(condition?.category?.[0]?.coding?.[0]?.code, 'health-concern');
    assert.equal(observation?.status, 'preliminary');
    assert.equal(procedure?.status, 'completed');
    assert.deepEqual(
      report?.result?.map(({ reference }) => reference),
      [`Observation/${observation?.id}`],
    );
    assert.match(
      report?.text?.div ?? '',
      /^<div xmlns="http:\/\/www\.w3\.org\/1999\/xhtml"><p><b>AI-generated, not verified/,
    );
    assert.match(report?.text?.div ?? '', /negated in the text/);
    for (const resource of [condition, observation, procedure, report]) {
      assert.equal(resource?.meta?.security?.[0]?.code, 'AIAST');
      assert.equal(resource?.subject?.reference, ward.patient);
    }
    const task = await ward.task();
    assert.equal(task.status, 'completed');
    assert.deepEqual(
      task.output?.map(({ valueReference }) => valueReference?.reference).sort(),
      [condition, observation, procedure, report].map((one) => `${one?.resourceType}/${one?.id}`).sort(),
    );
    const provenances = await ward.all<Provenance>('Provenance');
    const ofCondition = provenances.find(({ target }) => target[0]?.reference === `Condition/${condition?.id}`);
    const places = ofCondition?.entity?.[0]?.extension?.[0]?.extension;
    assert.equal(places?.find(({ url }) => url === 'offset')?.valueInteger, 6);
    assert.equal(places?.find(({ url }) => url === 'length')?.valueInteger, 12);
  });
}

test('large publications go in chunks, the report and the Task last', async (t) => {
  const ward = await openWard(t);
  const many = Array.from({ length: 23 }, (_, index) => ({ ...PALPITATIONS, part: `obs/${index}` }));
  const sizes: number[] = [];
  const client = {
    ...ward.client,
    submit: async (bundle: Parameters<typeof ward.client.submit>[0]) => {
      const types = (bundle.entry ?? []).map(({ resource }) => resource?.resourceType);
      sizes.push(types.length);
      assert.equal(types.at(-1), 'Task');
      return ward.client.submit(bundle);
    },
  };
  const { publish } = await import('../../src/fhir/publish.ts');
  const { ensureDevices } = await import('../../src/fhir/devices.ts');
  const { silentLog } = await import('../../src/log.ts');
  const { siteLimits } = await import('../../src/fhir/write-limits.ts');
  const publication = await ward.publication(many);
  const devices = await ensureDevices(ward.client, publication.vendor, publication.findings.model);
  const published = await publish(client, publication, { devices, log: silentLog, limits: siteLimits(11) });
  assert.ok(
    sizes.every((size) => size <= 11),
    `${sizes}`,
  );
  assert.equal(published.written.length, 24);
  assert.equal((await ward.all('Observation')).length, 23);
  assert.equal((await ward.all('Provenance')).length, 24);
  assert.equal((await ward.task()).output?.length, 24);
});

test('a condition that the patient has already is mentioned, not written', async (t) => {
  const ward = await openWard(t);
  const theirs = await ward.client.create<Condition>({
    resourceType: 'Condition',
    clinicalStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
    },
    code: { coding: [{ system: 'http://snomed.info/sct', code: '38341003' }] },
    subject: { reference: ward.patient },
  });
  await ward.publish(await ward.publication(ALL));
  assert.equal((await ward.all('Condition')).length, 1);
  const [report] = await ward.all<DiagnosticReport>('DiagnosticReport');
  assert.match(report?.text?.div ?? '', new RegExp(`already recorded as Condition/${theirs.id}`));
});

test('what is not valid FHIR is left out and the report says so', async (t) => {
  const ward = await openWard(t);
  const broken = {
    ...PALPITATIONS,
    part: 'obs/broken',
    resource: { ...PALPITATIONS.resource, effectiveDateTime: 'yesterday' },
  } as typeof PALPITATIONS;
  const published = await ward.publish(await ward.publication([HYPERTENSION, broken]));
  assert.deepEqual(
    published.leftOut.map(({ part }) => part),
    ['obs/broken'],
  );
  assert.ok((published.warnings?.issue.length ?? 0) > 0);
  const [report] = await ward.all<DiagnosticReport>('DiagnosticReport');
  assert.match(report?.text?.div ?? '', /Left out.*not valid FHIR R4 \(Observation/s);
});
