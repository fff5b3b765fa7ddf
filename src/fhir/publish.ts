/**
 * Writes one publication into the EHR, once. The loop is always the same: read what stands, plan what is missing, write
 * it, and plan again; a plan with nothing left to do is the proof that it stands. A lost answer, a late commit, a
 * conflict and a crash all end in that same loop.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AdapterError, asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import { forItsSubject } from './about.ts';
import type { Devices } from './complete-finding.ts';
import { isLarge } from './file-place.ts';
import type { Session } from './part-planner.ts';
import { makePlan, type Plan } from './publish-plan.ts';
import { saysTooLarge, speaksOfType } from './refusal.ts';
import { LONGEST_WAIT } from './retry.ts';
import { neededFiles } from './save-binaries.ts';
import { savedTask } from './save-task.ts';
import { takes } from './takes.ts';
import type { FhirClient, Publication, Published } from './types.ts';
import { openValidator } from './validate.ts';
import { DEFAULT_LIMITS, type Limits } from './write-limits.ts';
import { writeOneByOne } from './write-one-by-one.ts';
import { writeTransaction } from './write-transaction.ts';

export interface WriteDeps {
  log: Log;
  /** Waits before looking again after trouble; milliseconds. */
  wait?: (milliseconds: number) => Promise<void>;
  /** Kept by the caller: what is learnt of them serves the next writing too. */
  limits?: Limits;
}

export interface PublishDeps extends WriteDeps {
  devices: Devices;
}

/** How often trouble (a lost answer, a conflict) is met by looking again before the error is handed on. */
const MOST_TROUBLES = 5;
/** Rounds after which nothing is left to do or less than before; one in small chunks takes one for each chunk. */
const MOST_ROUNDS = 20;

/** What is learnt begins with nothing; `taskVersion` is the Task's version that we last wrote or were told. */
export function startSession(taskVersion: string | undefined): Session {
  return {
    refused: new Set(),
    rejected: new Map(),
    confirmed: new Map(),
    taskVersion: undefined,
    knownTask: taskVersion,
    known: undefined,
    duplicates: new Set(),
    files: new Map(),
    binaries: new Map(),
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

export function published(plan: Plan, session: Session): Published {
  const issue = plan.issues.map((one) => ({ ...one, severity: 'warning' as const }));
  return {
    written: [...plan.written, ...session.binaries.values()],
    task: savedTask(plan.task),
    leftOut: plan.leftOut.map(({ part, why }) => ({ part, why })),
    leftAlone: plan.leftAlone,
    holders: plan.holders,
    ...(issue.length > 0 ? { warnings: { resourceType: 'OperationOutcome' as const, issue } } : {}),
    ...(session.duplicates.size > 0 ? { duplicates: [...session.duplicates] } : {}),
    ...(plan.cancelled ? { cancelled: true } : {}),
  };
}

function isDone(plan: Plan): boolean {
  return plan.writes.length === 0 && plan.provenances.length === 0 && plan.taskDone;
}

/** What is to be written, for the loop: a plan made anew in each round. */
export interface Writing {
  /** The order's key. */
  key: string;
  session: Session;
  /** Whether this server's transactions are believed; else Provenances have to be looked up. */
  plan: (lookUpProvenance: boolean) => Promise<Plan>;
}

/**
 * Writes what the plan says until a new plan finds nothing left to do, or that a person has ended it: that plan is the
 * proof, and is given back. Throws conflicts and ambiguous errors only after having looked several times.
 */
export async function writeUntilItStands(
  client: FhirClient,
  { key, session, plan: planning }: Writing,
  { log, wait = (milliseconds: number) => delay(milliseconds), limits = { ...DEFAULT_LIMITS } }: WriteDeps,
): Promise<Plan> {
  const capabilities = await client.capabilities();
  let oneByOne = !capabilities.transaction || !capabilities.atomic;
  const { entries } = limits;
  let troubles = 0;
  let least = Number.POSITIVE_INFINITY;
  // What stands at the beginning may have been written one by one, by whoever gave up in the middle of it.
  let unsure = true;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    let planned: Plan | undefined;
    try {
      const plan = await planning(oneByOne || unsure);
      planned = plan;
      unsure = false;
      oneByOne ||= plan.provenances.length > 0;
      if (plan.cancelled || isDone(plan)) {
        return plan;
      }
      const left = plan.writes.length + plan.provenances.length;
      if (left < least) {
        least = left;
        round = 0;
      }
      await (oneByOne ? writeOneByOne(client, key, plan, session) : writeTransaction(client, plan, session, limits));
    } catch (thrown) {
      const error = asAdapterError(thrown);
      if (planned === undefined && error.kind !== 'ambiguous') {
        // Only a file that was written on the way is worth another look.
        throw error;
      }
      if (planned !== undefined && !oneByOne && (speaksOfType(error) || saysTooLarge(error))) {
        // The server refuses something and does not say what: one by one, it shows.
        oneByOne = true;
        // One resource alone may be what is too large: then nothing was learnt of how many the server takes.
        limits.entries = entries;
      } else if (error.code !== 'ehr-conflict' && error.kind !== 'ambiguous') {
        throw error;
      } else if (troubles >= MOST_TROUBLES || (error.retryAfter ?? 0) > LONGEST_WAIT) {
        throw error;
      }
      troubles += 1;
      log.info({ code: error.code, attempt: troubles }, 'the results are looked up and written again');
      await wait(Math.max(Math.min(250 * 2 ** troubles, 8000), (error.retryAfter ?? 0) * 1000));
    }
  }
  throw new AdapterError('ehr-error', 'The FHIR server does not show what it has accepted');
}

/** The types that this publication consists of. */
function typesOf(publication: Publication): Set<string> {
  const results = publication.findings.items.map(({ resource }) => resource.resourceType);
  const small = neededFiles(publication).filter((file) => !isLarge(file, publication.binaryLimit));
  const files = small.length > 0 ? ['Binary'] : [];
  return new Set([...results, ...files, 'DiagnosticReport', 'Provenance', 'Task']);
}

/**
 * Publishes and verifies. Repeats harmlessly: called again after a crash or an ambiguous error it adopts what stands.
 * Throws `ehr-rejected` where the server refuses an essential type or the whole, with its OperationOutcome; conflicts and
 * ambiguous errors only after having looked several times.
 */
export async function publish(client: FhirClient, asked: Publication, deps: PublishDeps): Promise<Published> {
  const { log, devices } = deps;
  const publication = forItsSubject(asked);
  const validate = await openValidator();
  const capabilities = await client.capabilities();
  const session = startSession(publication.taskVersion);
  for (const type of typesOf(publication)) {
    if (!takes(capabilities, type)) {
      session.refused.add(type);
    }
  }
  if (session.refused.has('Media') && !takes(capabilities, 'DocumentReference')) {
    session.refused.add('DocumentReference');
  }
  const plan = async (lookUpProvenance: boolean): Promise<Plan> => {
    checkEssential(publication, session);
    const made = await makePlan({ client, devices, validate, lookUpProvenance }, publication, session);
    checkEssential(publication, session);
    return made;
  };
  const last = await writeUntilItStands(client, { key: publication.key, session, plan }, deps);
  for (const copy of session.duplicates) {
    log.warn({ resourceType: copy.split('/')[0] }, 'a second copy of a result was found');
  }
  // What was written before stays remembered, although a cancelled order writes nothing more.
  return last.cancelled ? { ...published(last, session), written: publication.written } : published(last, session);
}
