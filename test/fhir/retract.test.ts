import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiagnosticReport, Observation, Procedure, Resource, Task } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import { isWithdrawn } from '../../src/fhir/take-back.ts';
import type { WrittenPart } from '../../src/fhir/types.ts';
import { APPENDECTOMY, HYPERTENSION, openWard, PALPITATIONS } from './publish-support.ts';
import {
  assertWithdrawn,
  nameOf,
  nullified,
  REASON,
  results,
  retractionOf,
  SERVERS,
  take,
  versions,
} from './retract-support.ts';

const ALL = [
  { ...HYPERTENSION, resource: { ...HYPERTENSION.resource, abatementDateTime: '2019' } } as typeof HYPERTENSION,
  PALPITATIONS,
  APPENDECTOMY,
];
const byId = (a: WrittenPart, b: WrittenPart): number => a.id.localeCompare(b.id);

for (const options of SERVERS) {
  const where = `${options.manner}, ${options.transactions}`;

  test(`what all generations of an order wrote is withdrawn, once (${where})`, async (t) => {
    const ward = await openWard(t, options);
    const first = await ward.publish(await ward.publication(ALL));
    const key = `${(await ward.publication(ALL)).key}~2`;
    const publication = await ward.publication([PALPITATIONS, HYPERTENSION], { key, superseded: first.written });
    const second = await ward.publish(publication);
    const before = await ward.client.read<Task>('Task', publication.taskId);

    const retraction = retractionOf(publication, [...first.written, ...second.written]);
    const done = await take(ward, retraction);
    assert.deepEqual(done.leftAlone, []);
    await assertWithdrawn(ward);

    const task = await ward.client.read<Task>('Task', publication.taskId);
    assert.equal(task?.status, 'completed');
    assert.equal(task?.businessStatus?.text, 'results withdrawn');
    assert.equal(task?.statusReason, undefined);
    assert.deepEqual(task?.output, before?.output);
    assert.deepEqual(
      task?.note?.map(({ text }) => text),
      [`The results are withdrawn. ${REASON}`],
    );
    assert.equal(done.task.version, task?.meta?.versionId);

    const standing = (await results(ward)).map((one) => ({ id: one.id, version: one.meta?.versionId }));
    const told = done.written.map(({ id, version }) => ({ id, version }));
    for (const one of told) {
      assert.ok(
        standing.some(({ id, version }) => id === one.id && version === one.version),
        'in the version that stands',
      );
    }
    const reported = (await ward.all<DiagnosticReport>('DiagnosticReport')).filter(({ id }) =>
      second.written.some((one) => one.id === id),
    );
    assert.match(reported[0]?.text?.div ?? '', /<p><b>Entered in error: withdrawn by the AI adapter\. The order was/);
    assert.equal(reported[0]?.presentedForm, undefined);

    const written = await versions(ward);
    const again = await take(ward, { ...retraction, now: '2026-11-22T08:00:00Z' });
    const remembering = await take(ward, { ...retraction, written: done.written });
    assert.deepEqual(await versions(ward), written, 'nothing was written again');
    assert.deepEqual(remembering.written.sort(byId), [...done.written].sort(byId));
    assert.deepEqual(again.task, done.task);
  });

  test(`a result that a clinician edited and a report that one signed are left alone (${where})`, async (t) => {
    const ward = await openWard(t, options);
    const publication = await ward.publication(ALL);
    const { written } = await ward.publish(publication);
    const [report] = await ward.all<DiagnosticReport>('DiagnosticReport');
    const [observation] = await ward.all<Observation>('Observation');
    assert.ok(report && observation);
    await ward.update({ ...report, status: 'final' });
    await ward.update({ ...observation, status: 'final', note: [{ text: 'Seen by me' }] });

    const done = await take(ward, retractionOf(publication, written));
    const alone = [nameOf(report), nameOf(observation)];
    const said = alone.map((name) => `${name} was edited since and is left alone`);
    assert.deepEqual(done.leftAlone, said);
    await assertWithdrawn(ward, alone);
    assert.equal((await ward.all<DiagnosticReport>('DiagnosticReport'))[0]?.status, 'final');
    assert.equal((await ward.all<Observation>('Observation'))[0]?.status, 'final');
    const task = await ward.task();
    assert.equal(task.status, 'completed');
    assert.equal(task.businessStatus?.text, 'results withdrawn in part');
    const notes = task.note?.map(({ text }) => text) ?? [];
    assert.deepEqual(notes, [`The results are withdrawn in part. ${REASON}`, ...said]);
    const versionOf = (id: string | undefined) => done.written.find((one) => one.id === id)?.version;
    assert.equal(versionOf(report.id), report.meta?.versionId, 'what is left alone is remembered as we wrote it');
  });
}

