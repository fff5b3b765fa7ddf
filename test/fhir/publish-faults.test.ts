import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bundle, Condition, DiagnosticReport, Observation, Procedure, Provenance, Task } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import { APPENDECTOMY, HYPERTENSION, openWard, PALPITATIONS, type Ward } from './publish-support.ts';

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

async function assertOneSet(ward: Ward): Promise<void> {
  for (const type of ['Condition', 'Observation', 'Procedure', 'DiagnosticReport'] as const) {
    assert.equal((await ward.all(type)).length, 1, type);
  }
  const provenances = await ward.all<Provenance>('Provenance');
  assert.equal(new Set(provenances.map(({ target }) => target[0]?.reference)).size, 4);
  assert.equal(provenances.length, 4);
  const task = await ward.task();
  assert.equal(task.status, 'completed');
  assert.equal(task.output?.length, 4);
}

test('a transaction that was committed but whose answer is lost is adopted', async (t) => {
  const ward = await openWard(t);
  let submitted = 0;
  const client = submitting(ward, async (bundle) => {
    submitted += 1;
    await ward.client.submit(bundle);
    throw TIMEOUT();
  });
  const published = await ward.publish(await ward.publication(ALL), client);
  assert.equal(submitted, 1);
  assert.equal(published.written.length, 4);
  await assertOneSet(ward);
});

test('a transaction that was lost is submitted again', async (t) => {
  const ward = await openWard(t);
  const client = submitting(ward, async (bundle, attempt) => {
    if (attempt === 1) {
      throw TIMEOUT();
    }
    return ward.client.submit(bundle);
  });
  await ward.publish(await ward.publication(ALL), client);
  await assertOneSet(ward);
});

test('the Task fences a first transaction that commits after the second', async (t) => {
  const ward = await openWard(t);
  let first: Bundle | undefined;
  const client = submitting(ward, async (bundle, attempt) => {
    if (attempt === 1) {
      first = structuredClone(bundle);
      throw TIMEOUT();
    }
    return ward.client.submit(bundle);
  });
  await ward.publish(await ward.publication(ALL), client);
  assert.ok(first);
  await assert.rejects(ward.client.submit(first), { code: 'ehr-conflict' });
  await assertOneSet(ward);
});

test('a first transaction that commits before the second is adopted, and the second leaves nothing', async (t) => {
  const ward = await openWard(t);
  let first: Bundle | undefined;
  const client = submitting(ward, async (bundle, attempt) => {
    if (attempt === 1) {
      first = structuredClone(bundle);
      throw TIMEOUT();
    }
    if (first !== undefined) {
      const late = first;
      first = undefined;
      await ward.client.submit(late);
    }
    return ward.client.submit(bundle);
  });
  await ward.publish(await ward.publication(ALL), client);
  await assertOneSet(ward);
});

test('a Task that somebody has edited keeps their words, and the results are written', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication(ALL);
  const client = submitting(ward, async (bundle, attempt) => {
    if (attempt === 1) {
      const task = await ward.task();
      await ward.update({ ...task, note: [{ text: 'Please hurry' }] });
    }
    return ward.client.submit(bundle);
  });
  await ward.publish(publication, client);
  await assertOneSet(ward);
  assert.ok((await ward.task()).note?.some(({ text }) => text === 'Please hurry'));
});

test('a Task that a person has cancelled stays cancelled, and nothing is written', async (t) => {
  const ward = await openWard(t);
  const publication = await ward.publication(ALL);
  await ward.update({ ...(await ward.task()), status: 'cancelled' });
  const published = await ward.publish(publication);
  assert.equal(published.cancelled, true);
  assert.equal((await ward.task()).status, 'cancelled');
  assert.equal((await ward.all('DiagnosticReport')).length, 0);
});

for (const declared of [true, false]) {
  test(`a type that the server ${declared ? 'does not offer' : 'refuses on write'} is left out, unless it is essential`, async (t) => {
    const ward = await openWard(t);
    const refusal = new AdapterError('ehr-rejected', 'rejected', {
      status: 400,
      outcome: {
        resourceType: 'OperationOutcome',
        issue: [
          { severity: 'error', code: 'not-supported', details: { text: 'Resource type Procedure is not enabled' } },
        ],
      },
    });
    const client: FhirClient = {
      ...submitting(ward, async (bundle) => {
        if (bundle.entry?.some(({ resource }) => resource?.resourceType === 'Procedure')) {
          throw refusal;
        }
        return ward.client.submit(bundle);
      }),
      capabilities: async () => {
        const capabilities = await ward.client.capabilities();
        const { Procedure, ...types } = capabilities.types;
        return declared ? { ...capabilities, types } : capabilities;
      },
    };
    await assert.rejects(ward.publish(await ward.publication(ALL, { essential: ['Procedure'] }), client), {
      code: 'ehr-rejected',
      message: /Procedure/,
    });
    const published = await ward.publish(await ward.publication(ALL), client);
    assert.deepEqual(
      published.leftOut.map(({ part }) => part),
      [APPENDECTOMY.part],
    );
    const [report] = await ward.all<DiagnosticReport>('DiagnosticReport');
    assert.match(report?.text?.div ?? '', /does not take Procedure resources/);
    assert.equal((await ward.all('Procedure')).length, 0);
    assert.equal((await ward.all('Condition')).length, 1);
  });
}

