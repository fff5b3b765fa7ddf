/** What must hold of an EHR in the end, whatever was lost, repeated or overtaken on the way. Each rule is one function. */
import type { Observation, Task } from '@medplum/fhirtypes';
import type { Order } from '../../../src/orders/order.ts';
import { STATES } from '../../../src/orders/states.ts';
import { contentAt, type Standing, standingOf } from './histories.ts';
import type { World } from './world.ts';

/** All generations of one order, and what stands of it. */
export interface Outcome {
  /** `site/Type/id/route`. */
  order: string;
  reference: string;
  standing: Standing;
  /** What it is to be done with now; undefined: nothing that could be done. */
  content: string | undefined;
  generations: Order[];
  tasks: Task[];
  /** Live results: what each was made of, and of which generation it is. */
  live: { key: string; content: string }[];
  /** Live reports, by generation. */
  reports: string[];
  /** Another note of the same lives says that it replaces this one, and is an order itself. */
  replaced: boolean;
}

const RESULT = 'urn:fhir-ai-adapter:result';
const ORDER = 'urn:fhir-ai-adapter:order';

const keyOf = (identifiers: Observation['identifier'], system: string): string =>
  identifiers?.find((one) => one.system === system)?.value?.split('#')[0] ?? '';
const baseOf = (key: string): string => key.replace(/~\d+$/, '');

export async function outcomesOf(world: World): Promise<Map<string, Outcome>> {
  const { server } = world;
  const byOrder = Map.groupBy(await world.orders(), ({ baseKey }) => baseKey);
  const tasks = Map.groupBy(
    server.all('Task').flatMap((one) => (one.resourceType === 'Task' ? [one] : [])),
    ({ identifier }) => baseOf(keyOf(identifier, ORDER)),
  );
  const live = server
    .all('Observation')
    .flatMap((one) =>
      one.resourceType === 'Observation' && one.status !== 'entered-in-error'
        ? [{ key: keyOf(one.identifier, RESULT), content: one.valueString ?? '' }]
        : [],
    );
  const reports = server
    .all('DiagnosticReport')
    .flatMap((one) =>
      one.resourceType === 'DiagnosticReport' && one.status !== 'entered-in-error'
        ? [keyOf(one.identifier, RESULT)]
        : [],
    );
  const focuses = ['DocumentReference', 'ServiceRequest'].flatMap((type) =>
    [...new Set(world.moments.flatMap((moment) => [...moment.keys()]))].filter((one) => one.startsWith(`${type}/`)),
  );
  return new Map(
    focuses.map((reference) => {
      const order = `site/${reference}/${reference.startsWith('ServiceRequest') ? 'requests' : 'notes'}`;
      const outcome: Outcome = {
        order,
        reference,
        standing: standingOf(server.now(reference)),
        content: contentAt(server, reference, server.now),
        generations: byOrder.get(order) ?? [],
        tasks: tasks.get(order) ?? [],
        live: live.filter(({ key }) => baseOf(key) === order),
        reports: reports.filter((key) => baseOf(key) === order),
        replaced: server.versions(`${reference}-newer`).length > 0,
      };
      return [order, outcome] as const;
    }),
  );
}

type Rule = (outcome: Outcome, world: World) => string | undefined;

/** A person has ended the Task of the newest generation: then nobody waits for results, and none may come. */
const endedByPerson = ({ generations }: Outcome): boolean => generations.at(-1)?.reason?.code === 'cancelled-in-ehr';

