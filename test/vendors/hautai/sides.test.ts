import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CodeableConcept } from '@medplum/fhirtypes';
import { hautai } from '../../../src/vendors/hautai/index.ts';
import { batchRequest } from '../../../src/vendors/hautai/open-batch.ts';
import { sideOf } from '../../../src/vendors/hautai/sides.ts';
import type { State } from '../../../src/vendors/hautai/state.ts';
import { input, orderOf } from './drive.ts';

const snomed = (code: string): CodeableConcept => ({ coding: [{ system: 'http://snomed.info/sct', code }] });

const VIEWS: [CodeableConcept | undefined, string | undefined][] = [
  [snomed('399033003'), 'front'],
  [snomed('399173006'), 'left'],
  [snomed('399198007'), 'right'],
  [snomed('260424009'), 'right'],
  [{ ...snomed('399173006'), text: 'right profile' }, 'left'],
  [{ text: 'Frontal view' }, 'front'],
  [{ text: 'Left profile of the face' }, 'left'],
  [{ coding: [{ system: 'urn:camera', code: 'front_view' }] }, 'front'],
  [{ coding: [{ system: 'http://snomed.info/sct', code: '1', display: 'Right lateral projection' }] }, 'right'],
  [{ text: 'left or right' }, undefined],
  [{ text: 'a bright copyright notice' }, undefined],
  [{ text: 'forehead' }, undefined],
  [{ coding: [{ system: 'http://snomed.info/sct', code: 'constructor' }] }, undefined],
  [undefined, undefined],
];

for (const [view, side] of VIEWS) {
  test(`${JSON.stringify(view ?? 'no view')} shows ${side ?? 'no known side'}`, () => {
    assert.equal(sideOf(view), side);
  });
}

const refusal = (begun: ReturnType<typeof hautai.begin>): string => ('refuse' in begun ? begun.refuse.text : 'begun');
const unseen = (name: string) =>
  input(name, { picture: { contentType: 'image/jpeg', pictures: 1, extension: [] }, contentType: 'image/jpeg' });

test('orders that cannot be analysed are refused in words', () => {
  const told: [Parameters<typeof orderOf>, RegExp][] = [
    [[[]], /no photo/],
    [[['front', 'Front']], /More than one photo shows the front/],
    [[['front', 'left', 'right', 'left']], /has 4 photos/],
    [[['profile']], /which side/],
    [[[], {}, { inputs: [unseen('a')] }], /which side/],
    [[[], {}, { inputs: [input('front', { contentType: 'application/zip' })] }], /JPEG or PNG/],
  ];
  for (const [order, words] of told) {
    assert.match(refusal(hautai.begin(orderOf(...order))), words);
  }
  const { patient: _, ...nobody } = orderOf();
  assert.match(refusal(hautai.begin(nobody)), /which patient/);
});

test('a photo without a view is the front one only where the route says so, and never beside another front', () => {
  const inputs = [unseen('a')];
  const begun = hautai.begin(orderOf([], { defaultView: 'front' }, { inputs }));
  assert.ok(!('refuse' in begun));
  assert.deepEqual(
    begun.photos.map(({ side }) => side),
    ['front'],
  );
  // A view that says something else is not overruled.
  assert.match(refusal(hautai.begin(orderOf(['profile'], { defaultView: 'front' }))), /which side/);
  assert.match(
    refusal(hautai.begin(orderOf([], { defaultView: 'front' }, { inputs: [...inputs, input('front')] }))),
    /More than one/,
  );
});

test('the labels of a batch say the side alone, and its time is the photo’s', () => {
  const request = (date: string | undefined) => {
    const { date: _, ...undated } = input('left');
    const order = orderOf([], {}, { inputs: [date === undefined ? undated : { ...undated, date }] });
    return batchRequest(hautai.begin(order) as State, order);
  };
  assert.deepEqual(request('2026-11-20T10:30:00+01:00'), {
    left: 'left.png',
    creation_time: '2026-11-20T09:30:00.000Z',
    meta: {},
  });
  assert.equal(request('2026-11-20').creation_time, '2026-11-20T00:00:00.000Z');
  for (const vague of ['2026', '2026-11', undefined]) {
    assert.equal(request(vague).creation_time, undefined);
  }
});
