import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiagnosticReport, Observation, Provenance, Task } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import { isWithdrawn } from '../../src/fhir/take-back.ts';
import type { FhirClient, Published } from '../../src/fhir/types.ts';
import { openValidator } from '../../src/fhir/validate.ts';
import { APPENDECTOMY, HYPERTENSION, openWard, PALPITATIONS, type Ward } from './publish-support.ts';
import { nameOf, nullified, results, SERVERS, versions } from './retract-support.ts';

const ALL = [HYPERTENSION, PALPITATIONS, APPENDECTOMY];
const REPLACES = 'http://hl7.org/fhir/StructureDefinition/diagnosticReport-replaces';

function reportOf({ written }: Published): string {
  return `DiagnosticReport/${written.find(({ type }) => type === 'DiagnosticReport')?.id}`;
}

async function readReport(ward: Ward, reference: string): Promise<DiagnosticReport> {
  const report = await ward.client.read<DiagnosticReport>('DiagnosticReport', reference.split('/')[1] ?? '');
  assert.ok(report);
  return report;
}

function replacedBy({ extension }: DiagnosticReport): (string | undefined)[] {
  return (extension ?? []).flatMap(({ url, valueReference }) => (url === REPLACES ? [valueReference?.reference] : []));
}

for (const options of SERVERS) {
  const where = `${options.manner}, ${options.transactions}`;

  test(`results of every type are taken back by the next generation, and its report names the old one (${where})`, async (t) => {
    const ward = await openWard(t, options);
    const plain = await ward.publication(ALL);
    const first = await ward.publish(plain);
    const key = `${plain.key}~2`;
    const publication = await ward.publication([PALPITATIONS], { key, superseded: first.written });
    const second = await ward.publish(publication);
    const old = new Set(first.written.map(({ type, id }) => `${type}/${id}`));
    const all = await results(ward);
    for (const one of all) {
      assert.equal(isWithdrawn(one), old.has(nameOf(one)), nameOf(one));
    }
    assert.equal(all.length, 6);
    const told = (await nullified(ward)).map(({ target }) => target[0]?.reference ?? '');
    assert.deepEqual(told.sort(), [...old].sort());
    const validate = await openValidator();
    for (const one of [...all, ...(await ward.all('Provenance'))]) {
      assert.deepEqual(validate(one), [], nameOf(one));
    }
    const report = await readReport(ward, reportOf(second));
    assert.deepEqual(replacedBy(report), [reportOf(first)]);
    assert.ok(report.text?.div?.includes(`This report replaces ${reportOf(first)}, which is withdrawn.`));
    assert.match(
      Buffer.from(report.presentedForm?.[0]?.data ?? '', 'base64').toString(),
      /This report replaces .*, which is withdrawn\./,
    );
    const standing = await versions(ward);
    await ward.publish({ ...publication, written: second.written });
    assert.deepEqual(await versions(ward), standing, 'said again, it is the same report');
  });

  test(`an old report that a clinician signed is left alone by the next generation, and the Task says so (${where})`, async (t) => {
    const ward = await openWard(t, options);
    const plain = await ward.publication(ALL);
    const first = await ward.publish(plain);
    await ward.update({ ...(await readReport(ward, reportOf(first))), status: 'final' });
    const key = `${plain.key}~2`;
    const publication = await ward.publication([PALPITATIONS], { key, superseded: first.written });
    const second = await ward.publish(publication);
    const said = `${reportOf(first)} was edited since and is left alone`;
    assert.deepEqual(second.leftAlone, [said]);
    assert.equal((await readReport(ward, reportOf(first))).status, 'final');
    const observations = await ward.all<Observation>('Observation');
    assert.deepEqual(observations.map(({ status }) => status).sort(), ['entered-in-error', 'preliminary']);
    const task = await ward.client.read<Task>('Task', publication.taskId);
    assert.ok(task?.note?.some(({ text }) => text === said));
    const report = await readReport(ward, reportOf(second));
    assert.deepEqual(replacedBy(report), [reportOf(first)]);
    assert.match(report.text?.div ?? '', /, whose findings still stand beside these\./);
  });

  test(`findings of a replaced note that stay are linked by the new report (${where})`, async (t) => {
    const ward = await openWard(t, options);
    const plain = await ward.publication(ALL);
    const first = await ward.publish(plain);
    const before = await results(ward);
    const publication = await ward.publication([PALPITATIONS], {
      key: plain.key.replace('note-coding', 'another-note'),
      replaces: { reports: [reportOf(first), 'DiagnosticReport/never-was', 'Observation/1', '#x'] },
    });
    const second = await ward.publish(publication);
    for (const one of before) {
      const now = (await results(ward)).find(({ id }) => id === one.id);
      assert.equal(now?.meta?.versionId, one.meta?.versionId, `${nameOf(one)} was touched`);
    }
    const report = await readReport(ward, reportOf(second));
    assert.deepEqual((await openValidator())(report), []);
    assert.deepEqual(replacedBy(report), [reportOf(first)]);
    assert.ok(
      report.text?.div?.includes(`This report replaces ${reportOf(first)}, whose findings still stand beside these.`),
    );
    assert.equal(report.status, 'preliminary');
    const provenance = (await ward.all<Provenance>('Provenance')).find(
      ({ target }) => target[0]?.reference === reportOf(second),
    );
    const revisions = provenance?.entity?.filter(({ role }) => role === 'revision');
    assert.deepEqual(
      revisions?.map(({ what }) => what.reference),
      [reportOf(first)],
    );
    const standing = await versions(ward);
    await ward.publish({ ...publication, written: second.written });
    assert.deepEqual(await versions(ward), standing);
  });
}

