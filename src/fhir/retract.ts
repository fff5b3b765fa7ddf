/**
 * Withdraws everything that an order wrote, in all its generations, because the order turned out to be entered in error
 * after its results stood. Written in the same loop as a publication: read what stands, plan, write, and look again.
 */
import type { Task } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { fileHolders } from './file-holders.ts';
import { forgottenResults } from './forgotten-results.ts';
import { missingProvenances } from './missing-provenances.ts';
import { PartPlanner, type Session } from './part-planner.ts';
import { buildWithdrawalProvenance } from './provenance.ts';
import { published, startSession, type WriteDeps, writeUntilItStands } from './publish.ts';
import type { Plan } from './publish-plan.ts';
import { type Extent, retractedTask, retractedView } from './retracted-task.ts';
import { isStanding, saveTask } from './save-task.ts';
import { isWithdrawn } from './take-back.ts';
import { takes } from './takes.ts';
import { ownerOf, sameTask } from './task.ts';
import type { FhirClient, Published, TaskView, WrittenPart } from './types.ts';
import { isWithdrawable, planWithdrawals, type Withdrawal } from './withdrawals.ts';

export interface Retraction {
  /** What all generations of the order wrote, each in the version we last wrote. */
  written: WrittenPart[];
  /** Why, as a sentence for a clinician without a patient's data: "The order was entered in error." */
  reason: string;
  /**
   * The patient's reference as the results state it: by it is found what was written and never remembered. Absent: they
   * are about others.
   */
  subject?: string;
  /** The last generation's Task. Its state counts only where the one in the EHR has not ended. */
  task: TaskView;
  /** Empty where none is known. */
  taskId: string;
  /** The instant of this writing. */
  now: string;
}

function extentOf(planner: PartPlanner, withdrawn: boolean): Extent | undefined {
  if (planner.leftAlone.length > 0) {
    return withdrawn ? 'partly' : 'not at all';
  }
  return withdrawn ? 'wholly' : undefined;
}

/** The Task as it stands. One that somebody has deleted is made again: the withdrawal has to be told somewhere. */
async function standingTask(client: FhirClient, taskId: string, view: TaskView): Promise<Plan['task']> {
  const known = taskId === '' ? undefined : await client.read<Task>('Task', taskId);
  if (isStanding(known)) {
    return known;
  }
  const made = await client.read<Task>('Task', (await saveTask(client, view)).id);
  if (!isStanding(made)) {
    throw new AdapterError('ehr-error', 'The FHIR server does not show the Task that it has accepted');
  }
  return made;
}

async function makeRetractionPlan(
  client: FhirClient,
  retraction: Retraction,
  session: Session,
  lookUpProvenance: boolean,
): Promise<Plan> {
  const { written, reason, subject, now } = retraction;
  const planner = new PartPlanner(written, session, {
    written: () => {
      throw new TypeError('A retraction makes no results');
    },
    withdrawn: (facts) => buildWithdrawalProvenance(facts, now, ownerOf(retraction.task)),
  });
  const remembered = written.map((one): Withdrawal => ({ written: one, remember: true }));
  const forgotten = await forgottenResults(client, retraction.task.key, subject, written);
  const all = [...remembered, ...forgotten].map((one) => ({ ...one, why: reason }));
  const current = await planWithdrawals(planner, client, session, all);
  const withdrawn = planner.writes.length > 0 || [...current.values()].some(isWithdrawn);
  const said = { extent: extentOf(planner, withdrawn), reason, left: planner.leftAlone, now };
  const view = retractedView(retraction.task, said);
  const task = await standingTask(client, retraction.taskId, view);
  const wanted = retractedTask(task, view);
  const version = task.meta?.versionId;
  return {
    writes: planner.writes,
    provenances: lookUpProvenance ? await missingProvenances(client, planner, session) : [],
    task,
    wanted,
    taskDone: sameTask(task, wanted) || (version !== undefined && version === session.taskVersion),
    cancelled: false,
    written: [...planner.written, ...written.filter((one) => !isWithdrawable(one))],
    leftOut: [],
    issues: [],
    leftAlone: [...new Set(planner.leftAlone)],
    holders: fileHolders(current.values()),
  };
}

/**
 * Marks every result of the order as entered in error, each with a Provenance, and says so on the Task, in one
 * transaction under its `ifMatch`; reports first and the Task last where a server has no transactions. What somebody has
 * edited or signed since is left alone and told of (`leftAlone`, and on the Task). Types without such a state (Provenance,
 * Binary, Device) stay. `written` gives all parts that still exist as they stand afterwards; parts of several generations
 * have equal names, so tell them apart by type and id.
 *
 * Repeats harmlessly, and finds nothing left to do the second time. Throws `ehr-rejected` where the server refuses the
 * whole; conflicts and ambiguous errors only after having looked several times.
 */
export async function retract(client: FhirClient, retraction: Retraction, deps: WriteDeps): Promise<Published> {
  const session = startSession(undefined);
  if (!takes(await client.capabilities(), 'Provenance')) {
    session.refused.add('Provenance');
  }
  const plan = await writeUntilItStands(
    client,
    {
      key: retraction.task.key,
      session,
      plan: (lookUpProvenance) => makeRetractionPlan(client, retraction, session, lookUpProvenance),
    },
    deps,
  );
  return published(plan, session);
}
