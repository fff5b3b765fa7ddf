import assert from 'node:assert/strict';
import express from 'express';
import { createFaults } from '../../../sandbox/faults.ts';
import { HISTAI_DEFAULTS } from '../../../sandbox/histai/defaults.ts';
import type { HistaiFault } from '../../../sandbox/histai/faults.ts';
import type { HistaiOptions } from '../../../sandbox/histai/options.ts';
import { histaiRoutes } from '../../../sandbox/histai/routes.ts';
import { createLedger } from '../../../sandbox/ledger.ts';
import { serve } from '../../support/serve.ts';

/** Two hosts of the simulator, and its ledger; they go with `close`. */
export async function serveDatahub(now: () => Date, options: HistaiOptions = {}) {
  const faults = createFaults();
  const ledger = createLedger(now);
  const storageUrl = { value: '' };
  const { api, storage } = histaiRoutes({
    faults: faults.of('histai'),
    ledger: ledger.of('histai'),
    now,
    options: { slowMs: 100, ...options },
    storageUrl: () => storageUrl.value,
  });
  const hosts = await Promise.all([serve(express().use(api)), serve(express().use(storage))]);
  storageUrl.value = hosts[1].url;
  const account = () => ledger.read().histai ?? assert.fail('no account');
  return {
    settings: {
      baseUrl: hosts[0].url,
      apiKey: HISTAI_DEFAULTS.apiKey,
      storageHosts: [new URL(hosts[1].url).host],
    },
    /** Of the vendor's ledger; undefined before the first call. */
    account: () => ledger.read().histai,
    ledger: account,
    charges: () => ledger.read().histai?.billed.charges ?? 0,
    /** Cohorts made; nothing else is submitted but a top-up. */
    cohorts: () => Object.values(account().submissions).reduce((sum, { received }) => sum + received, 0),
    set(fault: HistaiFault, times = 1) {
      faults.set('histai', fault, times);
    },
    level: (fault: HistaiFault, level: number) => faults.setLevel('histai', fault, level),
    close: async () => void (await Promise.all(hosts.map((host) => host.close()))),
  };
}
