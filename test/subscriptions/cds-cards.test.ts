import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cardFor, type OrderFacts } from '../../src/subscriptions/cds/cards.ts';
import { lookSooner } from '../../src/subscriptions/cds/look-sooner.ts';
import { judgeInputs } from '../../src/subscriptions/cds/named-inputs.ts';
import { until } from '../support/until.ts';

const certain: OrderFacts = {
  vendor: 'Derma AI',
  needs: ['picture'],
  inputs: 'named',
  awaitHours: 24,
  quotaUsedUp: false,
  hold: false,
  consent: false,
};

const facts: fc.Arbitrary<OrderFacts> = fc.record({
  label: fc.option(fc.string({ unit: 'grapheme', maxLength: 200 }), { nil: undefined }),
  vendor: fc.string({ minLength: 1, maxLength: 60 }),
  needs: fc.constantFrom(['note'] as const, ['picture', 'slide'] as const),
  inputs: fc.constantFrom('named', 'missing', 'unknown'),
  awaitHours: fc.constantFrom(0, 1, 0.5, 720),
  quotaUsedUp: fc.constantFrom(false as const, undefined, { perDay: 9 }),
  hold: fc.constantFrom(false as const, undefined, { text: 'Out <b>of</b> [order](x)\n# now' }),
  consent: fc.constantFrom(false as const, undefined, { text: 'No.' }, { text: 'None.', awaits: true as const }),
});

test('a card promises only what is certain, fits its 140 characters, and marks up nothing that came from outside', () => {
  fc.assert(
    fc.property(facts, (given) => {
      const card = cardFor(given);
      const troubled = Boolean(given.quotaUsedUp || given.hold || given.consent) || given.inputs === 'missing';
      const doubtful =
        given.inputs !== 'named' || [given.quotaUsedUp, given.hold, given.consent].some((each) => each === undefined);
      assert.equal(card?.indicator, troubled ? 'warning' : doubtful ? undefined : 'info');
      assert.ok(Array.from(card?.summary ?? '').length < 140);
      assert.doesNotMatch(card?.summary ?? '', /\n/);
      assert.doesNotMatch(card?.detail ?? '', /[^\\]<b|[^\\]\[order|\n#/);
    }),
  );
});

test('a card speaks of the order in its own words, where it has some', () => {
  assert.equal(cardFor(certain)?.summary, 'AI analysis by Derma AI will be done for this order.');
  assert.match(
    cardFor({ ...certain, inputs: 'missing' })?.summary ?? '',
    /^The order names no picture: .* 24 hours\.$/,
  );
  assert.match(cardFor({ ...certain, label: 'Mole' })?.summary ?? '', /for “Mole”\.$/);
});

test('an input is judged by what the order names, contained or by a Task too', () => {
  const judge = (order: object, known: [string, unknown][] = []) =>
    judgeInputs(
      'https://ehr.example',
      { resourceType: 'ServiceRequest', ...order } as never,
      ['picture'],
      new Map(known),
    );
  const naming = (reference: string) => ({ supportingInfo: [{ reference }] });
  assert.equal(judge({}), 'missing');
  assert.equal(judge(naming('Condition/1')), 'missing');
  assert.equal(judge(naming('Media/1')), 'named');
  assert.equal(judge(naming('https://ehr.example/Media/1/_history/2')), 'named');
  assert.equal(judge(naming('https://other.example/Media/1')), 'missing');
  assert.equal(judge(naming('Binary/1')), 'unknown', 'what it is shows when it is fetched');
  assert.equal(judge(naming('ImagingStudy/1')), 'missing', 'DICOM is no picture that can be sent');
  const holding = (contentType?: string) => ({ content: [{ attachment: { contentType } }] });
  for (const [type, verdict] of [
    ['application/zip', 'named'],
    ['application/octet-stream', 'named'],
    ['video/mp4', 'missing'],
    ['application/pdf', 'missing'],
  ]) {
    assert.equal(judge(naming('DocumentReference/1'), [['DocumentReference/1', holding(type)]]), verdict, type);
  }
  assert.equal(judge({ specimen: [{ reference: 'Specimen/1' }] }), 'unknown', 'its pictures are found by it');
  assert.equal(judge({ input: [{ valueReference: { reference: 'Media/1' } }] }), 'named');
  assert.equal(judge({ ...naming('#a'), contained: [{ resourceType: 'Media', id: 'a' }] }), 'named');
  assert.equal(judge(naming('#b')), 'missing');
  assert.equal(judge(naming('DocumentReference/1')), 'unknown');
  const text = { content: [{ attachment: { contentType: 'text/plain' } }] };
  assert.equal(judge(naming('DocumentReference/1'), [['DocumentReference/1', text]]), 'missing');
  assert.equal(
    judge(naming('DocumentReference/1'), [['DocumentReference/1', { content: [{ attachment: {} }] }]]),
    'named',
  );
});

test('however many calls come, a site is looked at once for each delay, and not after a stop', async () => {
  const looked: string[] = [];
  const sooner = lookSooner((site) => void looked.push(site), [0.01, 0.02]);
  for (let calls = 0; calls < 20; calls += 1) {
    sooner('general');
    sooner('other');
  }
  await until('both looks at both sites', () => looked.length === 4);
  assert.deepEqual(looked.toSorted(), ['general', 'general', 'other', 'other']);
  sooner('general');
  sooner.stop();
  assert.equal(looked.length, 4);
});
