import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { HEALTHSAGE_FAULTS } from '../../sandbox/healthsage/faults.ts';
import { fixture, ORDER, serveHealthsage } from './serve-healthsage.ts';

const extraction = z.looseObject({
  id: z.string(),
  concept_type: z.string(),
  source: z.string(),
  start: z.int(),
  end: z.int(),
  shortened_id: z.string(),
});
const done = z.looseObject({
  status: z.literal('SUCCESS'),
  json_data: z.looseObject({ extractions: z.array(extraction) }),
});
const status = z.looseObject({ status: z.string(), json_data: z.null(), usage: z.null() });
const bundle = z.object({
  type: z.string(),
  entry: z.array(
    z.looseObject({
      resource: z.looseObject({ resourceType: z.string(), id: z.string() }),
      request: z.object({ method: z.string(), url: z.string() }).optional(),
    }),
  ),
});

type Vendor = Awaited<ReturnType<typeof serveHealthsage>>;

const extractions = async (vendor: Vendor, id: string) =>
  done.parse((await vendor.task(id)).json()).json_data.extractions;
const readBundle = async (vendor: Vendor, id: string) => bundle.parse((await vendor.bundle(id, 'p')).json());
const types = ({ entry }: z.infer<typeof bundle>) => entry.map(({ resource }) => resource.resourceType);
const bills = (vendor: Vendor) => vendor.account()?.billed.generations ?? 0;

