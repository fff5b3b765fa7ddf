/** Writes a plan as one transaction, or the first chunk of it where a server limits the size of a Bundle. */
import { AdapterError, asAdapterError } from '../errors.ts';
import { nameOf, type Session, type Write } from './part-planner.ts';
import type { Plan } from './publish-plan.ts';
import { refusedType, rejectedEntry, saysTooLarge } from './refusal.ts';
import type { Stored } from './standing.ts';
import { buildTransaction, type EntryResult, readAnswer, type Submission } from './transaction.ts';
import type { FhirClient } from './types.ts';
import { type Limits, shrink } from './write-limits.ts';

const REJECTED = 'this system refused it';

function cost(write: Write): { entries: number; updates: number } {
  return { entries: write.provenance === undefined ? 1 : 2, updates: write.id === undefined ? 0 : 1 };
}

/** As many writes from the front as fit beside the Task; at least one. */
function firstChunk(writes: Write[], limits: Limits): Write[] {
  let entries = 1;
  let updates = 1;
  const chunk: Write[] = [];
  for (const write of writes) {
    const more = cost(write);
    entries += more.entries;
    updates += more.updates;
    if (chunk.length > 0 && (entries > limits.entries || updates > limits.updates)) {
      break;
    }
    chunk.push(write);
  }
  return chunk;
}

/** Items first, then withdrawals, the report last: it refers to the others. */
function inOrder(writes: Write[]): Write[] {
  const order = ['item', 'withdrawal', 'report'];
  return [...writes].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/**
 * The Task beside a chunk that is not the last: as it stands, but with the outputs so far, so that its version moves on
 * and fences this chunk too. Its state changes only with the last one.
 */
function interim(plan: Plan, chunk: Write[], pending: Write[]): Stored {
  const missing = pending.filter((write) => write.kind !== 'withdrawal' && !chunk.includes(write));
  const coming = new Set(missing.map(({ reference }) => reference));
  const output = (plan.wanted.output ?? []).filter(
    ({ valueReference }) => !coming.has(valueReference?.reference ?? '') && !valueReference?.reference?.startsWith('#'),
  );
  return { ...plan.task, output, lastModified: plan.wanted.lastModified };
}

function failure({ status, outcome }: EntryResult): AdapterError {
  const options = { status, ...(outcome === undefined ? {} : { outcome }) };
  if (status === 409 || status === 412) {
    return new AdapterError('ehr-conflict', 'A resource changed while the results were written', options);
  }
  if (status === 0) {
    return new AdapterError('ehr-protocol', "The FHIR server's answer leaves entries of the transaction out", {
      ...options,
      kind: 'ambiguous',
    });
  }
  if (status === 401 || status === 403) {
    return new AdapterError('ehr-forbidden', 'The FHIR server forbids an entry of the transaction', options);
  }
  return status >= 500
    ? new AdapterError('ehr-error', 'The FHIR server failed at an entry of the transaction', options)
    : new AdapterError('ehr-rejected', 'The FHIR server rejected an entry of the transaction', options);
}

/** What an answer confirms is remembered, also where other entries of the same answer failed. */
function confirm(results: EntryResult[], session: Session, final: boolean): void {
  for (const { subject, status, saved } of results) {
    if (status < 200 || status > 299 || saved === undefined || subject === undefined) {
      continue;
    }
    if ('write' in subject) {
      session.confirmed.set(nameOf(subject.write), saved);
    } else if ('task' in subject) {
      session.knownTask = saved.version;
      session.taskVersion = final ? saved.version : undefined;
    }
  }
}

/** Learns from an error about one entry: true where leaving something out lets the rest be written. */
function learn(error: AdapterError, submission: Submission, index: number | undefined, session: Session): boolean {
  const types = submission.subjects.flatMap((subject) => {
    const resource = 'write' in subject ? subject.write.resource : undefined;
    return resource === undefined ? ('provenanceOf' in subject ? ['Provenance'] : []) : [resource.resourceType];
  });
  const at = index ?? rejectedEntry(error.outcome);
  const subject = at === undefined ? undefined : submission.subjects[at];
  const named = refusedType(error, [...new Set(types)]);
  if (named !== undefined) {
    session.refused.add(named);
    return true;
  }
  if (
    error.code !== 'ehr-rejected' ||
    subject === undefined ||
    !('write' in subject) ||
    subject.write.kind === 'report'
  ) {
    return false;
  }
  session.rejected.set(nameOf(subject.write), REJECTED);
  return true;
}

/**
 * Submits what is left to do. `session` learns what was confirmed and what the server does not take, `limits` how much it
 * takes at once; the caller makes the plan again afterwards. Throws `ehr-conflict`, ambiguous errors, and rejections that nothing can be learnt from.
 */
export async function writeTransaction(
  client: FhirClient,
  plan: Plan,
  session: Session,
  limits: Limits,
): Promise<void> {
  const pending = inOrder(plan.writes);
  const chunk = firstChunk(pending, limits);
  const final = chunk.length === pending.length;
  const task = final ? plan.wanted : interim(plan, chunk, pending);
  const submission = buildTransaction(client.baseUrl, chunk, task, plan.task.meta?.versionId);
  let results: EntryResult[];
  try {
    results = readAnswer(submission, await client.submit(submission.bundle));
  } catch (thrown) {
    const error = asAdapterError(thrown);
    // Nothing was written. What is too large in one entry is learnt of that entry, where the server names it.
    if (learn(error, submission, undefined, session)) {
      return;
    }
    if (saysTooLarge(error) && shrink(limits, submission.subjects.length)) {
      return;
    }
    throw error;
  }
  confirm(results, session, final);
  const failed = results.findIndex(({ status }) => status < 200 || status > 299);
  const result = results[failed];
  if (result !== undefined) {
    const error = failure(result);
    if (!learn(error, submission, failed, session)) {
      throw error;
    }
  }
}