test('a withdrawal says who did it, when, why, and what it withdrew', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication([PALPITATIONS]);
  const { written } = await ward.publish(publication);
  await take(ward, retractionOf(publication, written));
  const [observation] = await ward.all<Observation>('Observation');
  const provenance = (await nullified(ward)).find(
    ({ target }) => target[0]?.reference === `Observation/${observation?.id}`,
  );
  const before = written.find(({ type }) => type === 'Observation');
  assert.equal(provenance?.recorded, '2026-11-21T08:00:00Z');
  assert.equal(provenance?.reason?.[0]?.coding?.[0]?.code, 'AIAST');
  assert.equal(provenance?.reason?.[0]?.text, REASON);
  assert.deepEqual(
    provenance?.entity?.map(({ role, what }) => [role, what.reference]),
    [['revision', `Observation/${observation?.id}/_history/${before?.version}`]],
  );
  assert.equal(provenance?.agent.length, 1, 'no model has judged anything');
  assert.equal(provenance?.agent[0]?.who.reference, publication.task.owner);
});

for (const transactions of ['atomic', 'none'] as const) {
  test(`an order that is corrected afterwards gets results of its own, and nothing is revived (${transactions})`, async (t) => {
    const ward = await openWard(t, { transactions, manner: 'hapi' });
    const publication = await ward.publication(ALL);
    const first = await ward.publish(publication);
    const { written } = await take(ward, retractionOf(publication, first.written));
    const old = await results(ward);

    const corrected = await ward.publication(ALL, { key: `${publication.key}~2`, superseded: written });
    const second = await ward.publish(corrected);
    const all = await results(ward);
    for (const one of old) {
      const now = all.find(({ id }) => id === one.id);
      assert.equal(now?.meta?.versionId, one.meta?.versionId, `${nameOf(one)} was touched`);
    }
    const live = all.filter((one) => !isWithdrawn(one));
    assert.deepEqual(live.map(({ id }) => id).sort(), second.written.map(({ id }) => id).sort());
    assert.equal(live.length, 4);
    assert.ok(live.every((one) => JSON.stringify(one).includes(`${publication.key}~2#`)));
    assert.deepEqual(second.leftAlone, []);
  });
}

test('pictures and files are withdrawn; what has no such state stays', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication([PALPITATIONS]);
  const { written } = await ward.publish(publication);
  const subject = { reference: ward.patient };
  const attachment = { contentType: 'text/plain', data: 'aGVsbG8=' };
  const more: Resource[] = [
    await ward.client.create({ resourceType: 'Media', status: 'completed', subject, content: attachment }),
    await ward.client.create({ resourceType: 'DocumentReference', status: 'current', content: [{ attachment }] }),
    await ward.client.create({ resourceType: 'Binary', contentType: 'text/plain', data: 'aGVsbG8=' }),
    await ward.client.create({ resourceType: 'Device', deviceName: [{ name: 'A model', type: 'model-name' }] }),
  ];
  const parts = more.map(({ resourceType, id = '', meta }) => ({
    part: resourceType,
    type: resourceType,
    id,
    ...(meta?.versionId && { version: meta.versionId }),
  }));
  const done = await take(ward, retractionOf(publication, [...written, ...parts]));
  assert.deepEqual(done.leftAlone, []);
  for (const { resourceType, id = '', meta } of more) {
    const now = await ward.client.read<Resource>(resourceType, id);
    assert.ok(now);
    const has = resourceType === 'Media' || resourceType === 'DocumentReference';
    assert.equal(isWithdrawn(now), has, resourceType);
    assert.equal(now.meta?.versionId === meta?.versionId, !has);
    assert.ok(done.written.some((one) => one.id === id));
  }
});

test('a Task that a person has cancelled stays cancelled, and the results are withdrawn all the same', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication(ALL);
  const { written } = await ward.publish(publication);
  await ward.update({ ...(await ward.task()), status: 'cancelled', statusReason: { text: 'Not needed' } });
  const done = await take(ward, retractionOf(publication, written));
  assert.equal(done.cancelled, undefined);
  await assertWithdrawn(ward);
  const task = await ward.task();
  assert.equal(task.status, 'cancelled');
  assert.equal(task.statusReason?.text, 'Not needed');
  assert.equal(task.businessStatus?.text, 'results withdrawn');
});

test('an order that has not ended is cancelled and its growing report withdrawn in one go', async (t) => {
  const ward = await openWard(t);
  const growing = await ward.publication(ALL);
  const publication = { ...growing, task: { ...growing.task, status: 'in-progress' as const } };
  const { written } = await ward.publish(publication);
  const reason = { code: 'order-withdrawn', text: REASON };
  const submitted: number[] = [];
  const client = {
    ...ward.client,
    submit: (bundle: Parameters<typeof ward.client.submit>[0]) => {
      submitted.push(bundle.entry?.length ?? 0);
      return ward.client.submit(bundle);
    },
  };
  const retraction = retractionOf({ ...growing, task: { ...growing.task, status: 'cancelled', reason } }, written);
  await take(ward, retraction, client);
  assert.deepEqual(submitted, [9], 'four results, four Provenances and the Task');
  await assertWithdrawn(ward);
  const task = await ward.task();
  assert.equal(task.status, 'cancelled');
  assert.equal(task.statusReason?.text, REASON);
  assert.equal(task.output?.length, 4);
});

