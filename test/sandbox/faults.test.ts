import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFaults, UnknownFault } from '../../sandbox/faults.ts';

function board() {
  const faults = createFaults();
  faults.of('ehr').describe([{ name: 'slow', what: 'answers late' }]);
  faults.of('healthsage').describe([{ name: 'slow', what: 'answers late, too' }]);
  return faults;
}

test('a fault happens as many times as it was set, and to its own vendor only', () => {
  const faults = board();
  const ehr = faults.of('ehr');
  assert.equal(ehr.take('slow'), false);
  faults.set('ehr', 'slow', 2);
  assert.equal(faults.of('healthsage').take('slow'), false);
  assert.deepEqual([ehr.take('slow'), ehr.take('slow'), ehr.take('slow')], [true, true, false]);
});

test('the list says what each does and what is still set; clearing unsets all and forgets none', () => {
  const faults = board();
  faults.set('ehr', 'slow');
  assert.deepEqual(faults.list(), [
    { vendor: 'ehr', name: 'slow', what: 'answers late', times: 1 },
    { vendor: 'healthsage', name: 'slow', what: 'answers late, too', times: 0 },
  ]);
  faults.clear();
  assert.deepEqual(
    faults.list().map(({ times }) => times),
    [0, 0],
  );
  assert.equal(faults.of('ehr').take('slow'), false);
  faults.set('ehr', 'slow', 3);
  assert.equal(faults.set('ehr', 'slow', 0).times, 0);
  assert.equal(faults.of('ehr').take('slow'), false);
});

test('an unknown fault is refused with what is known, and never taken', () => {
  const faults = board();
  assert.equal(faults.of('ehr').take('made-up'), false);
  for (const [vendor, fault] of [
    ['ehr', 'made-up'],
    ['nobody', 'slow'],
  ] as const) {
    assert.throws(
      () => faults.set(vendor, fault),
      (error) => error instanceof UnknownFault && error.known.join() === 'ehr/slow,healthsage/slow',
    );
  }
});
