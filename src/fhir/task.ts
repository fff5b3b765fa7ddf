/** The order as a FHIR Task: TaskView → Task, and our fields on top of a Task that others may touch too. Pure. */
import type { Annotation, Device, OperationOutcome, Reference, Resource, Task, TaskOutput } from '@medplum/fhirtypes';
import type { Figure } from '../findings.ts';
import { canonical } from './content-hash.ts';
import { ADAPTER_DEVICE } from './devices.ts';
import { jobIdentifiers, orderIdentifier } from './identifiers.ts';
import { FULFILL, OUR_SYSTEMS } from './terminology.ts';
import { tidy } from './tidy.ts';
import type { TaskView } from './types.ts';

const OUTCOME_ID = 'outcome';
const FIGURE = 'figure';
/** The states that SHALL say why (HRex), and those where people look for a reason. */
const WITH_REASON: readonly TaskView['status'][] = ['rejected', 'failed', 'cancelled', 'on-hold'];
const WITH_OUTCOME: readonly TaskView['status'][] = ['rejected', 'failed'];
const MOST_ISSUES = 20;

function reasonOf(view: TaskView): { code: string; text: string } | undefined {
  if (!WITH_REASON.includes(view.status)) {
    return undefined;
  }
  return (
    view.reason ?? { code: 'unexpected', text: 'No reason is known. The operator of the AI adapter can tell more.' }
  );
}

/** What a machine can read of the failure. `diagnostics` stays out: a server may have quoted the patient there. */
function outcomeOf(view: TaskView): OperationOutcome | undefined {
  const reason = reasonOf(view);
  if (reason === undefined || !WITH_OUTCOME.includes(view.status)) {
    return undefined;
  }
  const code = view.status === 'rejected' ? 'business-rule' : 'processing';
  const issues = (view.outcome?.issue ?? []).slice(0, MOST_ISSUES);
  return {
    resourceType: 'OperationOutcome',
    id: OUTCOME_ID,
    issue: [
      {
        severity: 'error',
        code,
        details: { coding: [{ system: OUR_SYSTEMS.reason, code: reason.code }], text: reason.text },
      },
      ...issues.map(({ severity, code: issueCode, details, expression }) => ({
        severity,
        code: issueCode,
        details,
        expression,
      })),
    ],
  };
}

/** An open question comes before the vendor's own state, which stands still while it waits for the answer. */
function businessStatusOf({ question, businessStatus }: TaskView): Task['businessStatus'] {
  if (question !== undefined) {
    return { coding: [{ system: OUR_SYSTEMS.question, code: question }], text: 'waiting for an answer' };
  }
  return businessStatus === undefined ? undefined : { text: businessStatus };
}

function periodOf(view: TaskView): Task['executionPeriod'] {
  const { startedAt: start, endedAt: end } = view;
  const ordered = start === undefined || end === undefined || Date.parse(end) >= Date.parse(start);
  return { start, end: ordered ? end : start };
}

/** The adapter's Device; a logical reference where the server takes no Devices (then `owner` is empty). */
export function ownerOf(view: Pick<TaskView, 'owner'>): Reference<Device> {
  return view.owner === ''
    ? { identifier: ADAPTER_DEVICE.identifier, display: ADAPTER_DEVICE.name }
    : { reference: view.owner, display: ADAPTER_DEVICE.name };
}

function figureOf(figure: Figure): TaskOutput {
  return {
    type: { coding: [{ system: OUR_SYSTEMS.output, code: FIGURE }], text: figure.label },
    ...('money' in figure ? { valueMoney: figure.money } : { valueInteger: figure.integer }),
  };
}

function isFigure({ type }: TaskOutput): boolean {
  return type.coding?.some(({ system, code }) => system === OUR_SYSTEMS.output && code === FIGURE) ?? false;
}

function outputsOf(view: TaskView, failed: boolean): TaskOutput[] {
  const results = view.outputs.map(({ label, reference }) => ({
    type: { coding: [{ system: OUR_SYSTEMS.output, code: 'result' }], text: label },
    valueReference: { reference },
  }));
  const error = {
    type: { coding: [{ system: OUR_SYSTEMS.output, code: 'error-detail' }], text: 'error-detail' },
    valueReference: { reference: `#${OUTCOME_ID}` },
  };
  const figures = (view.figures ?? []).map(figureOf);
  return [...results, ...figures, ...(failed ? [error] : [])];
}

