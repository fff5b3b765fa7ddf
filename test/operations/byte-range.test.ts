import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byteRange } from '../../src/operations/byte-range.ts';

test('a range is cut to what there is', () => {
  assert.deepEqual(byteRange('bytes=0-9', 100), { start: 0, end: 10 });
  assert.deepEqual(byteRange('bytes=90-200', 100), { start: 90, end: 100 });
  assert.deepEqual(byteRange('bytes=90-', 100), { start: 90, end: 100 });
  assert.deepEqual(byteRange('bytes=-10', 100), { start: 90, end: 100 });
  assert.deepEqual(byteRange('bytes=-500', 100), { start: 0, end: 100 });
  assert.deepEqual(byteRange('Bytes=0-0', 1), { start: 0, end: 1 });
});

test('a range with nothing in it cannot be satisfied', () => {
  for (const [header, size] of [
    ['bytes=100-', 100],
    ['bytes=100-200', 100],
    ['bytes=-0', 100],
    ['bytes=0-', 0],
    ['bytes=-1', 0],
  ] as const) {
    assert.equal(byteRange(header, size), 'unsatisfiable', `${header} of ${size}`);
  }
});

test('what is no single range of bytes is answered by the whole', () => {
  for (const header of [
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=9-0',
    'bytes=0-1,4-5',
    'items=0-1',
    'bytes=a-b',
    'bytes=+1-2',
    'bytes=1.5-2',
    'bytes=0-1;x',
  ]) {
    assert.equal(byteRange(header, 100), undefined, header);
  }
});

test('whatever is asked, what is given lies within the file and is not empty', () => {
  const number = fc.oneof(
    fc.constant(''),
    fc.nat().map(String),
    fc.maxSafeNat().map(String),
    fc.string({ maxLength: 3 }),
  );
  const header = fc.oneof(
    fc.tuple(number, number).map(([first, last]) => `bytes=${first}-${last}`),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(header, fc.oneof(fc.nat(10), fc.maxSafeNat()), (text, size) => {
      const range = byteRange(text, size);
      if (typeof range === 'object') {
        assert.ok(0 <= range.start && range.start < range.end && range.end <= size);
      }
    }),
    { numRuns: 2000 },
  );
});
