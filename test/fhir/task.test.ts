import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Task } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import { saveTask } from '../../src/fhir/save-task.ts';
import { buildTask, mergeTask } from '../../src/fhir/task.ts';
import type { TaskView } from '../../src/fhir/types.ts';
import { openValidator, type Validate } from '../../src/fhir/validate.ts';
import { openWard, viewOf } from './publish-support.ts';

let validate: Validate;
before(async () => {
  validate = await openValidator();
});

const view = (more: Partial<TaskView> = {}): TaskView =>
  viewOf('site/DocumentReference/1/route', '1', 'Patient/1', 'Device/1', more);
const STATUSES: TaskView['status'][] = [
  'received',
  'accepted',
  'in-progress',
  'on-hold',
  'completed',
  'rejected',
  'failed',
  'cancelled',
];

test('every state of an order is a valid Task, and a refusal always says why', () => {
  for (const status of STATUSES) {
    const task = buildTask(view({ status, endedAt: '2026-11-20T09:00:00Z', businessStatus: 'polling', owner: '' }));
    assert.deepEqual(validate(task), [], status);
    const refused = status === 'rejected' || status === 'failed';
    assert.equal(task.statusReason !== undefined, refused || status === 'on-hold' || status === 'cancelled', status);
    assert.equal(task.contained !== undefined, refused, status);
    assert.equal(task.output?.at(-1)?.valueReference?.reference, refused ? '#outcome' : undefined, status);
  }
});

test('a server may have quoted the patient in diagnostics: they do not reach the Task', () => {
  const outcome = {
    resourceType: 'OperationOutcome' as const,
    issue: [
      {
        severity: 'error' as const,
        code: 'invalid' as const,
        diagnostics: 'Jane Example',
        expression: ['Condition.code'],
      },
    ],
  };
  const task = buildTask(view({ status: 'failed', reason: { code: 'ehr-rejected', text: 'Not taken.' }, outcome }));
  assert.ok(!JSON.stringify(task).includes('Jane'));
  assert.ok(JSON.stringify(task).includes('Condition.code'));
});

test('our fields go on top of what others wrote, and a stale reason goes', () => {
  const theirs: Task & { id: string } = {
    ...buildTask(view({ status: 'on-hold', reason: { code: 'vendor-quota', text: 'Quota.' } })),
    id: '1',
    intent: 'order',
    requester: { reference: 'Practitioner/1' },
    input: [{ type: { text: 'hint' }, valueString: 'left knee' }],
    note: [{ text: 'theirs' }],
    output: [{ type: { text: 'theirs' }, valueString: 'x' }],
  };
  const outputs = [{ label: 'Report', reference: 'DiagnosticReport/1' }];
  const merged = mergeTask(theirs, buildTask(view({ status: 'completed', outputs, notes: ['ours', 'theirs'] })));
  assert.equal(merged.intent, 'order');
  assert.equal(merged.requester?.reference, 'Practitioner/1');
  assert.equal(merged.input?.length, 1);
  assert.deepEqual(
    merged.note?.map(({ text }) => text),
    ['theirs', 'ours'],
  );
  assert.equal(merged.output?.length, 2);
  assert.equal(merged.statusReason, undefined);
  assert.deepEqual(validate(merged), []);
});

test('a Task is made once, also when the answer to its making is lost', async (t) => {
  const ward = await openWard(t);
  const order = view({ subject: ward.patient, focus: { type: 'DocumentReference', id: '1' }, key: 'ward/x/1/r' });
  const losing = {
    ...ward.client,
    create: async (...args: Parameters<typeof ward.client.create>) => {
      await ward.client.create(...args);
      throw new AdapterError('ehr-timeout', 'no answer');
    },
  };
  await assert.rejects(saveTask(losing as typeof ward.client, order), { code: 'ehr-timeout' });
  const saved = await saveTask(ward.client, order);
  assert.deepEqual(await saveTask(ward.client, order, saved), saved, 'the same view is not written again');
  assert.equal((await ward.all('Task')).length, 1);
});

test('a Task that changes under our hands keeps both', async (t) => {
  const ward = await openWard(t);
  const order = view({ subject: ward.patient });
  const saved = await saveTask(ward.client, order);
  let raced = false;
  const racing = {
    ...ward.client,
    update: async (...args: Parameters<typeof ward.client.update>) => {
      if (!raced) {
        raced = true;
        const now = await ward.client.read<Task>('Task', saved.id);
        await ward.update({ ...now, resourceType: 'Task', priority: 'urgent' } as Task);
      }
      return ward.client.update(...args);
    },
  };
  const next = await saveTask(racing as typeof ward.client, { ...order, businessStatus: 'polling' }, saved);
  assert.equal(next.edited, true);
  const task = await ward.client.read<Task>('Task', saved.id);
  assert.equal(task?.priority, 'urgent');
  assert.equal(task?.businessStatus?.text, 'polling');
});

test('what a person has cancelled is never moved back; what we cancelled may be', async (t) => {
  const ward = await openWard(t);
  const order = view({ subject: ward.patient });
  const saved = await saveTask(ward.client, order);
  const task = await ward.client.read<Task>('Task', saved.id);
  await ward.update({ ...task, resourceType: 'Task', status: 'cancelled' } as Task);
  const told = await saveTask(ward.client, { ...order, status: 'completed' }, saved);
  assert.equal(told.cancelled, true);
  assert.equal((await ward.client.read<Task>('Task', saved.id))?.status, 'cancelled');

  const reason = { code: 'limit-reached', text: 'The approval has expired.' };
  const ours = await saveTask(ward.client, view({ key: 'other', subject: ward.patient, status: 'cancelled', reason }));
  const again = await saveTask(ward.client, view({ key: 'other', subject: ward.patient }), ours);
  assert.equal(again.cancelled, undefined);
  assert.equal((await ward.client.read<Task>('Task', ours.id))?.status, 'in-progress');
});