/** One check a fault: it is set once, and what it says happens once. */
const CHECKS: Record<(typeof HEALTHSAGE_FAULTS)[number]['name'], (vendor: Vendor) => Promise<void>> = {
  async 'accepted-then-500'(vendor) {
    assert.equal((await vendor.generate()).status, 500);
    assert.equal(bills(vendor), 1);
    assert.equal((await vendor.generate()).status, 202);
  },
  async 'accepted-then-timeout'(vendor) {
    await assert.rejects(vendor.generate(), TypeError);
    assert.equal(bills(vendor), 1);
    assert.equal((await vendor.generate()).status, 202);
  },
  async 'rejected-500'(vendor) {
    assert.equal((await vendor.generate()).status, 500);
    assert.equal(bills(vendor), 0);
    assert.equal((await vendor.generate()).status, 202);
  },
  async 'missing-specialty-400'(vendor) {
    const answer = await vendor.generate({ note: 'Gout.' });
    assert.equal(answer.status, 400);
    z.strictObject({ detail: z.string() }).parse(answer.json());
    assert.equal((await vendor.generate({ note: 'Gout.' })).status, 422);
  },
  async quota(vendor) {
    const answer = await vendor.generate();
    assert.equal(answer.status, 429);
    assert.match(answer.text, /Token limit exceeded\. You have used \d+ tokens out of your \d+ token limit\./);
    assert.equal(bills(vendor), 0);
    assert.equal((await vendor.generate()).status, 202);
  },
  async 'inactive-key'(vendor) {
    assert.equal((await vendor.generate()).status, 403);
    assert.equal((await vendor.generate()).status, 202);
  },
  async slow(vendor) {
    const began = performance.now();
    assert.equal((await vendor.generate()).status, 202);
    assert.ok(performance.now() - began >= 99);
  },
  async failure(vendor) {
    const id = await vendor.submit();
    const failure = z.record(z.string(), z.unknown()).parse(fixture('task_failure_200'));
    assert.deepEqual((await vendor.task(id)).json(), { ...failure, task_id: id });
    assert.equal((await vendor.bundle(id)).status, 404);
    assert.equal(vendor.account()?.billed.output_tokens, 0);
    await extractions(vendor, await vendor.submit());
  },
  async 'pending-forever'(vendor) {
    const id = await vendor.submit();
    for (let look = 0; look < 20; look++) {
      assert.equal(status.parse((await vendor.task(id)).json()).status, 'PENDING');
    }
    await extractions(vendor, await vendor.submit());
  },
  async 'unknown-status-started'(vendor) {
    const id = await vendor.submit();
    assert.equal(status.parse((await vendor.task(id)).json()).status, 'STARTED');
    await extractions(vendor, id);
  },
  async 'lost-task'(vendor) {
    const id = await vendor.submit();
    assert.equal((await vendor.task(id)).status, 404);
    assert.equal((await vendor.task(id)).status, 404);
    assert.equal((await vendor.bundle(id)).status, 404);
  },
  async 'task-not-yet-visible'(vendor) {
    const id = await vendor.submit();
    assert.equal((await vendor.task(id)).status, 404);
    await extractions(vendor, id);
  },
  async 'unknown-id-pending'(vendor) {
    const id = 'f783322f-f6b0-5903-b32d-917ab2158b9b';
    assert.equal(status.parse((await vendor.task(id)).json()).status, 'PENDING');
    assert.equal((await vendor.task(id)).status, 404);
  },
  async 'malformed-json'(vendor) {
    const id = await vendor.submit();
    const cut = await vendor.task(id);
    assert.equal(cut.status, 200);
    assert.throws(() => cut.json(), SyntaxError);
    await extractions(vendor, id);
    vendor.set('malformed-json');
    assert.throws((await vendor.bundle(id)).json, SyntaxError);
    await readBundle(vendor, id);
  },
  async 'shifted-offsets'(vendor) {
    const places = (list: z.infer<typeof extraction>[]) => list.map(({ start, end }) => [start, end]);
    const id = await vendor.submit();
    const shifted = done.parse(fixture('task_success_200_bad_offsets')).json_data.extractions;
    assert.deepEqual(places(await extractions(vendor, id)), places(shifted));
    assert.deepEqual(places(await extractions(vendor, id)), places(shifted));
  },
  async 'utf16-offsets'(vendor) {
    const note = '🫀🫁 Gout since 2020.';
    const [gout] = await extractions(vendor, await vendor.submit({ ...ORDER, note }));
    assert.equal(note.slice(gout?.start, gout?.end), 'Gout since 2020');
    const [again] = await extractions(vendor, await vendor.submit({ ...ORDER, note }));
    assert.equal(again?.start, 3);
  },
  async 'absent-relative-fields'(vendor) {
    for (const one of await extractions(vendor, await vendor.submit())) {
      assert.ok(!('relative_date' in one) && !('relative_end_date' in one));
    }
  },
  async 'explicit-nulls'(vendor) {
    const all = await extractions(vendor, await vendor.submit());
    assert.ok(all.some((one) => one.relative_date === null));
    assert.ok(all.every((one) => 'relative_date' in one && 'relative_end_date' in one));
  },
  async 'same-shortened-ids'(vendor) {
    const all = await extractions(vendor, await vendor.submit());
    assert.ok(all.length > 1);
    assert.equal(new Set(all.map((one) => one.shortened_id)).size, 1);
  },
  async 'other-concept-type'(vendor) {
    const all = await extractions(vendor, await vendor.submit());
    assert.deepEqual(all.map((one) => one.concept_type).slice(0, 2), ['observable entity', 'disorder']);
  },
  async 'transaction-bundle'(vendor) {
    const id = await vendor.submit();
    await extractions(vendor, id);
    const { type, entry } = await readBundle(vendor, id);
    assert.equal(type, 'transaction');
    assert.ok(
      entry.every(({ request, resource }) => request?.method === 'POST' && request.url === resource.resourceType),
    );
    assert.equal((await readBundle(vendor, id)).type, 'transaction');
    assert.equal((await readBundle(vendor, await vendor.submit())).type, 'collection');
  },
  async 'placeholder-subject'(vendor) {
    const { entry } = await readBundle(vendor, await vendor.submit());
    assert.ok(
      entry.every(({ resource }) => JSON.stringify(resource.subject) === '{"reference":"Patient/<subject_id>"}'),
    );
  },
  async 'other-patient'(vendor) {
    const { entry } = await readBundle(vendor, await vendor.submit());
    const [patient, first, second] = entry;
    assert.equal(patient?.resource.resourceType, 'Patient');
    assert.ok(patient?.resource.identifier && patient.resource.name);
    assert.deepEqual(first?.resource.subject, { reference: `Patient/${patient.resource.id}` });
    assert.deepEqual(second?.resource.subject, { reference: 'Patient/p' });
  },
  async 'missing-bundle-entry'(vendor) {
    const short = await readBundle(vendor, await vendor.submit());
    const whole = await readBundle(vendor, await vendor.submit());
    assert.deepEqual(types(short), types(whole).slice(1));
  },
  async 'findings-in-bundle'(vendor) {
    assert.ok(types(await readBundle(vendor, await vendor.submit())).includes('Observation'));
    assert.ok(!types(await readBundle(vendor, await vendor.submit())).includes('Observation'));
  },
  async 'extra-bundle-types'(vendor) {
    const all = types(await readBundle(vendor, await vendor.submit()));
    for (const type of ['AllergyIntolerance', 'MedicationStatement', 'FamilyMemberHistory', 'Patient', 'Condition']) {
      assert.ok(all.includes(type), type);
    }
  },
  async 'r5-shapes'(vendor) {
    const { entry } = await readBundle(vendor, await vendor.submit());
    const procedure = entry.find(({ resource }) => resource.resourceType === 'Procedure')?.resource;
    assert.ok(procedure && procedure.occurrenceDateTime === '2019-03' && !('performedDateTime' in procedure));
    assert.ok(entry.some(({ resource }) => resource.resourceType === 'Condition' && 'participant' in resource));
  },
};

for (const { name, what } of HEALTHSAGE_FAULTS) {
  test(`${name}: ${what}`, async (t) => {
    const vendor = await serveHealthsage(t, { pollsUntilDone: 0, slowMs: 100 });
    vendor.set(name);
    await CHECKS[name](vendor);
    assert.deepEqual(
      vendor.faults.list().filter(({ times }) => times > 0),
      [],
    );
  });
}
