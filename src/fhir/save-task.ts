/** Writes an order's Task: looked up before it is made, merged with what others wrote, never against a person's cancel. */
import type { Task } from '@medplum/fhirtypes';
import { AdapterError, asAdapterError } from '../errors.ts';
import { findByIdentifier } from './find-by-identifier.ts';
import { searchToken } from './identifiers.ts';
import { buildTask, mergeTask, sameTask } from './task.ts';
import { OUR_SYSTEMS } from './terminology.ts';
import type { FhirClient, Saved, TaskView } from './types.ts';

export interface SavedTask extends Saved {
  /** Somebody else has changed the Task since the version we knew. */
  edited?: boolean;
  /** A person has ended it (cancelled, entered-in-error): nothing was written, and the order is to stop. */
  cancelled?: boolean;
}

type StandingTask = Task & { id: string };

/** How often a Task that changes under our hands is read again. */
const TRIES = 5;
const ENDED_BY_PERSON: readonly Task['status'][] = ['cancelled', 'entered-in-error'];

export function isStanding(task: Task | undefined): task is StandingTask {
  return task?.id !== undefined;
}

export function savedTask(task: StandingTask): Saved {
  return { type: 'Task', id: task.id, version: task.meta?.versionId };
}

/** Whether the Task was ended by somebody else than us; `known` is the version that we last wrote or read. */
export function endedByPerson(task: Task, wanted: Task['status'], known: string | undefined): boolean {
  const theirs = known === undefined || task.meta?.versionId !== known;
  return theirs && ENDED_BY_PERSON.includes(task.status) && task.status !== wanted;
}

async function current(client: FhirClient, key: string, id: string | undefined): Promise<StandingTask | undefined> {
  const known = id === undefined ? undefined : await client.read<Task>('Task', id);
  if (isStanding(known)) {
    return known;
  }
  const found = await findByIdentifier(client, 'Task', OUR_SYSTEMS.order, [key]);
  const tasks = found.flatMap((task) => (task.resourceType === 'Task' && isStanding(task) ? [task] : []));
  // Withdrawn copies count only where there is nothing else.
  return tasks.find(({ status }) => status !== 'entered-in-error') ?? tasks[0];
}

async function create(client: FhirClient, view: TaskView): Promise<StandingTask> {
  const { types } = await client.capabilities();
  // Nothing fences the very first write, so the server's own guard is used where it has one.
  const guard = types.Task?.conditionalCreate === true ? searchToken(OUR_SYSTEMS.order, view.key) : undefined;
  const made = await client.create(buildTask(view), guard === undefined ? {} : { ifNoneExist: `identifier=${guard}` });
  if (!isStanding(made)) {
    throw new AdapterError('ehr-protocol', 'The FHIR server made a Task without an id');
  }
  return made;
}

/**
 * Makes or updates the Task so that it shows `view`. Repeats harmlessly: after `ehr-timeout` (ambiguous) call it again.
 * Throws `ehr-conflict` where the Task keeps changing, and the client's other errors.
 */
export async function saveTask(
  client: FhirClient,
  view: TaskView,
  known?: { id: string; version?: string },
): Promise<SavedTask> {
  const built = buildTask(view);
  let id = known?.id;
  for (let attempt = 1; ; attempt += 1) {
    const standing = await current(client, view.key, id);
    // A conditional create may answer with a Task that stood already: then our fields are still to be put on it.
    const found = standing ?? (await create(client, view));
    id = found.id;
    const edited = known?.version !== undefined && found.meta?.versionId !== known.version ? { edited: true } : {};
    if (standing !== undefined && endedByPerson(standing, view.status, known?.version)) {
      return { ...savedTask(standing), ...edited, cancelled: true };
    }
    const wanted = mergeTask(found, built);
    if (sameTask(wanted, found)) {
      return { ...savedTask(found), ...edited };
    }
    try {
      const version = found.meta?.versionId;
      const written = await client.update(wanted, version === undefined ? {} : { ifMatch: version });
      return { ...savedTask({ ...written, id: found.id }), ...edited };
    } catch (thrown) {
      if (asAdapterError(thrown).code !== 'ehr-conflict' || attempt >= TRIES) {
        throw thrown;
      }
    }
  }
}
