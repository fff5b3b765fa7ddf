import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLedger } from '../../sandbox/ledger.ts';

const at = '2026-11-22T09:00:00.000Z';

test('calls, submissions and bills are counted by vendor', () => {
  const ledger = createLedger(() => new Date(at));
  const vendor = ledger.of('healthsage');
  ledger.of('hemato').call({ endpoint: 'GET /jobs' });
  const call = vendor.call({ endpoint: 'POST /generate' });
  vendor.submitted(call, 'aa');
  vendor.bill({ sha256: 'aa', keys: { task_id: '1' }, units: { generations: 1, output_tokens: 5 } });
  vendor.bill({ sha256: 'aa', keys: { task_id: '2' }, units: { generations: 1, output_tokens: 7 } });
  call.status = 202;
  const { healthsage, hemato } = ledger.read();
  assert.deepEqual(healthsage, {
    endpoints: { 'POST /generate': 1 },
    billed: { generations: 2, output_tokens: 12 },
    submissions: { aa: { received: 1, bills: 2, billed: { generations: 2, output_tokens: 12 } } },
    bills: [
      { at, sha256: 'aa', keys: { task_id: '1' }, units: { generations: 1, output_tokens: 5 } },
      { at, sha256: 'aa', keys: { task_id: '2' }, units: { generations: 1, output_tokens: 7 } },
    ],
    calls: [{ at, endpoint: 'POST /generate', sha256: 'aa', status: 202 }],
  });
  assert.deepEqual(hemato?.endpoints, { 'GET /jobs': 1 });
});

test('what was read does not change with what comes later; a reset begins anew for holders of the old, too', () => {
  const ledger = createLedger();
  const vendor = ledger.of('healthsage');
  vendor.call({ endpoint: 'GET /a' });
  const before = ledger.read();
  vendor.call({ endpoint: 'GET /a' });
  assert.deepEqual(before.healthsage?.endpoints, { 'GET /a': 1 });
  ledger.reset();
  assert.deepEqual(ledger.read().healthsage?.calls, []);
  vendor.call({ endpoint: 'GET /b' });
  assert.deepEqual(ledger.read().healthsage?.endpoints, { 'GET /b': 1 });
});

test('only the last ten thousand calls are kept one by one', () => {
  const ledger = createLedger();
  const vendor = ledger.of('healthsage');
  for (let call = 0; call < 10_050; call++) {
    vendor.call({ endpoint: 'GET /a' });
  }
  const account = ledger.read().healthsage;
  assert.deepEqual([account?.calls.length, account?.endpoints['GET /a']], [10_000, 10_050]);
});
