/** Tasks that the EHR makes for us: which are, and what we answer where they cannot become an order's. */
import type { Task } from '@medplum/fhirtypes';
import { asAdapterError } from '../errors.ts';
import { identifiersOf } from './identifiers.ts';
import { localReference } from './references.ts';
import { OUR_SYSTEMS, SYSTEMS } from './terminology.ts';
import type { FhirClient } from './types.ts';

/** Whether a resource is one that we made, or a Task that we have claimed: news of it never makes an order. */
export function isOwn(resource: Parameters<typeof identifiersOf>[0]): boolean {
  const ours: readonly (string | undefined)[] = [OUR_SYSTEMS.order, OUR_SYSTEMS.result];
  return identifiersOf(resource).some(({ system }) => ours.includes(system));
}

/** Whether somebody asks us, by one of our references, to do what the Task is about; once claimed it is ours, not asked. */
export function isForUs(baseUrl: string, task: Task, owners: readonly string[]): boolean {
  const owner = localReference(baseUrl, task.owner)?.reference;
  return task.status === 'requested' && owner !== undefined && owners.includes(owner) && !isOwn(task);
}

/** What a Task asks for: to stop what another Task of ours does (FHIR's `abort`), or to do what its focus orders. */
export function askedBy(
  baseUrl: string,
  task: Task,
): { abort: string } | { order: { type: string; id: string } } | undefined {
  const focus = localReference(baseUrl, task.focus);
  if (!focus) {
    return undefined;
  }
  const abort = task.code?.coding?.some(({ code, system }) => code === 'abort' && system === SYSTEMS.taskCode);
  if (focus.type === 'Task') {
    return abort ? { abort: focus.id } : undefined;
  }
  return { order: { type: focus.type, id: focus.id } };
}

/** Answers a Task that becomes no order's, in words; a Task that changed meanwhile is left as it is. */
export async function answerTask(
  client: FhirClient,
  task: Task & { id: string },
  answer: { status: 'rejected' | 'completed'; code: string; text: string },
): Promise<void> {
  const version = task.meta?.versionId;
  const statusReason = { coding: [{ system: OUR_SYSTEMS.reason, code: answer.code }], text: answer.text };
  try {
    await client.update<Task>({ ...task, status: answer.status, statusReason }, version ? { ifMatch: version } : {});
  } catch (thrown) {
    if (asAdapterError(thrown).code !== 'ehr-conflict') {
      throw thrown;
    }
  }
}

/** Ends a Task that we had made before the EHR's own came: the order goes on there. */
export async function handOver(client: FhirClient, id: string, to: string): Promise<void> {
  const task = await client.read<Task>('Task', id);
  if (task?.id === undefined || task.status === 'entered-in-error') {
    return;
  }
  const text = `The order is followed on Task/${to} instead.`;
  const note = [...(task.note ?? []), { text }];
  const { statusReason: _, businessStatus: _state, ...rest } = task;
  const version = task.meta?.versionId;
  await client.update<Task>({ ...rest, id, status: 'entered-in-error', note }, version ? { ifMatch: version } : {});
}
