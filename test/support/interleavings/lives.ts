/** Lives of orders: what happens to each in the EHR, who is told when, and when the adapter works on it; made by fast-check. */
import fc from 'fast-check';
import { born, KINDS, type Kind, MOVES, move, resourcesOf } from './histories.ts';
import type { Sent, World } from './world.ts';

/** How a version is told: whole (HAPI's, Medplum's), by id only, as a delete whether or not it was one. */
const FORMS = ['put', 'post', 'id', 'delete', 'medplum-delete'] as const;
type Form = (typeof FORMS)[number];

export interface Life {
  kind: Kind;
  draft: boolean;
  /** Seconds from the beginning. */
  born: number;
  moves: { at: number; name: string }[];
  /** `which`: one of all versions that there have been by then, Tasks among them. */
  tells: { at: number; which: number; form: Form }[];
  /** `during`: what happens between two things that one step does. */
  works: { at: number; steps: number; during?: { point: number; what: 'move' | 'tell' | 'sweep' } | undefined }[];
}

export interface Schedule {
  lives: Life[];
  sweeps: number[];
}

const SECONDS = 600;
const at = fc.nat(SECONDS);

function lifeOf(kind: Kind): fc.Arbitrary<Life> {
  return fc.record({
    kind: fc.constant(kind),
    draft: fc.boolean(),
    born: fc.nat(60),
    moves: fc.array(fc.record({ at, name: fc.constantFrom(...MOVES[kind]) }), { maxLength: 4 }),
    tells: fc.array(fc.record({ at, which: fc.nat(20), form: fc.constantFrom(...FORMS) }), { maxLength: 6 }),
    works: fc.array(
      fc.record({
        at,
        steps: fc.integer({ min: 1, max: 8 }),
        during: fc.option(
          fc.record({ point: fc.integer({ min: 1, max: 12 }), what: fc.constantFrom('move', 'tell', 'sweep') }),
          { nil: undefined },
        ),
      }),
      { maxLength: 6 },
    ),
  });
}

/** So many orders, and sweeps in between; a case that fails is shrunk by leaving orders out. */
export function schedules(lives: number): fc.Arbitrary<Schedule> {
  const life = fc.option(fc.oneof(...KINDS.map(lifeOf)), { nil: undefined, freq: 1_000_000 });
  return fc.record({
    lives: fc.array(life, { minLength: lives, maxLength: lives }).map((all) => all.filter((one) => one !== undefined)),
    sweeps: fc.array(at, { maxLength: 4 }),
  });
}

export const idOf = (index: number): string => `life-${index}`;

/** Everything there has been of a life: its resources' versions, and those of the Tasks of its orders. */
function toldOf(world: World, life: Life, id: string): { reference: string; version: string; body?: Sent['body'] }[] {
  const { first, second } = resourcesOf(life.kind, id);
  const references = [first, ...(second ? [second] : [])];
  const tasks = world.server
    .all('Task')
    .flatMap((task) =>
      task.resourceType === 'Task' && references.includes(task.focus?.reference ?? '') ? [`Task/${task.id}`] : [],
    );
  return [...references, ...tasks].flatMap((reference) =>
    world.server
      .versions(reference)
      .map(({ version, resource }) => ({ reference, version, ...(resource && { body: resource }) })),
  );
}

/** A version as a server of some manner tells it; what is gone can only be told as a delete. */
function sentAs(form: Form, { reference, version, body }: ReturnType<typeof toldOf>[number]): Sent {
  const path = `/${reference}`;
  const isDelete = body === undefined || form === 'delete' || form === 'medplum-delete';
  if (isDelete) {
    return form === 'medplum-delete'
      ? { method: 'POST', headers: { 'x-medplum-deleted-resource': reference, 'x-medplum-interaction': 'delete' } }
      : { method: 'DELETE', path };
  }
  const interaction = version === '1' ? 'create' : 'update';
  switch (form) {
    case 'put':
      return { method: 'PUT', path, body };
    case 'post':
      return { method: 'POST', headers: { 'x-medplum-interaction': interaction }, body };
    default:
      return { method: 'PUT', path, headers: { 'if-match': `W/"${version}"` } };
  }
}

/** One life as it is lived: which move comes next. */
interface Lived {
  life: Life;
  id: string;
  references: string[];
  moves: string[];
  made: number;
}

