/** What a run of kills must leave: complete sets, nothing twice, and a ledger that the timelines explain. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { splitNote } from '../../src/vendors/healthsage/split.ts';
import type { PlacedNote } from './notes.ts';
import type { OrderPage } from './reading.ts';

const identifier = z.object({ system: z.string().optional(), value: z.string().optional() });
/** Loose: the files that a resource refers to are looked for in all of it. */
const resource = z.looseObject({
  resourceType: z.string(),
  id: z.string(),
  status: z.string().optional(),
  identifier: z.array(identifier).optional(),
  target: z.array(z.object({ reference: z.string().optional() })).optional(),
});
const bundle = z.object({
  entry: z.array(z.object({ resource })).optional(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })).optional(),
});
type Found = z.infer<typeof resource>;

const RESULT_TYPES = ['DiagnosticReport', 'Condition', 'Observation', 'Procedure', 'Media', 'DocumentReference'];

const FILE_TYPES = ['Media', 'DocumentReference'];

const isOurs = ({ identifier = [] }: Found): boolean =>
  identifier.some(({ system }) => system === 'urn:fhir-ai-adapter:result');

/** Binaries that results refer to, each of which is there; and those that nothing at all refers to. */
async function countFiles(ehrUrl: string, results: Found[], found: Found[]) {
  const namesIn = (resources: Found[]): Set<string> =>
    new Set(
      JSON.stringify(resources)
        .match(/\bbinary\/[\w.-]+/gi)
        ?.map((name) => name.slice('binary/'.length)),
    );
  const standing = new Set((await all(ehrUrl, 'Binary?_count=200')).map(({ id }) => id));
  const ours = namesIn(results);
  const any = namesIn(found);
  assert.deepEqual(
    [...ours].filter((id) => !standing.has(id)),
    [],
    'a Binary that is referred to and not there',
  );
  return { binaries: ours.size, orphans: [...standing].filter((id) => !any.has(id)).length };
}

async function all(ehrUrl: string, query: string): Promise<Found[]> {
  const found: Found[] = [];
  let next: string | undefined = `${ehrUrl}/${query}`;
  while (next !== undefined) {
    const page: z.infer<typeof bundle> = bundle.parse(await (await fetch(next)).json());
    found.push(...(page.entry ?? []).map((entry) => entry.resource));
    next = page.link?.find(({ relation }) => relation === 'next')?.url;
  }
  return found;
}

const identifierOf = (one: Found, system: string): string =>
  one.identifier?.find((identifier) => identifier.system === system)?.value ??
  assert.fail(`${one.resourceType} without ${system}`);

/** Every order has one completed Task and the same parts as every other, each once, each with one Provenance. */
export async function checkResults(ehrUrl: string, orders: readonly unknown[], pages: OrderPage[]) {
  assert.equal(pages.length, orders.length, 'each ordered once');
  const tasks = await all(ehrUrl, 'Task?_count=200');
  assert.deepEqual(
    tasks.map(({ status }) => status).filter((status) => status !== 'completed'),
    [],
    'all Tasks completed',
  );
  const keys = tasks.map((task) => identifierOf(task, 'urn:fhir-ai-adapter:order'));
  assert.deepEqual([...keys].sort(), pages.map(({ key }) => key).sort(), 'one Task an order');

  const found = (await Promise.all(RESULT_TYPES.map((type) => all(ehrUrl, `${type}?_count=200`)))).flat();
  // The notes and pictures of the EHR's own are no results.
  const results = found.filter((one) => !FILE_TYPES.includes(one.resourceType) || isOurs(one));
  const names = results.map((one) => identifierOf(one, 'urn:fhir-ai-adapter:result'));
  assert.equal(
    new Set(names).size,
    names.length,
    `something stands twice: ${names.filter((name, index) => names.indexOf(name) !== index)}`,
  );
  const sets = Map.groupBy(names, (name) => name.slice(0, name.indexOf('#')));
  const parts = [...sets.values()].map((set) =>
    set
      .map((name) => name.slice(name.indexOf('#') + 1))
      .sort()
      .join(' '),
  );
  assert.equal(sets.size, orders.length, 'a set of results for each order');
  assert.equal(new Set(parts).size, 1, `sets differ: ${[...new Set(parts)].join(' | ')}`);

  const targets = (await all(ehrUrl, 'Provenance?_count=200')).flatMap(
    ({ target }) => target?.map(({ reference }) => reference) ?? [],
  );
  for (const one of results) {
    const count = targets.filter((target) => target?.startsWith(`${one.resourceType}/${one.id}`)).length;
    assert.equal(count, 1, `${one.resourceType}/${one.id} has ${count} Provenances`);
  }
  return {
    tasks: tasks.length,
    resources: results.length,
    sets: sets.size,
    ...(await countFiles(ehrUrl, results, found)),
  };
}

