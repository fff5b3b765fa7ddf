import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { exampleNote } from '../../sandbox/examples/note.ts';
import { NOTE_TEXT } from '../../sandbox/examples/note-text.ts';
import { placeExample } from '../../sandbox/examples/place-order.ts';
import { extract } from '../../sandbox/healthsage/extract.ts';
import { openSandbox, PATHS } from '../../sandbox/index.ts';

async function post(url: string, body: string) {
  const response = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  return { status: response.status, json: JSON.parse(await response.text()) };
}

test('faults and ledger are reached over HTTP, and every error is JSON', async (t) => {
  const sandbox = await openSandbox({ healthsage: { pollsUntilDone: 0 } });
  t.after(() => sandbox.close());
  const faults = `${sandbox.url}${PATHS.faults}`;

  const set = await post(faults, '{"vendor":"healthsage","fault":"quota","times":2}');
  assert.deepEqual([set.status, set.json.times], [200, 2]);
  assert.equal((await post(faults, '{"vendor":"ehr","fault":"slow","times":0}')).json.times, 0);
  const listed = await (await fetch(faults)).json();
  const described = Object.values(listed).flat();
  assert.ok(described.length > 30);
  assert.ok(sandbox.faults.list().some(({ vendor, times }) => vendor === 'healthsage' && times === 2));
  await fetch(faults, { method: 'DELETE' });
  assert.ok(sandbox.faults.list().every(({ times }) => times === 0));

  const unknown = await post(faults, '{"vendor":"healthsage","fault":"made-up"}');
  assert.equal(unknown.status, 400);
  assert.ok(unknown.json.known.includes('healthsage/accepted-then-500') && unknown.json.known.includes('ehr/slow'));
  for (const body of [
    '{"vendor":1}',
    '{"vendor":"ehr","fault":"slow","times":-1}',
    '{"vendor":"ehr","fault":"slow","extra":1}',
    '{"ven',
  ]) {
    assert.equal((await post(faults, body)).status, 400, body);
  }

  const generated = await fetch(`${sandbox.url}/healthsage/generate`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-API-Key': 'sandbox-1' },
    body: JSON.stringify({ note: 'Gout since 2020.', specialty: 'General Medicine' }),
  });
  assert.equal(generated.status, 202);
  const ledger = await (await fetch(`${sandbox.url}${PATHS.ledger}`)).text();
  assert.ok(ledger.includes(createHash('sha256').update('Gout since 2020.').digest('hex')) && !ledger.includes('Gout'));
  await fetch(`${sandbox.url}${PATHS.ledger}`, { method: 'DELETE' });
  assert.deepEqual(sandbox.ledger.read().healthsage?.endpoints, {});

  for (const path of ['/aignostics/jobs', '/nothing']) {
    const answer = await fetch(`${sandbox.url}${path}`);
    assert.equal(answer.status, 404);
    assert.match(answer.headers.get('content-type') ?? '', /json/);
    assert.match(await answer.text(), /"hint"/);
  }
});

for (const manner of ['medplum', 'hapi'] as const) {
  for (const transactions of ['atomic', 'none'] as const) {
    test(`the example order can be placed (${manner}, transactions ${transactions})`, async (t) => {
      const sandbox = await openSandbox({ manner, transactions });
      t.after(() => sandbox.close());
      const first = await placeExample(`${sandbox.url}${PATHS.ehr}`, exampleNote());
      const second = await placeExample(`${sandbox.url}${PATHS.ehr}/`, exampleNote());
      assert.equal(first.patient, second.patient);
      assert.notEqual(first.order, second.order);
      const [type = '', id = ''] = first.order.split('/');
      const note = await sandbox.ehr.read(type, id);
      assert.ok(note?.resourceType === 'DocumentReference');
      assert.equal(note.subject?.reference, first.patient);
      assert.deepEqual(note.context?.encounter, [{ reference: first.created[2] }]);
      assert.equal(note.meta?.security?.[0]?.code, 'HTEST');
      const data = note.content[0]?.attachment.data;
      assert.equal(Buffer.from(data ?? '', 'base64').toString('utf8'), NOTE_TEXT);
    });
  }
}

test('the example note is a real one: two chunks or three, accents, every certainty, dates that begin and end', () => {
  const characters = Array.from(NOTE_TEXT).length;
  assert.ok(characters >= 1800 && characters <= 2800, String(characters));
  assert.match(NOTE_TEXT, /[éèâëÉ]/);
  const all = extract(NOTE_TEXT, '2026-11-19');
  assert.deepEqual([...new Set(all.map(({ status }) => status))].sort(), ['confirmed', 'differential', 'provisional']);
  assert.ok(all.some(({ end_date }) => end_date === '2018') && all.some(({ date }) => date === '2019-03'));
  const sources = all.map(({ source }) => source);
  assert.ok(sources.includes('myocardial infarction') && sources.includes('chest pain'));
  for (const { meta } of exampleNote()) {
    assert.deepEqual(
      meta?.security?.map(({ code }) => code),
      ['HTEST'],
    );
  }
});

test('each call of exampleNote gives resources of its own', () => {
  const [patient] = exampleNote();
  assert.ok(patient);
  patient.id = 'changed';
  assert.equal(exampleNote()[0]?.id, 'example-patient');
});
