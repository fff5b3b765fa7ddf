import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bundle, BundleEntry, Condition, Observation, Patient, Task } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { serveEhr, type TestEhr } from './serve-ehr.ts';

const ids = (bundle: Bundle): (string | undefined)[] => (bundle.entry ?? []).map(({ resource }) => resource?.id);
const nextOf = (bundle: Bundle): string | undefined => bundle.link?.find(({ relation }) => relation === 'next')?.url;

async function pages(server: TestEhr, query: string): Promise<Bundle[]> {
  const found: Bundle[] = [];
  for (
    let url: string | undefined = query;
    url;
    url = nextOf(found.at(-1) ?? { resourceType: 'Bundle', type: 'searchset' })
  ) {
    found.push((await server.call('GET', url)).json);
  }
  return found;
}

const patient: Patient = {
  resourceType: 'Patient',
  name: [{ family: 'Müller', given: ['Ada'] }],
  birthDate: '1980-02-03',
};
const task: Task = { resourceType: 'Task', status: 'requested', intent: 'order' };

for (const manner of ['medplum', 'hapi'] as const) {
  test(`${manner}: pages show each of many equally old resources exactly once`, async (t) => {
    const server = await serveEhr(t, { manner, now: () => new Date('2026-03-01T10:00:00.500Z') });
    const made = await Promise.all(Array.from({ length: 25 }, () => server.ehr.create({ ...task })));
    const found = await pages(server, '/Task?_lastUpdated=ge2026-03-01T10:00:00.500Z&_sort=_lastUpdated&_count=10');
    assert.deepEqual(
      found.map((page) => page.entry?.length),
      [10, 10, 5],
    );
    assert.deepEqual(new Set(found.flatMap(ids)), new Set(made.map(({ id }) => id)));
    const [first] = found;
    assert.ok(first && nextOf(first)?.startsWith(server.base), 'next links are absolute');
    assert.equal(first.total, manner === 'hapi' ? 25 : undefined);
  });
}

test('HAPI forgets a search it does not know: 410', async (t) => {
  const { call } = await serveEhr(t, { manner: 'hapi' });
  assert.equal((await call('GET', '?_getpages=nobody')).status, 410);
});

test('HAPI answers a repeated search from what it found before, unless told not to', async (t) => {
  let clock = Date.parse('2026-01-01T00:00:00Z');
  const { ehr, call } = await serveEhr(t, { manner: 'hapi', searchReuseMs: 60_000, now: () => new Date(clock) });
  const total = async (headers = {}) => (await call('GET', '/Task', undefined, headers)).json.total;
  assert.equal(await total(), 0);
  await ehr.create({ ...task });
  assert.equal(await total(), 0, 'stale');
  assert.equal(await total({ 'cache-control': 'no-cache' }), 1);
  await ehr.create({ ...task });
  assert.equal(await total(), 1);
  clock += 60_000;
  assert.equal(await total(), 2);
});

test('tokens match by system and code, several by comma, negated by :not', async (t) => {
  const { ehr, call } = await serveEhr(t);
  const tagged = (value: string): Promise<Task> =>
    ehr.create({ ...task, identifier: [{ system: 'urn:fhir-ai-adapter:order', value }] });
  const [a, b] = [await tagged('general/Note/1/x'), await tagged('general/Note/2/x~2')];
  await ehr.create({ ...task, status: 'completed' });
  const find = async (words: string) => ids((await call('GET', `/Task?${words}`)).json);
  assert.deepEqual(
    await find('identifier=urn:fhir-ai-adapter:order|general/Note/1/x,urn:fhir-ai-adapter:order|general/Note/2/x~2'),
    [a.id, b.id],
  );
  assert.deepEqual(await find('identifier=urn:fhir-ai-adapter:order|GENERAL/NOTE/1/X'), [], 'tokens are exact');
  assert.deepEqual(await find('identifier=urn:fhir-ai-adapter:order|'), [a.id, b.id]);
  assert.deepEqual(await find('identifier=|general/Note/1/x'), []);
  assert.deepEqual(
    await find(`identifier:missing=true&status=completed`),
    ids((await call('GET', '/Task?status=completed')).json),
  );
  assert.deepEqual(await find('status:not=completed'), [a.id, b.id]);
  assert.deepEqual(await find(`_id=${a.id},${b.id},nobody`), [a.id, b.id]);
});

