/** Sweeps of servers that refuse searches over all patients: by a roster, or by compartments. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DocumentReference, Patient } from '@medplum/fhirtypes';
import { silentLog } from '../../src/log.ts';
import type { News } from '../../src/orders/types.ts';
import { inGroups } from '../../src/subscriptions/roster.ts';
import { sweepSite } from '../../src/subscriptions/sweep.ts';
import { newHabits } from '../../src/subscriptions/sweep-habits.ts';
import { memoryCursors, note, siteConfig } from './doubles.ts';
import { type Answer, type Asked, searchset, serveSearches, since } from './sweep-server.ts';

const MARK = 'sweep:DocumentReference?type=http://loinc.org|11506-3';
const at = (time: string) => `2026-03-01T${time}.000Z`;

interface Ehr {
  patients: string[];
  notes: Record<string, DocumentReference[]>;
  /** Refuses what it does not do. */
  refuses?(asked: Asked, patients: string[]): number | undefined;
}

function respond(ehr: Ehr, asked: Asked, base: string): Answer | undefined {
  const { path, words } = asked;
  if (path === 'Patient') {
    const page = Number(words.get('page') ?? 0);
    const some = ehr.patients.slice(page * 2, page * 2 + 2).map((id): Patient => ({ resourceType: 'Patient', id }));
    const more = ehr.patients.length > page * 2 + 2;
    return searchset(some, more ? { next: `${base}/Patient?active=true&page=${page + 1}` } : {});
  }
  if (path === 'Group/cohort') {
    const member = ehr.patients.map((id) => ({ entity: { reference: `Patient/${id}` } }));
    const left = { entity: { reference: 'Patient/left' }, inactive: true };
    return { body: { resourceType: 'Group', id: 'cohort', type: 'person', actual: true, member: [...member, left] } };
  }
  const compartment = /^Patient\/([^/]+)\//.exec(path)?.[1];
  const patients = compartment ? [compartment] : (words.get('patient') ?? '').split(',').filter(Boolean);
  const refused = patients.length === 0 ? 403 : ehr.refuses?.(asked, patients);
  return refused === undefined
    ? searchset(
        since(
          patients.flatMap((id) => ehr.notes[id] ?? []),
          asked,
        ),
      )
    : { status: refused };
}

async function rig(t: TestContext, ehr: Ehr, roster: object = { patients: 'Patient?active=true' }) {
  const server = await serveSearches(t, (asked, base) => respond(ehr, asked, base));
  const cursors = memoryCursors({ 'route:notes:since': at('07:00:00') });
  const found: string[] = [];
  const options = {
    site: siteConfig({ roster }),
    client: server.client,
    cursors,
    log: silentLog,
    habits: newHabits(),
    elapsed: () => 0,
    admit: async ({ id }: News) => {
      found.push(id);
      return { orders: 1, told: 0 };
    },
  };
  const sweep = async (more: Partial<Parameters<typeof sweepSite>[0]> = {}) => {
    found.length = 0;
    const result = await sweepSite({ ...options, ...more });
    return { result, found: [...found] };
  };
  const searches = () => server.asked.filter(({ path }) => path.includes('DocumentReference'));
  return { ...server, cursors, sweep, searches };
}

const three = (): Ehr => ({
  patients: ['p1', 'p2', 'p3'],
  notes: {
    p1: [note('a', '1', at('09:00:00'))],
    p2: [note('old', '1', at('06:00:00'))],
    p3: [note('b', '1', at('09:20:00'))],
  },
});

for (const patients of ['Patient?active=true', 'Group/cohort']) {
  test(`the patients of ${patients} are searched for in groups, with one watermark for all of them`, async (t) => {
    const { sweep, searches, cursors } = await rig(t, three(), { patients });
    const { found, result } = await sweep();
    assert.deepEqual([found, result.swept[0]?.problem], [['a', 'b'], undefined]);
    assert.deepEqual(
      searches().map(({ words }) => words.get('patient')),
      ['p1,p2,p3'],
    );
    assert.equal(cursors.values.get(MARK), at('09:20:00'));
    await sweep();
    assert.equal(searches().at(-1)?.words.get('_lastUpdated'), `ge${at('09:15:00')}`);
  });
}

test('a patient who comes onto the roster loses nothing that is older than the watermark', async (t) => {
  const ehr = three();
  const { sweep, searches } = await rig(t, ehr);
  await sweep();
  ehr.patients.push('p4');
  ehr.notes.p4 = [note('before', '1', at('08:00:00'))];
  assert.deepEqual((await sweep()).found, ['b', 'before']);
  assert.deepEqual(
    searches()
      .slice(1)
      .map(({ words }) => [words.get('patient'), words.get('_lastUpdated')]),
    [
      ['p1,p2,p3', `ge${at('09:15:00')}`],
      ['p4', `ge${at('07:00:00')}`],
    ],
  );
  assert.deepEqual((await sweep()).found, ['b'], 'and is one of the others from then on');
});