export const RULES: Record<string, Rule> = {
  /** The chart shows one opinion: whoever reads it must not find an older one beside the newer. */
  'results of one generation at most are live, and once': ({ live, reports }) => {
    const keys = live.map(({ key }) => key);
    const twice = keys.length > 1 || reports.length > 1;
    return twice || keys.join() !== reports.join() ? `live: ${keys}; reports: ${reports}` : undefined;
  },

  /** What is to be done has been done, with what the order says now, whichever versions on the way were seen. */
  'an order that stands is done with its present content': (outcome) => {
    const { standing, content, live, replaced } = outcome;
    if (standing !== 'done' || content === undefined || replaced || endedByPerson(outcome)) {
      return undefined;
    }
    return live[0]?.content === content
      ? undefined
      : `made of ${JSON.stringify(live[0]?.content)}, now ${JSON.stringify(content)}`;
  },

  /** An order that never was one (another patient's note) must not leave a finding. */
  'nothing is live of an order that was entered in error': ({ standing, live }) =>
    standing === 'in-error' && live.length > 0 ? `${live.map(({ key }) => key)} live` : undefined,

  /** The newer note's findings stand instead; `take-back` is what the site says. */
  'nothing is live of a note whose replacement is done': ({ order, live, replaced }, world) => {
    const newer = order.replace(/\/notes$/, '-newer/notes');
    const isDone = world.published.some((one) => baseOf(one.order) === newer);
    return replaced && isDone && live.length > 0 ? `${live.map(({ key }) => key)} live` : undefined;
  },

  /** Results are never written of what the adapter could have known to be over when it looked before writing. */
  'results are written only of what stood while they were written': ({ order }, world) => {
    for (const one of world.published.filter((each) => baseOf(each.order) === order)) {
      const stood = world.moments.slice(one.from, one.until + 1).some((moment) => {
        const at = (reference: string) => moment.get(reference);
        // What was begun while it was active is finished when it is completed.
        const standing = standingOf(at(one.reference));
        return (
          (standing === 'done' || standing === 'finished') && contentAt(world.server, one.reference, at) === one.content
        );
      });
      if (!stood) {
        return `${one.order} written of ${JSON.stringify(one.content)}`;
      }
    }
    return undefined;
  },

  /** Money: the vendor bills each call. */
  'a generation is sent once at most': ({ order }, world) => {
    const sent = world.billed.filter((one) => baseOf(one.order) === order).map((one) => one.order);
    return new Set(sent).size === sent.length ? undefined : `sent: ${sent}`;
  },

  /** A generation for each thing that happened at most: repeated news must not have the work done again. */
  'there are no more generations than versions': ({ reference, generations }, { server }) => {
    const versions = server.versions(reference).length + server.versions(noteOf(reference)).length;
    return generations.length <= Math.max(1, versions) ? undefined : `${generations.length} of ${versions} versions`;
  },

  /** Somebody waits for each order: it has an end, unless the EHR has it on hold. */
  'every order has come to an end, or is on hold in the EHR': ({ standing, generations }) => {
    const open = generations.filter(({ status, leg }) => !STATES[status].ended || leg !== 'ended');
    const isPaused = standing === 'paused' && open.length === 1 && open[0] === generations.at(-1) && open[0]?.paused;
    return open.length === 0 || isPaused
      ? undefined
      : open.map(({ key, status, leg }) => `${key} ${status} ${leg}`).join();
  },

  /** Its orderer looks at the Task, not at us: it says how the order ended, and there is one. */
  'each generation has one Task, which shows its end': ({ generations, tasks }) => {
    const wrong = generations.flatMap((order) => {
      const mine = tasks.filter(({ identifier }) => keyOf(identifier, ORDER) === order.key);
      const shown = order.paused && !STATES[order.status].ended ? 'on-hold' : STATES[order.status].task;
      // What was stopped before it was looked at has nobody to tell.
      const isTold =
        mine.length === 1
          ? mine[0]?.status === shown
          : mine.length === 0 && order.taskId === null && shown === 'cancelled';
      return isTold ? [] : [`${order.key} ${order.status}: ${mine.map(({ status }) => status)}`];
    });
    return wrong.length === 0 ? undefined : wrong.join();
  },

  /** Revoked or deleted: cancelled, or it had been done before, and then its results are kept. */
  'an order that was stopped is cancelled, or was completed and keeps its results': ({
    standing,
    generations,
    live,
    replaced,
  }) => {
    const last = generations.at(-1);
    if (standing !== 'stopped' || !last) {
      return undefined;
    }
    const kept = last.status !== 'completed' || live.length > 0 || replaced;
    const isOver = ['cancelled', 'completed', 'rejected', 'withdrawn'].includes(last.status);
    return isOver && kept ? undefined : `${last.key} ${last.status}, live: ${live.length}`;
  },
};

function noteOf(reference: string): string {
  return reference.startsWith('ServiceRequest/')
    ? `${reference.replace('ServiceRequest/', 'DocumentReference/')}-note`
    : '';
}

/** Which rules are broken, in words; empty: none. */
export async function broken(world: World): Promise<string[]> {
  const outcomes = await outcomesOf(world);
  return [...outcomes.values()].flatMap((outcome) =>
    Object.entries(RULES).flatMap(([name, rule]) => {
      const found = rule(outcome, world);
      return found === undefined ? [] : [`${outcome.order}: ${name}: ${found}`];
    }),
  );
}

/**
 * What must not depend on timing: where the order stands and can be done, and where nothing of it may be live. Elsewhere
 * it depends on what was seen in time (a revocation before or after the results), and the rules above say what may be.
 */
export function timeless(outcome: Outcome): string | undefined {
  const isCertain = outcome.standing === 'in-error' || (outcome.standing === 'done' && outcome.content !== undefined);
  return isCertain &&
    !outcome.replaced &&
    !outcome.generations.some(({ reason }) => reason?.code === 'cancelled-in-ehr')
    ? JSON.stringify(outcome.live.map(({ content }) => content))
    : undefined;
}
