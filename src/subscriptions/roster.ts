/**
 * For servers that refuse searches over all patients: whose orders to look for, and how. A patient who is new on the
 * roster is looked at from the routes' start on, not from the watermark: what is older was never looked for.
 */
import { createHash } from 'node:crypto';
import type { Group, Resource } from '@medplum/fhirtypes';
import type { SubscriptionsConfig } from '../config/schema.ts';
import { AdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import { newHabits, type SearchHabits } from './sweep-habits.ts';
import { changedSince, isRefusal, type WindowsOptions, withWords } from './sweep-windows.ts';

export type Roster = NonNullable<SubscriptionsConfig['roster']>;

/** Patients named in one search: some servers cut URLs at 2,000 characters. */
const AT_ONCE = 25;
const LONGEST = 1200;

/** R4's patient compartment has no Task, so Tasks are always searched for. */
const IN_COMPARTMENT = ['ServiceRequest', 'DocumentReference', 'Media'];

async function* membersOf(client: FhirClient, id: string): AsyncGenerator<string> {
  const group = await client.read<Group>('Group', id);
  if (!group) {
    throw new AdapterError('ehr-rejected', 'The Group of subscriptions.roster does not exist', { status: 404 });
  }
  for (const { entity, inactive } of group.member ?? []) {
    const patient = /(?:^|\/)Patient\/([A-Za-z0-9\-.]{1,64})(?:$|\/)/.exec(entity?.reference ?? '')?.[1];
    if (patient !== undefined && inactive !== true) {
      yield patient;
    }
  }
}

/** The ids of all patients on the roster, each once. Throws what the client throws. */
export async function readRoster(client: FhirClient, { patients }: Roster, signal?: AbortSignal): Promise<string[]> {
  const ids = new Set<string>();
  if (patients.startsWith('Group/')) {
    for await (const id of membersOf(client, patients.slice('Group/'.length))) {
      ids.add(id);
    }
    return [...ids];
  }
  for await (const page of client.pages(withWords(patients, '_count=200'))) {
    signal?.throwIfAborted();
    for (const { resource, search } of page.entry ?? []) {
      if (resource?.resourceType === 'Patient' && resource.id !== undefined && (search?.mode ?? 'match') === 'match') {
        ids.add(resource.id);
      }
    }
  }
  return [...ids];
}

/** How a patient is remembered as one who was looked at before: no id of a patient stands in a cursor. */
export function mark(patient: string): string {
  return createHash('sha256').update(patient).digest('base64url').slice(0, 10);
}

/** In pieces that one search can name. */
export function inGroups(ids: readonly string[]): string[][] {
  const groups: string[][] = [];
  let length = 0;
  for (const id of ids) {
    const last = groups.at(-1);
    if (!last || last.length >= AT_ONCE || length + id.length >= LONGEST) {
      groups.push([id]);
      length = id.length;
    } else {
      last.push(id);
      length += id.length + 1;
    }
  }
  return groups;
}

/** The search for what these patients have of `criteria`; a compartment takes one patient. */
export function searchFor(criteria: string, type: string, patients: readonly string[], by: Roster['by']): string {
  return by === 'compartment' && IN_COMPARTMENT.includes(type)
    ? `Patient/${patients[0]}/${criteria}`
    : withWords(criteria, `patient=${patients.join(',')}`);
}

/** The groups in which a server is asked: one by one in compartments, and where it takes no more than one. */
export function groupsFor(ids: readonly string[], type: string, by: Roster['by'], habits: SearchHabits): string[][] {
  const single = (by === 'compartment' && IN_COMPARTMENT.includes(type)) || habits.onePatient.has(type);
  return single ? ids.map((id) => [id]) : inGroups(ids);
}

export interface RosterRun extends Omit<WindowsOptions, 'onWindow'> {
  patients: readonly string[];
  by: Roster['by'];
  /** Since when to look at this patient. */
  sinceFor(patient: string): Date;
  /** The server refuses what this patient has: looked for again the next time. */
  onRefused(patient: string): void;
}

/** What changed of all patients of the roster. Throws what the client throws, and the refusal where all were refused. */
export async function* changedOfRoster(run: RosterRun): AsyncGenerator<Resource & { id: string }> {
  const { criteria, type, by, patients, habits = newHabits() } = run;
  const bySince = Map.groupBy(patients, (patient) => run.sinceFor(patient).getTime());
  let refusal: unknown;
  let answered = 0;
  for (const [since, ids] of bySince) {
    const waiting = groupsFor(ids, type, by, habits);
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      run.signal?.throwIfAborted();
      try {
        yield* changedSince({ ...run, criteria: searchFor(criteria, type, group, by), from: new Date(since), habits });
        answered += 1;
      } catch (thrown) {
        const [patient] = group;
        if (!isRefusal(thrown) || patient === undefined) {
          throw thrown;
        }
        if (group.length > 1) {
          waiting.unshift(...group.map((id) => [id]));
          // Only a server that has never taken several at once is asked one by one from now on.
          if (answered === 0) {
            habits.onePatient.add(type);
            waiting.push(...waiting.splice(group.length).flatMap((ids) => ids.map((id) => [id])));
          }
        } else {
          refusal ??= thrown;
          run.onRefused(patient);
        }
      }
    }
  }
  if (refusal !== undefined && answered === 0) {
    throw refusal;
  }
}