function begin(life: Life, index: number): Lived {
  const id = idOf(index);
  const { first, second } = resourcesOf(life.kind, id);
  // A note that is coded for a request is coded for itself too: both are worked on.
  const moves = [...life.moves].sort((a, b) => a.at - b.at).map(({ name }) => name);
  return { life, id, references: [first, ...(second ? [second] : [])], moves, made: 0 };
}

/** Makes all moves up to the n-th. */
function moveUpTo(world: World, lived: Lived, count: number): void {
  for (; lived.made < Math.min(count, lived.moves.length); lived.made += 1) {
    if (move(world.server, lived.life.kind, lived.id, lived.moves[lived.made] ?? '', lived.made + 1)) {
      world.moved();
    }
  }
}

function bear(world: World, { life, id }: Lived): void {
  for (const resource of born(life.kind, id, life.draft)) {
    world.server.put(resource);
    world.moved();
  }
}

async function tell(world: World, { life, id }: Lived, which: number, form: Form): Promise<void> {
  const told = toldOf(world, life, id);
  const version = told[which % Math.max(1, told.length)];
  if (version) {
    await world.tell(sentAs(form, version));
  }
}

/** The schedule as it comes: everything at its second, whatever becomes of it. */
export async function live(world: World, { lives, sweeps }: Schedule): Promise<void> {
  const start = world.clock.now().getTime();
  const events: { at: number; run: () => Promise<void> }[] = sweeps.map((second) => ({ at: second, run: world.sweep }));
  for (const [index, life] of lives.entries()) {
    const lived = begin(life, index);
    const add = (second: number, run: () => void | Promise<void>): void => {
      events.push({ at: life.born + second, run: async () => run() });
    };
    add(0, () => bear(world, lived));
    for (const [count, { at: second }] of [...life.moves].sort((a, b) => a.at - b.at).entries()) {
      add(second, () => moveUpTo(world, lived, count + 1));
    }
    for (const { at: second, which, form } of life.tells) {
      add(second, () => tell(world, lived, which, form));
    }
    for (const { at: second, steps, during } of life.works) {
      add(second, async () => {
        const run = async (): Promise<void> => {
          if (during?.what === 'move') {
            moveUpTo(world, lived, lived.made + 1);
          } else if (during?.what === 'sweep') {
            await world.sweep();
          } else if (during) {
            await tell(world, lived, during.point * 7, 'put');
          }
        };
        for (const reference of lived.references) {
          await world.work(reference, steps, during && { point: during.point, run });
        }
      });
    }
  }
  for (const event of events.sort((a, b) => a.at - b.at)) {
    world.clock.set(new Date(start + event.at * 1000));
    await event.run();
  }
  // What is under way goes its way to the end before any sweep finds what was lost.
  await world.settle();
}

/** The same lives as they should be told: each version once, in order, and everything settled in between. */
export async function liveCleanly(world: World, { lives }: Schedule): Promise<void> {
  const all = lives.map(begin);
  const rounds = Math.max(0, ...lives.map(({ moves }) => moves.length));
  const told = new Map<string, number>();
  for (let round = 0; round <= rounds; round += 1) {
    for (const lived of all) {
      if (round === 0) {
        bear(world, lived);
      }
      moveUpTo(world, lived, round);
      for (const version of toldOf(world, lived.life, lived.id)) {
        if (Number(version.version) > (told.get(version.reference) ?? 0)) {
          told.set(version.reference, Number(version.version));
          await world.tell(sentAs('put', version));
        }
      }
    }
    await world.settle();
    world.clock.advance(1);
  }
}

/** The EHR is quiet: what was lost is found, twice so that what was found late finds its own. */
export async function comeToRest(world: World): Promise<void> {
  for (let time = 0; time < 2; time += 1) {
    await world.sweep();
    await world.settle();
    world.clock.advance(400);
  }
}

/** Tells how everything stands now, or all versions that there ever were; deletes are left out. */
export async function repeatEverything(world: World, { lives }: Schedule, which: 'newest' | 'all'): Promise<void> {
  for (const [index, life] of lives.entries()) {
    const told = toldOf(world, life, idOf(index)).filter(({ body }) => body);
    const newest = new Map(told.map((version) => [version.reference, version]));
    for (const [count, version] of (which === 'all' ? told : [...newest.values()]).entries()) {
      await world.tell(sentAs(count % 2 === 0 ? 'put' : 'post', version));
    }
  }
  await world.settle();
}
