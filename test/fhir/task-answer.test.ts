/** What counts as a person's answer in a Task, whatever stands there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Task, TaskInput } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { buildTask, mergeTask } from '../../src/fhir/task.ts';
import { answerIn } from '../../src/fhir/task-answer.ts';
import { openValidator } from '../../src/fhir/validate.ts';
import type { Question } from '../../src/vendors/contract.ts';
import { viewOf } from './publish-support.ts';

const BASE = 'https://ehr.example/fhir';
const NOW = new Date('2026-11-22T12:00:00Z');
const QUESTION: Question = {
  id: 'purchase/1/abc',
  text: 'Buy it for 495.00 USD?',
  choices: { decline: 'Do not buy it' },
  number: { unit: 'USD', exactly: 495 },
  inEhr: ['Practitioner/chief', 'PractitionerRole/2'],
};

const input = (code: string, text = '495.00', reference = 'Practitioner/chief'): TaskInput => ({
  type: { coding: [{ system: 'urn:fhir-ai-adapter:answer', code }] },
  valueAnnotation: { authorReference: { reference }, text },
});
const mine = (text?: string, reference?: string): TaskInput => input(QUESTION.id, text, reference);
const task = (inputs: TaskInput[], lastUpdated = '2026-11-22T11:59:00+00:00'): Task => ({
  ...buildTask(viewOf('site/DocumentReference/1/route', '1', 'Patient/1', 'Device/1')),
  id: 't',
  meta: { versionId: '7', lastUpdated },
  input: inputs,
});
const heard = (...inputs: TaskInput[]) => answerIn(task(inputs), QUESTION, { baseUrl: BASE, now: NOW });

test('the question is on the Task while it is open, and an answer there is valid and left where it is', async () => {
  const validate = await openValidator();
  const view = viewOf('site/DocumentReference/1/route', '1', 'Patient/1', 'Device/1');
  const asking = buildTask({ ...view, status: 'on-hold', businessStatus: 'searching', question: QUESTION.id });
  assert.deepEqual(asking.businessStatus, {
    coding: [{ system: 'urn:fhir-ai-adapter:question', code: QUESTION.id }],
    text: 'waiting for an answer',
  });
  const answered = { ...asking, id: 't', input: [mine(), { type: { text: 'hint' }, valueString: 'left knee' }] };
  assert.deepEqual(validate(answered), []);
  const merged = mergeTask(answered, buildTask({ ...view, businessStatus: 'paying' }));
  assert.deepEqual([merged.input, merged.businessStatus], [answered.input, { text: 'paying' }]);
});

test('an answer is who says what, when the Task was changed', () => {
  const by = 'Practitioner/chief';
  const at = '2026-11-22T11:59:00.000Z';
  assert.deepEqual(heard(mine()), { value: 495, by, at });
  assert.deepEqual(heard(mine('decline')), { value: 'decline', by, at });
  assert.deepEqual(heard(input('earlier'), mine(' 495\n', `${BASE}/${by}/_history/2`)), { value: 495, by, at });
  for (const lastUpdated of ['2026-11-22T12:00:01Z', 'yesterday']) {
    const answer = answerIn(task([mine()], lastUpdated), QUESTION, { baseUrl: BASE, now: NOW });
    assert.deepEqual(answer, { value: 495, by, at: NOW.toISOString() }, lastUpdated);
  }
});

test('an amount is digits; anything else stays words, which no question for an amount allows', () => {
  for (const [text, value] of [
    ['495', 495],
    ['495.0000', 495],
    ['0495.10', 495.1],
  ] as const) {
    assert.deepEqual(heard(mine(text)), { value, by: 'Practitioner/chief', at: '2026-11-22T11:59:00.000Z' }, text);
  }
  for (const text of [
    '495,00',
    '1,495.00',
    '$495',
    '495 USD',
    '4.95e2',
    '+495',
    '-495',
    '.5',
    '495.',
    '495.00001',
    '٤٩٥',
  ]) {
    const answer = heard(mine(text));
    assert.equal(answer && 'value' in answer && answer.value, text);
  }
});

test('nobody else, not twice, not to another question', () => {
  assert.equal(heard(), undefined);
  assert.equal(heard({ type: { text: 'hint' }, valueString: '495' }), undefined);
  for (const author of [
    'Practitioner/other',
    'chief',
    '#chief',
    'https://elsewhere.example/fhir/Practitioner/chief',
    'urn:uuid:6f1f0a2e-7a44-4a0e-9c39-0d8f2d2f3c11',
    `${BASE}/Practitioner/chief/evil`,
  ]) {
    assert.deepEqual(heard(mine('495', author)), { refused: 'not-allowed' }, author);
  }
  assert.deepEqual(heard(mine(), mine('decline')), { refused: 'several-answers' });
  assert.deepEqual(heard(mine(), mine()), { refused: 'several-answers' });
  assert.deepEqual(heard({ ...mine(), valueAnnotation: { authorString: 'chief', text: '495' } }), {
    refused: 'unreadable',
  });
  const { valueAnnotation: _, ...without } = mine();
  assert.deepEqual(heard({ ...without, valueString: '495' }), { refused: 'unreadable' });
  assert.deepEqual(heard(input('purchase/0/abc')), { otherwise: ['purchase/0/abc'] });
  const { inEhr: __, ...closed } = QUESTION;
  assert.deepEqual(answerIn(task([mine()]), closed, { baseUrl: BASE, now: NOW }), { refused: 'not-allowed' });
});

test('whatever stands in a Task, only one of those who may is heard, once, and never from the future', () => {
  const some = fc.oneof(
    fc.string(),
    fc.jsonValue(),
    fc.constantFrom(undefined, null, 'Practitioner/chief', QUESTION.id),
  );
  const coding = fc.record({ system: fc.oneof(some, fc.constant('urn:fhir-ai-adapter:answer')), code: some });
  const annotation = fc.record({
    text: fc.oneof(some, fc.constantFrom('495.00', 'decline', '__proto__', 'toString')),
    authorReference: fc.oneof(some, fc.record({ reference: some })),
  });
  const anInput = fc.oneof(
    fc.jsonValue(),
    fc.record({
      type: fc.oneof(some, fc.record({ coding: fc.oneof(some, fc.array(coding)) })),
      valueAnnotation: annotation,
    }),
  );
  const inputs = fc.oneof(fc.jsonValue(), fc.array(fc.oneof(anInput, fc.constant(mine())), { maxLength: 3 }));
  fc.assert(
    fc.property(inputs, some, (any, lastUpdated) => {
      const odd: Task = Object.assign(task([]), { input: any, meta: { lastUpdated } });
      const answer = answerIn(odd, QUESTION, { baseUrl: BASE, now: NOW });
      if (answer && 'by' in answer) {
        assert.ok(QUESTION.inEhr?.includes(answer.by));
        assert.ok(Date.parse(answer.at) <= NOW.getTime());
        assert.ok(typeof answer.value === 'string' || (answer.value >= 0 && Number.isFinite(answer.value)));
      }
    }),
    { numRuns: 2_000 },
  );
});