function reference(value: string | undefined): { reference: string } | undefined {
  return value === undefined || value === '' ? undefined : { reference: value };
}

/** The Task of an order and generation. A reason stands only in the states that have one: each transition clears it. */
export function buildTask(view: TaskView): Task {
  const reason = reasonOf(view);
  const outcome = outcomeOf(view);
  const late = Date.parse(view.lastModified) >= Date.parse(view.authoredOn);
  return tidy<Task>({
    resourceType: 'Task',
    contained: outcome === undefined ? undefined : [outcome],
    identifier: [orderIdentifier(view.key), ...jobIdentifiers(view.vendor.name, view.jobs)],
    status: view.status,
    statusReason:
      reason === undefined
        ? undefined
        : { coding: [{ system: OUR_SYSTEMS.reason, code: reason.code }], text: reason.text },
    businessStatus: businessStatusOf(view),
    intent: 'filler-order',
    code: { coding: [FULFILL] },
    description: `AI analysis by ${view.vendor.title}`,
    focus: reference(`${view.focus.type}/${view.focus.id}`),
    for: reference(view.subject),
    encounter: reference(view.encounter),
    executionPeriod: periodOf(view),
    authoredOn: view.authoredOn,
    lastModified: late ? view.lastModified : view.authoredOn,
    requester: reference(view.requester),
    owner: ownerOf(view),
    note: view.notes.map((text) => ({ text })),
    output: outputsOf(view, outcome !== undefined),
  });
}

function withoutRepeats<T extends object>(items: T[]): T[] {
  const seen = new Map(items.map((item) => [canonical(item), item]));
  return [...seen.values()];
}

function isOurs(output: TaskOutput): boolean {
  return output.type.coding?.some(({ system }) => system === OUR_SYSTEMS.output) ?? false;
}

/** What others added, and ours: figures are known only to who publishes, and stay where nothing is said of any. */
function outputsTogether(theirs: TaskOutput[] = [], ours: TaskOutput[] = []): TaskOutput[] {
  const stays = (output: TaskOutput): boolean => !isOurs(output) || (isFigure(output) && !ours.some(isFigure));
  return [...theirs.filter(stays), ...ours];
}

function notesOf(theirs: Annotation[] = [], ours: Annotation[] = []): Annotation[] {
  return [...theirs, ...ours.filter(({ text }) => !theirs.some((note) => note.text === text))];
}

function containedOf(theirs: Resource[] = [], ours: Resource[] = []): Resource[] {
  return [...theirs.filter(({ id }) => id !== OUTCOME_ID), ...ours];
}

/**
 * Our fields on top of the Task as it stands. State, reason, times and our outputs are ours to say; the rest belongs to
 * whoever made the Task or added to it: intent, owner, requester, inputs, further notes, identifiers and outputs.
 */
export function mergeTask(current: Task & { id: string }, built: Task): Task & { id: string } {
  const { statusReason, businessStatus, ...theirs } = current;
  const earlier = current.authoredOn === undefined ? undefined : Date.parse(current.authoredOn);
  const late = earlier === undefined || Date.parse(built.lastModified ?? '') >= earlier;
  return tidy<Task & { id: string }>({
    ...built,
    ...theirs,
    contained: containedOf(current.contained, built.contained),
    identifier: withoutRepeats([...(current.identifier ?? []), ...(built.identifier ?? [])]),
    status: built.status,
    statusReason: built.statusReason,
    businessStatus: built.businessStatus,
    executionPeriod: built.executionPeriod,
    lastModified: late ? built.lastModified : current.authoredOn,
    owner: current.owner ?? built.owner,
    note: notesOf(current.note, built.note),
    output: outputsTogether(current.output, built.output),
  });
}

/** Whether two Tasks say the same, apart from the moment of writing and what the server adds. */
export function sameTask(a: Task, b: Task): boolean {
  const without = ['id', 'meta', 'text', 'lastModified'];
  return canonical(a, without) === canonical(b, without);
}