test('of several replaced reports the extension, allowed once, names the newest; text and Provenance name them all', async (t) => {
  const ward = await openWard(t);
  const plain = await ward.publication([HYPERTENSION]);
  const first = await ward.publish(plain);
  const next = await ward.publication([PALPITATIONS], {
    key: `${plain.key}~2`,
    superseded: first.written,
    now: '2026-11-20T11:00:00Z',
  });
  const second = await ward.publish(next);
  const last = await ward.publication(ALL, {
    key: `${plain.key}~3`,
    superseded: [...first.written, ...second.written],
    now: '2026-11-20T12:00:00Z',
  });
  const third = await ward.publish(last);
  const report = await readReport(ward, reportOf(third));
  assert.deepEqual(replacedBy(report), [reportOf(second)]);
  for (const old of [first, second]) {
    assert.ok(report.text?.div?.includes(`replaces ${reportOf(old)}, which is withdrawn`));
  }
  const made = (await ward.all<Provenance>('Provenance')).find(
    ({ target }) => target[0]?.reference === reportOf(third),
  );
  const revised = made?.entity?.filter(({ role }) => role === 'revision').map(({ what }) => what.reference);
  assert.deepEqual(revised, [reportOf(second), reportOf(first)]);
});

test('a crash between any two writes of a generation that takes back another leaves one Provenance of each withdrawal', async (t) => {
  // Four withdrawals and two results, each with its Provenance, then the Task.
  for (const crash of [3, 4, 5, 6, 9, 10, 12]) {
    const ward = await openWard(t, { transactions: 'none' });
    const plain = await ward.publication(ALL);
    const first = await ward.publish(plain);
    const publication = await ward.publication([PALPITATIONS], { key: `${plain.key}~2`, superseded: first.written });
    let writes = 0;
    const dying = async <T>(work: () => Promise<T>): Promise<T> => {
      const done = await work();
      writes += 1;
      if (writes === crash) {
        throw new AdapterError('ehr-unreachable', 'we died here');
      }
      return done;
    };
    const client: FhirClient = {
      ...ward.client,
      create: (resource, options) => dying(() => ward.client.create(resource, options)),
      update: (resource, options) => dying(() => ward.client.update(resource, options)),
    };
    await assert.rejects(ward.publish(publication, client), { code: 'ehr-unreachable' });
    const done = await ward.publish(publication);
    assert.deepEqual(done.leftAlone, []);
    const told = (await nullified(ward)).map(({ target }) => target[0]?.reference ?? '');
    assert.deepEqual(
      told.sort(),
      first.written.map(({ type, id }) => `${type}/${id}`).sort(),
      `died at write ${crash}`,
    );
    assert.equal((await ward.all('Provenance')).length, 10);
    assert.equal((await ward.client.read<Task>('Task', publication.taskId))?.status, 'completed');
  }
});

test('what a search does not show yet is read, and taken back all the same', async (t) => {
  const ward = await openWard(t);
  const plain = await ward.publication(ALL);
  const first = await ward.publish(plain);
  const client: FhirClient = {
    ...ward.client,
    async *pages(query) {
      if (query.startsWith('Observation?_id=')) {
        throw new AdapterError('ehr-rejected', 'rejected', { status: 400 });
      }
      for await (const page of ward.client.pages(query)) {
        yield query.startsWith('Condition?_id=') ? { ...page, entry: [] } : page;
      }
    },
  };
  const publication = await ward.publication([], { key: `${plain.key}~2`, superseded: first.written });
  await ward.publish(publication, client);
  const live = (await results(ward)).filter((one) => !isWithdrawn(one));
  assert.deepEqual(
    live.map(({ resourceType }) => resourceType),
    ['DiagnosticReport'],
  );
});
