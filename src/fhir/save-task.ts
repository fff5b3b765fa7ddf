/** Writes an order's Task: looked up before it is made, merged with what others wrote, never against a person's cancel. */
import type { Task } from '@medplum/fhirtypes';
import { AdapterError, asAdapterError } from '../errors.ts';
import type { Question } from '../vendors/contract.ts';
import { findByIdentifier } from './find-by-identifier.ts';
import { searchToken } from './identifiers.ts';
import { buildTask, mergeTask, sameTask } from './task.ts';
import { answerIn, type TaskAnswer } from './task-answer.ts';
import { isForUs } from './task-for-us.ts';
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

/** Which Task of the EHR may be used instead of making one. */
export interface Claim {
  /** Its id, where it is known. */
  id?: string | undefined;
  /** References of who we are: a requested Task with focus on the order that one of these owns is for us. */
  owners: readonly string[];
}

async function current(
  client: FhirClient,
  key: string,
  id: string | undefined,
  claimed: string | undefined,
): Promise<StandingTask | undefined> {
  for (const one of [id, claimed]) {
    const known = one === undefined ? undefined : await client.read<Task>('Task', one);
    if (isStanding(known)) {
      return known;
    }
  }
  const found = await findByIdentifier(client, 'Task', OUR_SYSTEMS.order, [key]);
  const tasks = found.flatMap((task) => (task.resourceType === 'Task' && isStanding(task) ? [task] : []));
  // Withdrawn copies count only where there is nothing else.
  return tasks.find(({ status }) => status !== 'entered-in-error') ?? tasks[0];
}

/** What somebody has made of a Task of ours. */
export type TaskSight =
  /** It was cancelled, or marked as an error. */
  | { closed: true }
  /** `answer`: what it says to the question. */
  | { closed: false; version: string | undefined; answer?: TaskAnswer };

/**
 * The Task as somebody has changed it since the version that we know; undefined: nobody has, or it is gone. `asked`: the
 * question that it may hold the answer to, and now.
 */
export async function lookAtTask(
  client: FhirClient,
  known: { id: string; version: string | undefined },
  asked?: { question: Question; now: Date },
): Promise<TaskSight | undefined> {
  const task = await client.read<Task>('Task', known.id);
  if (task === undefined || task.meta?.versionId === known.version) {
    return undefined;
  }
  if (ENDED_BY_PERSON.includes(task.status)) {
    return { closed: true };
  }
  const answer = asked && answerIn(task, asked.question, { baseUrl: client.baseUrl, now: asked.now });
  return { closed: false, version: task.meta?.versionId, ...(answer && { answer }) };
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

/** The Task that the EHR has made for us and that nobody has claimed; a server that cannot search for it has none. */
async function findForUs(client: FhirClient, view: TaskView, { owners }: Claim): Promise<StandingTask | undefined> {
  const { types } = await client.capabilities();
  const searchable = ['focus', 'status'].every((name) => types.Task?.searchParams.includes(name));
  if (!searchable || owners.length === 0) {
    return undefined;
  }
  try {
    const { entry = [] } = await client.search(`Task?focus=${view.focus.type}/${view.focus.id}&status=requested`);
    const tasks = entry.flatMap(({ resource }) => (resource?.resourceType === 'Task' ? [resource] : []));
    return tasks.filter(isStanding).find((task) => isForUs(client.baseUrl, task, owners));
  } catch (thrown) {
    if (['ehr-rejected', 'ehr-forbidden'].includes(asAdapterError(thrown).code)) {
      return undefined;
    }
    throw thrown;
  }
}

/**
 * Makes or updates the Task so that it shows `view`; the first time, one that the EHR has made for us is claimed (under
 * If-Match) instead. Repeats harmlessly: after `ehr-timeout` (ambiguous) call it again.
 * Throws `ehr-conflict` where the Task keeps changing, and the client's other errors.
 */
export async function saveTask(
  client: FhirClient,
  view: TaskView,
  known?: { id: string; version?: string },
  claim: Claim = { owners: [] },
): Promise<SavedTask> {
  const built = buildTask(view);
  let id = known?.id;
  for (let attempt = 1; ; attempt += 1) {
    const standing =
      (await current(client, view.key, id, known ? undefined : claim.id)) ??
      (known ? undefined : await findForUs(client, view, claim));
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
