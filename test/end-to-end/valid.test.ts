/** What stands in the EHR after the example note, line by line as the project promises it; soundness is checked everywhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource, Task } from '@medplum/fhirtypes';
import { exampleNote } from '../../sandbox/examples/note.ts';
import { NOTE_TEXT } from '../../sandbox/examples/note-text.ts';
import { placeExample } from '../../sandbox/examples/place-order.ts';
import { billed, find, keyOf, ofType, orderOf, outputsOf, type PlacedNote, taskWhen } from '../support/clinic.ts';
import { assertSound } from '../support/sound.ts';
import { MANNERS, onOneWhole, type Place, type SiteWish } from '../support/whole.ts';

const SITES: Record<string, SiteWish> = {
  medplum: { manner: 'medplum' },
  hapi: { manner: 'hapi' },
  'hapi-none': { manner: 'hapi', transactions: 'none' },
  'medplum-batch': { manner: 'medplum', transactions: 'batch' },
};

async function placeNote(place: Place): Promise<PlacedNote> {
  const { order, patient } = await placeExample(place.ehrUrl, exampleNote());
  return { id: order.split('/')[1] ?? '', reference: order, patient };
}

function identifierOf(resource: Resource, system: string): string[] {
  const identifiers = 'identifier' in resource ? [resource.identifier].flat() : [];
  return identifiers.flatMap((one) => (one?.system === system ? [one.value ?? ''] : []));
}

async function displayOf(place: Place, reference: string | undefined): Promise<Resource> {
  const [type = '', id = ''] = (reference ?? '').split('/');
  return (await place.sandbox.ehr.read(type, id)) ?? assert.fail(`${reference} is not there`);
}

async function assertTask(place: Place, note: PlacedNote, task: Task, jobs: string[]): Promise<void> {
  const document = await displayOf(place, note.reference);
  assert.ok(document.resourceType === 'DocumentReference');
  assert.deepEqual(identifierOf(task, 'urn:fhir-ai-adapter:order'), [keyOf(place, note)]);
  assert.deepEqual(identifierOf(task, 'urn:fhir-ai-adapter:healthsage').sort(), jobs);
  assert.equal(task.intent, 'filler-order');
  assert.equal(task.code?.coding?.[0]?.code, 'fulfill');
  assert.equal(task.focus?.reference, note.reference);
  assert.equal(task.for?.reference, note.patient);
  assert.equal(task.encounter?.reference, document.context?.encounter?.[0]?.reference);
  assert.equal(task.requester?.reference, document.author?.[0]?.reference);
  assert.equal((await displayOf(place, task.owner?.reference)).resourceType, 'Device');
  assert.equal(task.status, 'completed');
  assert.equal(task.statusReason, undefined);
  const { start = '', end = '' } = task.executionPeriod ?? {};
  assert.ok(Date.parse(start) <= Date.parse(end), `${start} to ${end}`);
  assert.ok(Date.parse(task.authoredOn ?? '') <= Date.parse(task.lastModified ?? ''));
}

function assertReport(place: Place, note: PlacedNote, outputs: Resource[], jobs: string[]): void {
  const [report, ...others] = ofType(outputs, 'DiagnosticReport');
  assert.ok(report && others.length === 0);
  assert.deepEqual(identifierOf(report, 'urn:fhir-ai-adapter:result'), [`${keyOf(place, note)}#report`]);
  assert.deepEqual(identifierOf(report, 'urn:fhir-ai-adapter:healthsage').sort(), jobs);
  assert.equal(report.status, 'preliminary');
  assert.ok((report.category ?? []).length > 0);
  assert.ok(report.code.coding?.[0]?.code);
  assert.equal(report.subject?.reference, note.patient);
  assert.match(report.encounter?.reference ?? '', /^Encounter\//);
  assert.equal(Date.parse(report.effectiveDateTime ?? ''), Date.parse('2026-11-19T14:40:00+01:00'));
  assert.ok(Math.abs(Date.parse(report.issued ?? '') - Date.now()) < 120_000);
  assert.match(report.performer?.[0]?.reference ?? '', /^Organization\//);
  const observations = ofType(outputs, 'Observation').map(({ id }) => `Observation/${id}`);
  assert.deepEqual(report.result?.map(({ reference }) => reference ?? '').sort(), observations.sort());
  assert.match(report.conclusion ?? '', /not verified by a clinician/);
  assert.match(report.text?.div ?? '', /AI-generated, not verified/);
  const [form] = report.presentedForm ?? [];
  assert.equal(form?.contentType, 'text/html');
  const html = Buffer.from(form?.data ?? '', 'base64').toString('utf8');
  assert.match(html, /AI-generated, not verified/);
  assert.doesNotMatch(JSON.stringify(outputs), /https?:\/\/127\.0\.0\.1/);
}

onOneWhole('the example note', SITES, (whole) => {
  for (const name of Object.keys(SITES)) {
    test(`leaves what is promised in the EHR of ${name}`, async () => {
      const place = whole().place(name);
      const note = await placeNote(place);
      const task = await taskWhen(place, note);
      const outputs = await outputsOf(place, task);
      const jobs =
        place.sandbox.ledger
          .read()
          .healthsage?.bills.map(({ keys }) => keys.task_id ?? '')
          .sort() ?? [];
      assert.equal(jobs.length, billed(place));
      await assertTask(place, note, task, jobs);
      assertReport(place, note, outputs, jobs);

      // Complete: all that carries an identifier of this order is an output, and the other way round.
      const types = ['Condition', 'Observation', 'Procedure', 'DiagnosticReport'] as const;
      const there: Resource[] = (await Promise.all(types.map((type) => find(place, type)))).flat();
      const names = (resources: Resource[]) => resources.map(({ resourceType, id }) => `${resourceType}/${id}`).sort();
      assert.deepEqual(names(outputs), names(there));
      assert.ok(there.length > 12, `${there.length} resources`);
      assert.equal((await find(place, 'Provenance')).length, there.length);
      const parts = there.flatMap((one) => identifierOf(one, 'urn:fhir-ai-adapter:result'));
      assert.equal(new Set(parts).size, there.length);
      for (const part of parts) {
        assert.match(part, new RegExp(`^${keyOf(place, note)}#(?:report|(?:condition|obs|procedure)/[\\w.-]+)$`));
      }
      for (const one of [
        ...ofType(there, 'Condition'),
        ...ofType(there, 'Observation'),
        ...ofType(there, 'Procedure'),
      ]) {
        assert.equal(one.subject?.reference, note.patient);
        assert.equal(one.encounter?.reference, task.encounter?.reference);
      }
      await assertSound(place);
      assert.deepEqual((await orderOf(place, note))?.notes, []);
    });
  }

  for (const manner of MANNERS) {
    test(`names the model, its maker and itself as who did it (${manner})`, async () => {
      const place = whole().place(manner);
      const provenances = await taskWhenAny(place);
      for (const { agent, entity, recorded, occurredPeriod } of provenances) {
        const [author, assembler] = agent;
        const model = await displayOf(place, author?.who.reference);
        assert.ok(
          model.resourceType === 'Device' && model.deviceName?.some(({ name }) => /HealthSage/.test(name ?? '')),
        );
        assert.equal((await displayOf(place, author?.onBehalfOf?.reference)).resourceType, 'Organization');
        assert.equal((await displayOf(place, assembler?.who.reference)).resourceType, 'Device');
        assert.ok(recorded && occurredPeriod?.start);
        assert.equal(entity?.filter(({ role }) => role === 'source').length, 1);
      }
      assert.equal((await find(place, 'Organization')).length, 1);
      assert.equal((await find(place, 'Device')).length, 2);
    });
  }

  test('is long enough to make more than one request', () => {
    assert.ok(Array.from(NOTE_TEXT).length > 1500);
  });
});

/** The Provenances of a site once some are there. */
async function taskWhenAny(place: Place) {
  const { until } = await import('../support/until.ts');
  return until('Provenances', async () => {
    const found = await find(place, 'Provenance');
    return found.length > 0 ? found : undefined;
  });
}
