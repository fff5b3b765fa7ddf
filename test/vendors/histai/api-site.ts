/** The HistAI simulator on two hosts of its own, and a caller of ours with its key. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { HISTAI_DEFAULTS } from '../../../sandbox/histai/defaults.ts';
import type { HistaiOptions } from '../../../sandbox/histai/options.ts';
import { AdapterError } from '../../../src/errors.ts';
import { silentLog } from '../../../src/log.ts';
import {
  type Caller,
  type ChosenCase,
  createCohort,
  pay,
  readCohort,
  searchCases,
} from '../../../src/vendors/histai/api.ts';
import { type Settings, settings } from '../../../src/vendors/histai/settings.ts';
import type { TopUpApproval, TopUpLock } from '../../../src/vendors/histai/top-up.ts';
import { openVendorHttp } from '../../../src/vendors/http-client.ts';
import { serve } from '../../support/serve.ts';
import { serveDatahub } from './serve-datahub.ts';

export const KEY = '6f1de58c-1a45-4f0e-9c55-2f5c4b7a1d10';

/** A caller of any host; its connections go when the test ends. */
export function callerOf(
  test: TestContext,
  baseUrl: string,
  own: Partial<Settings> = {},
): Caller & { settings: Settings } {
  const http = openVendorHttp({ baseUrl, headers: () => ({}), log: silentLog, vendor: 'HistAI' });
  test.after(() => http.close());
  return { http, settings: { ...settings.parse({ baseUrl, apiKey: HISTAI_DEFAULTS.apiKey }), ...own } };
}

/** Serves the simulator until the test ends; its clock stands unless it is told to go on. */
export async function site(test: TestContext, options: HistaiOptions = {}, own: Partial<Settings> = {}) {
  let at = Date.parse('2026-11-22T09:00:00.000Z');
  const datahub = await serveDatahub(() => new Date(at), {
    secondsUntilBuilt: 0,
    secondsUntilExported: 0,
    ...options,
  });
  test.after(() => datahub.close());
  const caller = callerOf(test, datahub.settings.baseUrl, own);

  /** Some slides of two cases, as a cohort takes them. */
  async function chosen(): Promise<ChosenCase[]> {
    const { items } = await searchCases(caller, { organ: ['Ovary'] }, { size: 2 });
    return items.map(({ caseId, slides }) => ({ caseId, slideIds: slides.slice(0, 1).map(({ slideId }) => slideId) }));
  }

  async function built(): Promise<string> {
    return (await createCohort(caller, 'HER2 pilot', await chosen())).cohortId;
  }

  return {
    caller,
    chosen,
    built,
    account: datahub.account,
    /** A cohort that is paid for, and exported. */
    async bought(): Promise<string> {
      const id = await built();
      await pay(caller, id, KEY);
      return id;
    },
    cohort: (id: string) => readCohort(caller, id),
    charges: datahub.charges,
    set: datahub.set,
    pass: (seconds: number) => {
      at += seconds * 1000;
    },
  };
}

export type Site = Awaited<ReturnType<typeof site>>;

/** A person's leave to charge the card, good at the simulator's first hour. */
export const approvalOf = (amountUsd: number, more: Partial<TopUpApproval> = {}): TopUpApproval => ({
  ...{ id: `${amountUsd}`, by: 'ada', at: '2026-11-22T09:00:00Z', expires: '2026-11-22T09:15:00Z', amountUsd },
  ...more,
});

/** Remembers what is put first, as the engine's memory does; the clock stands. */
export function lockOf(): TopUpLock {
  const kept = new Map<string, unknown>();
  return {
    memory: {
      async get<T>(key: string, make: () => Promise<{ value: T }>) {
        const { value } = await make();
        if (!kept.has(key)) {
          kept.set(key, value);
        }
        return kept.get(key) as T;
      },
    },
    now: () => new Date('2026-11-22T09:00:00Z'),
  };
}

/** What a call throws. */
export async function thrownBy(call: Promise<unknown>): Promise<AdapterError> {
  try {
    await call;
  } catch (thrown) {
    assert.ok(thrown instanceof AdapterError, String(thrown));
    return thrown;
  }
  return assert.fail('it did not throw');
}

/** A host that answers everything the same. */
export async function host(test: TestContext, status: number, body: string, headers: Record<string, string> = {}) {
  const { url, close } = await serve((request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  });
  test.after(close);
  return callerOf(test, url);
}
