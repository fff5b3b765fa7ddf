import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import type { RegisterResult } from '../../src/subscriptions/register.ts';
import { startRegistrar } from '../../src/subscriptions/registrar.ts';
import { fakeClient, freeLeases, siteConfig } from './doubles.ts';

const forbid = async () => {
  throw new AdapterError('ehr-forbidden', 'The server forbids it');
};

async function start(held: Set<string>, capabilities = forbid) {
  const results: RegisterResult[] = [];
  const sweeps: string[] = [];
  const registrar = startRegistrar({
    sites: new Map([['general', { config: siteConfig(), client: fakeClient(new Map(), { capabilities }) }]]),
    publicUrl: 'https://adapter.hospital.example',
    leases: freeLeases(held),
    log: silentLog,
    requestSweep: (site) => void sweeps.push(site),
    onResult: (result) => void results.push(result),
  });
  await registrar.first;
  await registrar.stop();
  return { results, sweeps };
}

test('every site is tried at start; a server that forbids it is told of and nothing is thrown', async () => {
  const { results, sweeps } = await start(new Set());
  assert.match(results[0]?.problem ?? '', /ehr-forbidden/);
  assert.deepEqual(sweeps, []);
});

test('a site that another process registers is left to it', async () => {
  const { results } = await start(new Set(['register:general']));
  assert.deepEqual(results, []);
});
