/**
 * Compares what shall stand with what stands, and says what is still to be written. Making the plan again after a write
 * is also how the write is verified: a plan with nothing left to do is the proof. Files alone are written on the way:
 * nothing can be built before it is known where they stand.
 */
import type { Provenance, Task } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import type { Devices } from './complete-finding.ts';
import { existingConditionsIfAllowed } from './existing-conditions.ts';
import { fileHolders } from './file-holders.ts';
import { contentOf } from './labels.ts';
import { missingProvenances } from './missing-provenances.ts';
import { PartPlanner, type Session, type Write } from './part-planner.ts';
import { buildProvenance, buildWithdrawalProvenance } from './provenance.ts';
import { replacedReports } from './replaced-reports.ts';
import { buildReport } from './report.ts';
import { isOwnReport, REPORTS } from './report-parts.ts';
import { type Built, buildItems, type Facts, type Items, isOfOthers } from './result-items.ts';
import { saveBinaries } from './save-binaries.ts';
import { endedByPerson, isStanding } from './save-task.ts';
import { standsInFor, withStandIns } from './stand-in.ts';
import { lookUp, type Standing, type Stored } from './standing.ts';
import { buildTask, mergeTask, sameTask } from './task.ts';
import type { FhirClient, FileHolder, Publication, Saved, WrittenPart } from './types.ts';
import type { Validate } from './validate.ts';
import { planWithdrawals, type Withdrawal } from './withdrawals.ts';

export interface Plan {
  writes: Write[];
  /** Provenances that a server without transactions has been left without. */
  provenances: Provenance[];
  task: Stored & Task;
  wanted: Stored & Task;
  taskDone: boolean;
  cancelled: boolean;
  written: WrittenPart[];
  leftOut: Items['leftOut'];
  issues: Items['issues'];
  leftAlone: string[];
  holders: FileHolder[];
}

export interface PlanDeps {
  client: FhirClient;
  devices: Devices;
  validate: Validate;
  /** Whether Provenances have to be looked up one by one, because nothing guarantees that they came along. */
  lookUpProvenance: boolean;
}

/** Parts by type, the reports included: everything that may stand of this publication. */
function wantedParts(publication: Publication, session: Session): Map<string, string[]> {
  const wanted = new Map<string, string[]>();
  const add = (type: string, part: string): void => {
    if (!session.refused.has(type)) {
      wanted.set(type, [...(wanted.get(type) ?? []), part]);
    }
  };
  for (const { part, resource } of publication.findings.items) {
    add(resource.resourceType, part);
  }
  for (const part of REPORTS) {
    add('DiagnosticReport', part);
  }
  return wanted;
}

/** The first report that is ours to write: the plain one, or a new one beside a report that somebody has worked on. */
function planReport(
  planner: PartPlanner,
  publication: Publication,
  facts: Facts,
  items: Items,
  standing: Standing,
): Built | undefined {
  if (facts.refused.has('DiagnosticReport')) {
    return undefined;
  }
  for (const part of REPORTS) {
    const built = buildReport(publication, facts, items, part, planner.leftAlone);
    if (planner.part(built, standing.parts.get(part), 'report')) {
      return built;
    }
  }
  return undefined;
}

/**
 * What an earlier publication or generation wrote and this one no longer says. What stands in for a picture goes only once
 * the picture stands: that the server takes no Media shows anew each time.
 */
function noLongerSaid(publication: Publication, items: Items, standing: Standing): Withdrawal[] {
  const present = new Set(items.items.map(({ part }) => part));
  const stays = (written: WrittenPart): boolean => {
    const { part } = written;
    const picture = standsInFor(part) ?? '';
    const awaited = present.has(picture) && !standing.parts.has(picture);
    return present.has(part) || awaited || isOwnReport(written);
  };
  return [
    ...publication.written.filter((one) => !stays(one)).map((written) => ({ written, remember: true })),
    ...publication.superseded.map((written) => ({ written, remember: false })),
  ];
}

/** Second copies that are certainly ours (same hash, not touched) are withdrawn; others are only told of. */
function planCopies(planner: PartPlanner, items: Built[], standing: Standing, session: Session): void {
  for (const { part, label, resource } of items) {
    for (const copy of standing.copies.get(part) ?? []) {
      session.duplicates.add(`${copy.resourceType}/${copy.id}`);
      planner.withdraw({ part }, label, copy, contentOf(copy.meta) === contentOf(resource.meta));
    }
  }
}