test('references match relative, absolute and by id alone; chains and _has follow them', async (t) => {
  const { ehr, call, base } = await serveEhr(t);
  const { id } = await ehr.create({ ...patient, identifier: [{ system: 'urn:mrn', value: '7' }] });
  const condition: Condition = {
    resourceType: 'Condition',
    subject: { reference: `Patient/${id}` },
    code: { coding: [{ system: 'http://snomed.info/sct', code: '22298006' }] },
  };
  const made = await ehr.create(condition);
  const provenance = await ehr.create({
    resourceType: 'Provenance',
    target: [{ reference: `Condition/${made.id}/_history/${made.meta?.versionId}` }],
    recorded: '2026-01-01T00:00:00Z',
    agent: [{ who: { display: 'x' } }],
  });
  const find = async (query: string) => ids((await call('GET', query)).json);
  for (const words of [
    `patient=${id}`,
    `patient=Patient/${id}`,
    `subject=${base}/Patient/${id}`,
    `subject:Patient=${id}`,
    `subject=${id}`,
    'patient.identifier=urn:mrn|7',
    'subject:Patient.family=muller',
  ]) {
    assert.deepEqual(await find(`/Condition?${words}`), [made.id], words);
  }
  assert.deepEqual(await find('/Condition?subject=Patient/other'), []);
  assert.deepEqual(
    await find(`/Condition?patient=${id}&code=http://snomed.info/sct|1,http://snomed.info/sct|22298006`),
    [made.id],
  );
  assert.deepEqual(await find(`/Provenance?target=Condition/${made.id}`), [provenance.id]);
  assert.deepEqual(await find('/Patient?_has:Condition:patient:code=22298006'), [id]);
  const posted = await call('POST', '/Condition/_search', `patient=${id}`, {
    'content-type': 'application/x-www-form-urlencoded',
  });
  assert.deepEqual(ids(posted.json), [made.id]);
});

test('dates, strings and quantities are compared as the specification says', async (t) => {
  let clock = '2026-03-01T10:00:00.500Z';
  const { ehr, call } = await serveEhr(t, { now: () => new Date(clock) });
  const early = await ehr.create({ ...patient });
  clock = '2026-03-01T11:00:00.000Z';
  const late = await ehr.create({ ...patient, name: [{ family: 'Schmidt' }], birthDate: '1990-01-01' });
  const find = async (words: string) => ids((await call('GET', `/Patient?${words}`)).json);
  assert.deepEqual(await find('_lastUpdated=2026-03-01T10:00:00.500Z'), [early.id]);
  assert.deepEqual(await find('_lastUpdated=gt2026-03-01T10:00:00.500Z'), [late.id]);
  assert.deepEqual(await find('_lastUpdated=ge2026-03-01T12:00:00%2B01:00'), [late.id], 'in another time zone');
  assert.deepEqual(await find('_lastUpdated=ge2026-03-01T10:00:00Z&_lastUpdated=lt2026-03-01T11:00:00Z'), [early.id]);
  assert.deepEqual(await find('_sort=-_lastUpdated'), [late.id, early.id]);
  assert.deepEqual(await find('_sort=-birthdate'), [late.id, early.id]);
  assert.deepEqual(await find('birthdate=1980'), [early.id]);
  assert.deepEqual(await find('family=mul'), [early.id]);
  assert.deepEqual(await find('family=ller'), []);
  assert.deepEqual(await find('family:contains=ller'), [early.id]);
  assert.deepEqual(await find('family:exact=Müller'), [early.id]);
  const observation: Observation = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    valueQuantity: { value: 5.5, code: 'mmol/L', system: 'http://unitsofmeasure.org' },
  };
  const { id } = await ehr.create(observation);
  assert.deepEqual(ids((await call('GET', '/Observation?value-quantity=gt5|http://unitsofmeasure.org|mmol/L')).json), [
    id,
  ]);
});