test('a Task that somebody has deleted is made again, once, to tell of the withdrawal', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication(ALL);
  const { written } = await ward.publish(publication);
  await ward.client.remove('Task', publication.taskId);
  const done = await take(ward, retractionOf(publication, written));
  assert.notEqual(done.task.id, publication.taskId);
  await assertWithdrawn(ward);
  const standing = await versions(ward);
  await take(ward, retractionOf(publication, written));
  await take(ward, { ...retractionOf(publication, written), taskId: '' });
  assert.deepEqual(await versions(ward), standing);
  const [task, ...others] = await ward.all<Task>('Task');
  assert.equal(others.length, 0);
  assert.equal(task?.businessStatus?.text, 'results withdrawn');
});

for (const options of SERVERS) {
  test(`results that nobody remembers are found and withdrawn, where nobody has touched them (${options.manner}, ${options.transactions})`, async (t) => {
    const ward = await openWard(t, options);
    const publication = await ward.publication(ALL);
    await ward.publish(publication);
    const other = await ward.publication([PALPITATIONS], { key: `${publication.key}-of-another-route` });
    await ward.publish(other);
    const theirs = (await results(ward)).filter((one) => JSON.stringify(one).includes(`${other.key}#`)).map(nameOf);
    const [procedure] = await ward.all<Procedure>('Procedure');
    assert.ok(procedure);
    await ward.update({ ...procedure, note: [{ text: 'Seen by me' }] });

    const done = await take(ward, retractionOf(publication, []));
    assert.deepEqual(done.leftAlone, [`${nameOf(procedure)} was edited since and is left alone`]);
    assert.equal(theirs.length, 2);
    await assertWithdrawn(ward, [nameOf(procedure), ...theirs]);
    assert.equal((await ward.all<Procedure>('Procedure'))[0]?.status, 'completed');
    const standing = await versions(ward);
    await take(ward, retractionOf(publication, []));
    assert.deepEqual(await versions(ward), standing);
  });
}

test('a result that no longer exists keeps nothing else from being withdrawn', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication(ALL);
  const { written } = await ward.publish(publication);
  const [procedure] = await ward.all<Procedure>('Procedure');
  await ward.client.remove('Procedure', procedure?.id ?? '');
  const done = await take(ward, retractionOf(publication, written));
  assert.equal(done.written.length, 3);
  await assertWithdrawn(ward);
});

test('an order that wrote nothing has nothing withdrawn, and its Task stays as it is', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication(ALL);
  await ward.update({ ...(await ward.task()), status: 'failed', statusReason: { text: 'It could not be done' } });
  const standing = await versions(ward);
  const done = await take(ward, retractionOf(publication, []));
  assert.deepEqual(done.written, []);
  assert.deepEqual(await versions(ward), standing);
});

for (const transactions of ['atomic', 'none'] as const) {
  test(`one result that the server does not let go keeps nothing else from being withdrawn (${transactions})`, async (t) => {
    const ward = await openWard(t, { transactions });
    const publication = await ward.publication(ALL);
    const { written } = await ward.publish(publication);
    const locked = (resource: Resource | undefined) => resource?.resourceType === 'Procedure';
    const refusal = (index: number) =>
      new AdapterError('ehr-rejected', 'rejected', {
        status: 422,
        outcome: {
          resourceType: 'OperationOutcome',
          issue: [{ severity: 'error', code: 'business-rule', expression: [`Bundle.entry[${index}]`] }],
        },
      });
    const client: typeof ward.client = {
      ...ward.client,
      submit: async (bundle) => {
        const index = bundle.entry?.findIndex(({ resource }) => locked(resource)) ?? -1;
        if (index >= 0) {
          throw refusal(index);
        }
        return ward.client.submit(bundle);
      },
      update: async (resource, options) => {
        if (locked(resource)) {
          throw refusal(0);
        }
        return ward.client.update(resource, options);
      },
    };
    const done = await take(ward, retractionOf(publication, written), client);
    const [procedure] = await ward.all<Procedure>('Procedure');
    const why = `Procedure/${procedure?.id} could not be withdrawn: this system refused it`;
    assert.deepEqual(done.leftAlone, [why]);
    await assertWithdrawn(ward, [`Procedure/${procedure?.id}`]);
    assert.ok((await ward.task()).note?.some(({ text }) => text === why));
  });
}