/** What the Task says of the types that the server does not take. */
function refusals(refused: ReadonlySet<string>): string[] {
  const become: Record<string, string> = {
    Binary: 'files stand within the resources that refer to them, as far as they are small enough',
    ...(refused.has('DocumentReference') ? {} : { Media: 'the pictures stand as DocumentReferences' }),
  };
  return [...refused].map(
    (type) => `This system does not take ${type} resources: ${become[type] ?? 'they were left out'}`,
  );
}

function taskOf(
  publication: Publication,
  items: Items,
  report: Built | undefined,
  planner: PartPlanner,
  session: Session,
): Task {
  const found = items.items.filter((one) => !isOfOthers(one));
  const results = [...(report === undefined ? [] : [report]), ...found];
  return buildTask({
    ...publication.task,
    figures: publication.findings.figures,
    outputs: [...publication.task.outputs, ...results.map(({ label, reference }) => ({ label, reference }))],
    notes: [...publication.task.notes, ...new Set(planner.leftAlone), ...refusals(session.refused), ...items.notes],
  });
}

async function existing(
  { client }: PlanDeps,
  { subject, key, findings }: Publication,
  session: Session,
): Promise<Map<string, string>> {
  session.known ??=
    subject === undefined ? new Map() : await existingConditionsIfAllowed(client, subject, key, findings.items);
  return session.known;
}

/** Reads what stands and says what is left to do. Throws the client's errors. */
export async function makePlan(deps: PlanDeps, asked: Publication, session: Session): Promise<Plan> {
  const publication = { ...asked, findings: withStandIns(asked.findings, session.refused) };
  const task = await deps.client.read<Task>('Task', publication.taskId);
  if (!isStanding(task)) {
    throw new AdapterError('ehr-rejected', 'The Task of this order no longer exists in the FHIR server');
  }
  const remembered = new Map([
    ...publication.written.map((one): [string, Saved] => [one.part, one]),
    ...session.confirmed,
  ]);
  const standing = await lookUp(deps.client, publication.key, wantedParts(publication, session), remembered);
  for (const type of standing.refused) {
    session.refused.add(type);
  }
  const references = [...standing.parts].map(
    ([part, { resourceType, id }]) => [part, `${resourceType}/${id}`] as const,
  );
  const cancelled = endedByPerson(task, publication.task.status, session.knownTask);
  if (!cancelled) {
    await saveBinaries(deps.client, publication, standing, session);
  }
  const patientHas = await existing(deps, publication, session);
  const facts: Facts = {
    devices: deps.devices,
    validate: deps.validate,
    refused: session.refused,
    rejected: session.rejected,
    // What we have written already stays ours, also where somebody has recorded the same since.
    known: new Map([...patientHas].filter(([part]) => !standing.parts.has(part))),
    standing: new Map(references),
    files: session.files,
  };
  const items = buildItems(publication, facts);
  for (const type of session.refused) {
    if (type === 'Provenance') {
      items.leftOut.push({
        part: 'provenance',
        label: 'Provenance',
        why: 'this system does not take Provenance resources',
      });
    }
  }
  const planner = new PartPlanner(publication.written, session, {
    written: (about) => buildProvenance(about, publication, deps.devices),
    withdrawn: (about) => buildWithdrawalProvenance(about, publication.now, deps.devices.adapter),
  });
  for (const built of items.items) {
    planner.part(built, standing.parts.get(built.part), 'item');
  }
  const withdrawn = await planWithdrawals(planner, deps.client, session, noLongerSaid(publication, items, standing));
  const replaces = await replacedReports(deps.client, publication, withdrawn, planner);
  const report = planReport(planner, publication, { ...facts, replaces }, items, standing);
  planCopies(planner, report === undefined ? items.items : [...items.items, report], standing, session);
  const wanted = mergeTask(task, taskOf(publication, items, report, planner, session));
  const version = task.meta?.versionId;
  return {
    writes: planner.writes,
    provenances: deps.lookUpProvenance ? await missingProvenances(deps.client, planner, session) : [],
    task,
    wanted,
    taskDone: sameTask(task, wanted) || (version !== undefined && version === session.taskVersion),
    cancelled,
    written: planner.written,
    leftOut: items.leftOut,
    issues: items.issues,
    leftAlone: [...new Set(planner.leftAlone)],
    holders: fileHolders(
      [...standing.parts.values(), ...[...standing.copies.values()].flat(), ...withdrawn.values()],
      planner.kept,
    ),
  };
}
