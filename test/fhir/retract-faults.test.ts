import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bundle, DiagnosticReport } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import { isWithdrawn } from '../../src/fhir/take-back.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import { APPENDECTOMY, HYPERTENSION, openWard, PALPITATIONS, type Ward } from './publish-support.ts';
import { assertWithdrawn, nameOf, results, retractionOf, take, versions } from './retract-support.ts';

const ALL = [HYPERTENSION, PALPITATIONS, APPENDECTOMY];
const TIMEOUT = () => new AdapterError('ehr-timeout', 'no answer');

/** The ward's client, with another `submit`: `attempt` counts from 1. */
function submitting(ward: Ward, submit: (bundle: Bundle, attempt: number) => Promise<Bundle>): FhirClient {
  let attempt = 0;
  return {
    ...ward.client,
    submit: (bundle) => {
      attempt += 1;
      return submit(bundle, attempt);
    },
  };
}

test('a withdrawal that was committed but whose answer is lost is adopted, and remembered as it stands', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication(ALL);
  const { written } = await ward.publish(publication);
  let submitted = 0;
  const client = submitting(ward, async (bundle) => {
    submitted += 1;
    await ward.client.submit(bundle);
    throw TIMEOUT();
  });
  const done = await take(ward, retractionOf(publication, written), client);
  assert.equal(submitted, 1);
  await assertWithdrawn(ward);
  const standing = (await results(ward)).map((one) => `${nameOf(one)} ${one.meta?.versionId}`);
  const remembered = done.written.map(({ type, id, version }) => `${type}/${id} ${version}`);
  assert.deepEqual(remembered.sort(), standing.sort());
});

test('a withdrawal that was lost is submitted again, and the first cannot commit later', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication(ALL);
  const { written } = await ward.publish(publication);
  let first: Bundle | undefined;
  const client = submitting(ward, async (bundle, attempt) => {
    if (attempt === 1) {
      first = structuredClone(bundle);
      throw TIMEOUT();
    }
    return ward.client.submit(bundle);
  });
  await take(ward, retractionOf(publication, written), client);
  await assertWithdrawn(ward);
  assert.ok(first);
  await assert.rejects(ward.client.submit(first), { code: 'ehr-conflict' });
  await assertWithdrawn(ward);
});

for (const transactions of ['atomic', 'none'] as const) {
  test(`a report that is signed at that very moment stays signed (${transactions})`, async (t) => {
    const ward = await openWard(t, { transactions });
    const publication = await ward.publication(ALL);
    const { written } = await ward.publish(publication);
    const [report] = await ward.all<DiagnosticReport>('DiagnosticReport');
    assert.ok(report);
    let signed = false;
    const sign = async (): Promise<void> => {
      if (!signed) {
        signed = true;
        await ward.update({ ...report, status: 'final' });
      }
    };
    const client: FhirClient = {
      ...ward.client,
      submit: async (bundle) => {
        await sign();
        return ward.client.submit(bundle);
      },
      update: async (resource, options) => {
        await sign();
        return ward.client.update(resource, options);
      },
    };
    const done = await take(ward, retractionOf(publication, written), client);
    assert.deepEqual(done.leftAlone, [`${nameOf(report)} was edited since and is left alone`]);
    assert.equal((await ward.all<DiagnosticReport>('DiagnosticReport'))[0]?.status, 'final');
    await assertWithdrawn(ward, [nameOf(report)]);
  });
}

test('a crash between any two writes of a server without transactions never leaves a live report of withdrawn results', async (t) => {
  // Nine writes: each of four results and its Provenance, the report first; then the Task.
  for (const crash of [1, 2, 3, 4, 7, 8, 9]) {
    for (const after of [false, true]) {
      const ward = await openWard(t, { transactions: 'none' });
      const publication = await ward.publication(ALL);
      const { written } = await ward.publish(publication);
      let writes = 0;
      const dying = async <T>(work: () => Promise<T>): Promise<T> => {
        writes += 1;
        if (writes === crash && after) {
          await work();
        }
        if (writes === crash) {
          throw new AdapterError('ehr-unreachable', 'we died here');
        }
        return work();
      };
      const client: FhirClient = {
        ...ward.client,
        create: (resource, options) => dying(() => ward.client.create(resource, options)),
        update: (resource, options) => dying(() => ward.client.update(resource, options)),
      };
      await assert.rejects(take(ward, retractionOf(publication, written), client), { code: 'ehr-unreachable' });
      const all = await results(ward);
      const live = all.filter((one) => !isWithdrawn(one));
      assert.ok(
        live.length === all.length || live.every(({ resourceType }) => resourceType !== 'DiagnosticReport'),
        `died at write ${crash}`,
      );
      assert.equal((await ward.task()).businessStatus?.text, crash === 9 && after ? 'results withdrawn' : undefined);
      const done = await take(ward, retractionOf(publication, written));
      assert.deepEqual(done.leftAlone, [], `died at write ${crash}`);
      assert.equal(done.written.length, 4);
      await assertWithdrawn(ward);
      assert.equal((await ward.task()).businessStatus?.text, 'results withdrawn');
    }
  }
});

test('a large retraction goes in chunks, the report first, and a crash between two of them loses nothing', async (t) => {
  const ward = await openWard(t);
  const many = Array.from({ length: 9 }, (_, index) => ({ ...PALPITATIONS, part: `obs/${index}` }));
  const publication = await ward.publication(many);
  const { written } = await ward.publish(publication);
  const outputs = (await ward.task()).output;
  const chunks: string[][] = [];
  const client = submitting(ward, async (bundle, attempt) => {
    if (attempt === 3) {
      throw new AdapterError('ehr-unreachable', 'we died here');
    }
    chunks.push((bundle.entry ?? []).map(({ resource }) => resource?.resourceType ?? ''));
    return ward.client.submit(bundle);
  });
  const retraction = retractionOf(publication, written);
  await assert.rejects(take(ward, retraction, client, { entries: 7 }), { code: 'ehr-unreachable' });
  assert.equal(chunks[0]?.[0], 'DiagnosticReport');
  assert.ok(chunks.every((types) => types.length <= 7 && types.at(-1) === 'Task'));
  assert.deepEqual((await ward.task()).output, outputs, 'the Task goes on naming what was written');
  assert.equal((await ward.task()).businessStatus, undefined);

  await take(ward, retraction, ward.client, { entries: 7 });
  await assertWithdrawn(ward);
  assert.deepEqual((await ward.task()).output, outputs);
  const standing = await versions(ward);
  await take(ward, retraction, ward.client, { entries: 7 });
  assert.deepEqual(await versions(ward), standing);
});

test('a server that forbids changes of a type has the rest withdrawn, and the Task names what is left', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication(ALL);
  const { written } = await ward.publish(publication);
  const forbidden = new AdapterError('ehr-forbidden', 'forbidden', { status: 403 });
  const client: FhirClient = {
    ...submitting(ward, async () => {
      throw forbidden;
    }),
    update: async (resource, options) => {
      if (resource.resourceType === 'Condition') {
        throw forbidden;
      }
      return ward.client.update(resource, options);
    },
  };
  const done = await take(ward, retractionOf(publication, written), client);
  const [condition] = await ward.all('Condition');
  assert.ok(condition);
  const why = `${nameOf(condition)} could not be withdrawn: this system takes no changes of Condition resources`;
  assert.deepEqual(done.leftAlone, [why]);
  await assertWithdrawn(ward, [nameOf(condition)]);
  assert.ok((await ward.task()).note?.some(({ text }) => text === why));
});
