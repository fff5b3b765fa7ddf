/**
 * Writes one publication into the EHR, once. The loop is always the same: read what stands, plan what is missing, write
 * it, and plan again; a plan with nothing left to do is the proof that it stands. A lost answer, a late commit, a
 * conflict and a crash all end in that same loop.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AdapterError, asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Devices } from './complete-finding.ts';
import type { Session } from './part-planner.ts';
import { makePlan, type Plan } from './publish-plan.ts';
import { speaksOfType } from './refusal.ts';
import { savedTask } from './save-task.ts';
import { takes } from './takes.ts';
import type { FhirClient, Publication, Published } from './types.ts';
import { openValidator } from './validate.ts';
import { writeOneByOne } from './write-one-by-one.ts';
import { DEFAULT_LIMITS, type Limits, writeTransaction } from './write-transaction.ts';

export interface PublishDeps {
  devices: Devices;
  log: Log;
  /** Waits before looking again after trouble; milliseconds. */
  wait?: (milliseconds: number) => Promise<void>;
  limits?: Partial<Limits>;
}

/** How often trouble (a lost answer, a conflict) is met by looking again before the error is handed on. */
const MOST_TROUBLES = 5;
/** Rounds without trouble; a large publication in small chunks takes one for each chunk. */
const MOST_ROUNDS = 200;

function startSession(publication: Publication): Session {
  return {
    refused: new Set(),
    rejected: new Map(),
    confirmed: new Map(),
    taskVersion: undefined,
    knownTask: publication.taskVersion,
    known: undefined,
    duplicates: new Set(),
  };
}

/** Refuses a publication that needs a type which the site calls essential and the server does not take. */
function checkEssential(publication: Publication, session: Session): void {
  const missing = publication.essential.find((type) => session.refused.has(type));
  if (missing !== undefined) {
    const message = `The FHIR server does not take ${missing} resources, which this site calls essential`;
    throw new AdapterError('ehr-rejected', message);
  }
}

function published(plan: Plan, session: Session): Published {
  const issue = plan.issues.map((one) => ({ ...one, severity: 'warning' as const }));
  return {
    written: plan.written,
    task: savedTask(plan.task),
    leftOut: plan.leftOut.map(({ part, why }) => ({ part, why })),
    leftAlone: plan.leftAlone,
    ...(issue.length > 0 ? { warnings: { resourceType: 'OperationOutcome' as const, issue } } : {}),
    ...(session.duplicates.size > 0 ? { duplicates: [...session.duplicates] } : {}),
    ...(plan.cancelled ? { cancelled: true } : {}),
  };
}

function isDone(plan: Plan): boolean {
  return plan.writes.length === 0 && plan.provenances.length === 0 && plan.taskDone;
}

/**
 * Publishes and verifies. Repeats harmlessly: called again after a crash or an ambiguous error it adopts what stands.
 * Throws `ehr-rejected` where the server refuses an essential type or the whole, with its OperationOutcome; conflicts and
 * ambiguous errors only after having looked several times.
 */
export async function publish(client: FhirClient, publication: Publication, deps: PublishDeps): Promise<Published> {
  const { log, devices, wait = (milliseconds: number) => delay(milliseconds) } = deps;
  const validate = await openValidator();
  const capabilities = await client.capabilities();
  const session = startSession(publication);
  const types = publication.findings.items.map(({ resource }) => resource.resourceType);
  for (const type of new Set([...types, 'DiagnosticReport', 'Provenance', 'Task'])) {
    if (!takes(capabilities, type)) {
      session.refused.add(type);
    }
  }
  let oneByOne = !capabilities.transaction || !capabilities.atomic;
  const limits = { ...DEFAULT_LIMITS, ...deps.limits };
  let troubles = 0;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    checkEssential(publication, session);
    const plan = await makePlan({ client, devices, validate, lookUpProvenance: oneByOne }, publication, session);
    if (plan.cancelled || isDone(plan)) {
      checkEssential(publication, session);
      for (const copy of session.duplicates) {
        log.warn({ resourceType: copy.split('/')[0] }, 'a second copy of a result was found');
      }
      // What was written before stays remembered, although a cancelled order writes nothing more.
      return plan.cancelled ? { ...published(plan, session), written: publication.written } : published(plan, session);
    }
    try {
      checkEssential(publication, session);
      await (oneByOne
        ? writeOneByOne(client, publication.key, plan, session)
        : writeTransaction(client, plan, session, limits));
    } catch (thrown) {
      const error = asAdapterError(thrown);
      if (!oneByOne && speaksOfType(error)) {
        // The server refuses something and does not say what: one by one, it shows.
        oneByOne = true;
      } else if (error.code !== 'ehr-conflict' && error.kind !== 'ambiguous') {
        throw error;
      } else if (troubles >= MOST_TROUBLES) {
        throw error;
      }
      troubles += 1;
      log.info({ code: error.code, attempt: troubles }, 'the results are looked up and written again');
      await wait(Math.min(250 * 2 ** troubles, 8000));
    }
  }
  throw new AdapterError('ehr-error', 'The FHIR server does not show what it has accepted');
}