test('included resources come along as includes, once, over several hops', async (t) => {
  const { ehr, call } = await serveEhr(t);
  const organization = await ehr.create({ resourceType: 'Organization', name: 'Clinic' });
  const { id } = await ehr.create({
    ...patient,
    managingOrganization: { reference: `Organization/${organization.id}` },
  });
  const subject = { reference: `Patient/${id}` };
  await ehr.create<Condition>({ resourceType: 'Condition', subject });
  await ehr.create<Condition>({ resourceType: 'Condition', subject });
  const { json } = await call('GET', '/Condition?_include=Condition:subject&_include:iterate=Patient:organization');
  const modes = json.entry.map((each: BundleEntry) => `${each.resource?.resourceType} ${each.search?.mode}`);
  assert.deepEqual(modes, ['Condition match', 'Condition match', 'Patient include', 'Organization include']);
  const reverse = (await call('GET', '/Patient?_revinclude=Condition:subject&_total=accurate')).json;
  assert.deepEqual([reverse.total, reverse.entry.length], [1, 3]);
});

test('counts, elements and summaries', async (t) => {
  const { ehr, call } = await serveEhr(t);
  await ehr.create({ ...patient });
  const counted = (await call('GET', '/Patient?_summary=count')).json;
  assert.deepEqual([counted.total, counted.entry], [1, undefined]);
  const [entry] = (await call('GET', '/Patient?_elements=birthDate')).json.entry;
  assert.deepEqual(Object.keys(entry.resource).sort(), ['birthDate', 'id', 'meta', 'resourceType']);
  assert.equal(entry.resource.meta.tag[0].code, 'SUBSETTED');
});

test('what a search cannot evaluate is a 400, never an empty list', async (t) => {
  const { call } = await serveEhr(t);
  for (const words of [
    'colour=red',
    'status:in=http://x',
    'status:wrong=x',
    '_lastUpdated=yesterday',
    '_count=many',
    '_sort=colour',
    '_include=*',
    'owner.colour=x',
  ]) {
    const answer = await call('GET', `/Task?${words}`);
    assert.deepEqual([words, answer.status, answer.json.resourceType], [words, 400, 'OperationOutcome']);
  }
});

test('whatever is asked, the answer is a searchset or an OperationOutcome of 4xx', async (t) => {
  const { ehr, call } = await serveEhr(t);
  await ehr.create({ ...patient });
  await ehr.create({ ...task, identifier: [{ system: 'urn:x', value: '1' }] });
  const { rest } = (await call('GET', '/metadata')).json;
  const { searchParam } = rest[0].resource.find((each: { type: string }) => each.type === 'Task');
  const names = searchParam.map((each: { name: string }) => each.name);
  const name = fc.oneof(
    fc.constantFrom(
      ...names,
      '_sort',
      '_count',
      '_include',
      '_revinclude',
      '_has:Task:subject:code',
      '_elements',
      '_total',
      '_summary',
      '_cursor',
      '_offset',
      'subject.name',
      'subject:Patient',
    ),
    fc.string(),
  );
  const value = fc.oneof(
    fc.constantFrom('1', 'urn:x|1', '|', ',', '\\', 'ge2020', 'Patient/1', 'Task:subject', '-_lastUpdated', 'true'),
    fc.string(),
  );
  const property = fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 4 }), async (words) => {
    const { status, json } = await call('GET', `/Task?${new URLSearchParams(words)}`);
    assert.equal(json.resourceType, status === 200 ? 'Bundle' : 'OperationOutcome');
    assert.ok(status === 200 || (status >= 400 && status < 500), `${status}`);
  });
  await fc.assert(property, { numRuns: 200 });
});