const bills = z.object({
  vendors: z.record(z.string(), z.object({ bills: z.array(z.object({ keys: z.record(z.string(), z.string()) })) })),
});

/**
 * A job that each order's Task names was billed, and nothing more was but where a timeline says that nobody knew.
 * All orders have the same picture, so that only the vendor's own ids tell their bills apart.
 */
export async function checkBills(urls: { ehrUrl: string; sandboxUrl: string }, vendor: string, pages: OrderPage[]) {
  const { vendors } = bills.parse(await (await fetch(`${urls.sandboxUrl}/ledger`)).json());
  const billed = (vendors[vendor]?.bills ?? []).flatMap(({ keys }) => Object.values(keys));
  const tasks = await all(urls.ehrUrl, 'Task?_count=200');
  for (const { id, identifier = [] } of tasks) {
    // All that were begun for the order, those too that were given up before anything was asked of them.
    const jobs = identifier.filter(({ system }) => system === `urn:fhir-ai-adapter:${vendor}`);
    assert.ok(
      jobs.some(({ value }) => billed.includes(value ?? '')),
      `Task/${id} was never billed`,
    );
  }
  const counted = (event: string): number =>
    pages.flatMap(({ timeline }) => timeline).filter((row) => row.event === event && isBilling(row.detail.key)).length;
  const billedAgain = billed.length - tasks.length;
  const doubts = counted('effect-unknown');
  assert.ok(billed.length <= counted('effect-started'), `${billed.length} bills, ${counted('effect-started')} calls`);
  assert.ok(billedAgain <= doubts, `${billedAgain} billed once more, ${doubts} doubts`);
  return { chunks: tasks.length, billedAgain, doubts, found: counted('effect-found') };
}

/** The calls of either vendor of pictures that bill. */
const isBilling = (key: unknown): boolean => /^(?:tasks|compute)\//.test(String(key));

/** Each chunk was billed, and once more only where the order's timeline says that nobody knew. */
export async function checkLedger(sandboxUrl: string, notes: PlacedNote[], pages: OrderPage[]) {
  const account = z.object({
    vendors: z.object({
      healthsage: z.object({
        submissions: z.record(z.string(), z.object({ received: z.number(), bills: z.number() })),
      }),
    }),
  });
  const { submissions } = account.parse(await (await fetch(`${sandboxUrl}/ledger`)).json()).vendors.healthsage;
  let chunks = 0;
  let billedAgain = 0;
  let doubts = 0;
  for (const note of notes) {
    const page =
      pages.find(({ resource }) => resource === `DocumentReference/${note.id}`) ?? assert.fail('no order of a note');
    splitNote(note.text).forEach((chunk, index) => {
      const key = `chunk/${String(index).padStart(4, '0')}/`;
      const text = Array.from(note.text)
        .slice(chunk.base, chunk.base + chunk.length)
        .join('');
      const billed = submissions[createHash('sha256').update(text).digest('hex')]?.bills ?? 0;
      const of = (event: string): number =>
        page.timeline.filter((row) => row.event === event && String(row.detail.key).startsWith(key)).length;
      assert.ok(billed >= 1, `${page.key} ${key} was never billed`);
      assert.ok(
        billed <= of('effect-started'),
        `${page.key} ${key}: billed ${billed}, started ${of('effect-started')}`,
      );
      assert.ok(
        billed - 1 <= of('effect-unknown'),
        `${page.key} ${key}: billed ${billed}, doubts ${of('effect-unknown')}`,
      );
      assert.equal(
        of('effect-started'),
        of('effect-answered') + of('effect-unknown'),
        `${page.key} ${key}: the timeline does not add up`,
      );
      chunks++;
      billedAgain += billed - 1;
      doubts += of('effect-unknown');
    });
  }
  return { chunks, billedAgain, doubts };
}