test('a server that forbids a type without saying which is written to one by one', async (t) => {
  const ward = await openWard(t);
  const forbidden = new AdapterError('ehr-forbidden', 'forbidden', { status: 403 });
  const client: FhirClient = {
    ...submitting(ward, async () => {
      throw forbidden;
    }),
    create: async (resource, options) => {
      if (resource.resourceType === 'Procedure') {
        throw forbidden;
      }
      return ward.client.create(resource, options);
    },
  };
  const published = await ward.publish(await ward.publication(ALL), client);
  assert.deepEqual(
    published.leftOut.map(({ part }) => part),
    [APPENDECTOMY.part],
  );
  assert.equal((await ward.all('Observation')).length, 1);
  assert.equal((await ward.all('Provenance')).length, 3);
  assert.equal((await ward.task()).status, 'completed');
});

test('a crash between any two writes of a server without transactions leaves one set in the end', async (t) => {
  // Of nine writes: a result, its Provenance, the last of them, the report, its Provenance, the Task.
  for (const crash of [1, 2, 6, 7, 8, 9]) {
    const ward = await openWard(t, { transactions: 'none' });
    let writes = 0;
    const dying = (): void => {
      writes += 1;
      if (writes === crash) {
        throw new AdapterError('ehr-unreachable', 'we died here');
      }
    };
    const client: FhirClient = {
      ...ward.client,
      create: async (resource, options) => {
        dying();
        return ward.client.create(resource, options);
      },
      update: async (resource, options) => {
        dying();
        return ward.client.update(resource, options);
      },
    };
    await assert.rejects(ward.publish(await ward.publication(ALL), client), { code: 'ehr-unreachable' });
    await ward.publish(await ward.publication(ALL));
    await assertOneSet(ward);
  }
});

test('an Observation that a clinician has edited is left alone, and the Task says so', async (t) => {
  const ward = await openWard(t);
  const first = await ward.publish(await ward.publication(ALL));
  const [observation] = await ward.all<Observation>('Observation');
  assert.ok(observation);
  await ward.update({ ...observation, status: 'final', note: [{ text: 'Seen by me' }] });
  const changed = { ...PALPITATIONS, label: 'Palpitations', remarks: ['said twice in the note'] };
  const second = await ward.publish(await ward.publication([HYPERTENSION, changed], { written: first.written }));
  const reference = `Observation/${observation.id}`;
  assert.deepEqual(second.leftAlone, [`${reference} was edited since and is left alone`]);
  assert.equal((await ward.all<Observation>('Observation'))[0]?.status, 'final');
  assert.ok((await ward.task()).note?.some(({ text }) => text?.startsWith(reference)));
  // What is no longer found is taken back.
  const [procedure] = await ward.all<Procedure>('Procedure');
  assert.equal(procedure?.status, 'entered-in-error');
});

test('a new report stands beside one that was signed', async (t) => {
  const ward = await openWard(t);
  const first = await ward.publish(await ward.publication([PALPITATIONS]));
  const [report] = await ward.all<DiagnosticReport>('DiagnosticReport');
  assert.ok(report);
  await ward.update({ ...report, status: 'final' });
  const unchanged = await ward.publish(await ward.publication([PALPITATIONS], { written: first.written }));
  assert.equal((await ward.all('DiagnosticReport')).length, 1, 'with nothing new to say there is no new report');
  assert.deepEqual(unchanged.leftAlone, []);
  const more = await ward.publication([PALPITATIONS, HYPERTENSION], { written: first.written });
  const second = await ward.publish(more);
  await ward.publish({ ...more, written: second.written });
  const reports = await ward.all<DiagnosticReport>('DiagnosticReport');
  assert.deepEqual(reports.map(({ status }) => status).sort(), ['final', 'preliminary']);
});

test('a second generation takes back what the first wrote, where it is still ours', async (t) => {
  const ward = await openWard(t);
  const first = await ward.publish(await ward.publication(ALL));
  const [condition] = await ward.all<Condition>('Condition');
  assert.ok(condition);
  await ward.update({ ...condition, note: [{ text: 'Confirmed on the ward round' }] });
  const firstPublication = await ward.publication(ALL);
  const key = `${firstPublication.key}~2`;
  const publication = await ward.publication([PALPITATIONS], { key, superseded: first.written });
  const second = await ward.publish(publication);
  const observations = await ward.all<Observation>('Observation');
  assert.deepEqual(observations.map(({ status }) => status).sort(), ['entered-in-error', 'preliminary']);
  const reports = await ward.all<DiagnosticReport>('DiagnosticReport');
  assert.deepEqual(reports.map(({ status }) => status).sort(), ['entered-in-error', 'preliminary']);
  const [kept] = await ward.all<Condition>('Condition');
  assert.equal(kept?.verificationStatus?.coding?.[0]?.code, 'unconfirmed');
  assert.deepEqual(second.leftAlone, [`Condition/${condition.id} was edited since and is left alone`]);
  assert.ok(second.written.every(({ id }) => !first.written.some((one) => one.id === id)));
  const nullified = (await ward.all<Provenance>('Provenance')).filter(
    ({ activity }) => activity?.coding?.[0]?.code === 'NULLIFY',
  );
  assert.equal(nullified.length, 3);
  const task = await ward.client.read<Task>('Task', publication.taskId);
  assert.equal(task?.output?.length, 2);
});

test('a second copy of a result is withdrawn', async (t) => {
  const ward = await openWard(t);
  const first = await ward.publish(await ward.publication(ALL));
  const [observation] = await ward.all<Observation>('Observation');
  assert.ok(observation);
  const { id, ...copy } = observation;
  await ward.client.create({ ...copy, meta: { security: copy.meta?.security, tag: copy.meta?.tag } });
  const again = await ward.publish(await ward.publication(ALL, { written: first.written }));
  assert.equal(again.duplicates?.length, 1);
  const statuses = (await ward.all<Observation>('Observation')).map(({ id: one, status }) => [one === id, status]);
  assert.deepEqual(statuses.sort(), [
    [false, 'entered-in-error'],
    [true, 'preliminary'],
  ]);
});