test('a roster that is not read to its end leaves the watermark, and its new patients new', async (t) => {
  const ehr = three();
  let down = true;
  ehr.refuses = (_, patients) => (down && patients.includes('p4') ? 500 : undefined);
  const { sweep, cursors } = await rig(t, ehr);
  down = false;
  await sweep();
  down = true;
  ehr.patients.push('p4');
  ehr.notes.p4 = [note('before', '1', at('08:00:00'))];
  ehr.notes.p1 = [note('later', '1', at('10:00:00'))];
  assert.equal((await sweep()).result.swept[0]?.problem, 'ehr-error');
  assert.equal(cursors.values.get(MARK), at('09:20:00'));
  down = false;
  assert.deepEqual(new Set((await sweep()).found), new Set(['b', 'later', 'before']));
});

test('a server that searches for one patient at a time is asked one by one, and from then on at once so', async (t) => {
  const ehr = three();
  ehr.refuses = (_, patients) => (patients.length > 1 ? 400 : undefined);
  const { sweep, searches } = await rig(t, ehr);
  assert.deepEqual((await sweep()).found, ['a', 'b']);
  const before = searches().length;
  assert.deepEqual((await sweep()).found, ['b']);
  assert.deepEqual(
    searches()
      .slice(before)
      .map(({ words }) => words.get('patient')),
    ['p1', 'p2', 'p3'],
  );
});

test('by compartment, each patient is asked for on their own', async (t) => {
  const { sweep, searches } = await rig(t, three(), { patients: 'Group/cohort', by: 'compartment' });
  assert.deepEqual((await sweep()).found, ['a', 'b']);
  assert.deepEqual(
    searches().map(({ path }) => path),
    ['p1', 'p2', 'p3'].map((id) => `Patient/${id}/DocumentReference`),
  );
});

test('a patient whose record is closed to us hides no other, and is looked at from the beginning once it is open', async (t) => {
  const ehr = three();
  let closed = true;
  ehr.refuses = (_, patients) => (closed && patients.includes('p1') ? 403 : undefined);
  const { sweep } = await rig(t, ehr);
  const { found, result } = await sweep();
  assert.deepEqual([found, result.swept[0]?.problem], [['b'], undefined]);
  closed = false;
  assert.deepEqual(new Set((await sweep()).found), new Set(['a', 'b']));
});

test('a roster of which everything is refused is a problem, said in words', async (t) => {
  const ehr = three();
  ehr.refuses = () => 403;
  const { sweep, cursors } = await rig(t, ehr);
  const { result } = await sweep();
  assert.equal(result.swept[0]?.problem, 'ehr-forbidden');
  assert.match(result.swept[0]?.advice ?? '', /searches of the roster for DocumentReference \(403\)/);
  assert.equal(cursors.values.has(MARK), false);
  const missing = await rig(t, ehr, { patients: 'Group/nobody' });
  assert.match((await missing.sweep()).result.swept[0]?.advice ?? '', /subscriptions\.roster/);
});

test('a backlog is counted and brought over the whole roster', async (t) => {
  const ehr = three();
  const { sweep, client, cursors } = await rig(t, ehr);
  await sweep();
  const search: typeof client.search = async (query) =>
    query.includes('_summary=count') ? { resourceType: 'Bundle', type: 'searchset', total: 3 } : client.search(query);
  const counted = await sweep({ client: { ...client, search }, since: new Date(at('00:00:00')), dryRun: true });
  assert.equal(counted.result.counts[0]?.count, 3);
  assert.deepEqual((await sweep({ since: new Date(at('00:00:00')) })).found, ['old', 'a', 'b']);
  assert.equal(cursors.values.get(MARK), at('09:20:00'));
});

test('no patient’s id is kept where the roster is remembered', async (t) => {
  const { sweep, cursors } = await rig(t, three());
  await sweep();
  assert.ok([...cursors.values].every(([name, value]) => !/\bp[123]\b/.test(name + value)));
});

test('groups hold every patient once and stay short', () => {
  const ids = Array.from({ length: 333 }, (_, index) => `${index}-${'x'.repeat(index % 60)}`);
  const groups = inGroups(ids);
  assert.deepEqual(groups.flat(), ids);
  assert.ok(groups.every((group) => group.length > 0 && group.length <= 25 && group.join(',').length < 1400));
});
