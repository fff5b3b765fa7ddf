/** HAPI answers a search that it has seen within the last minute from the list that it found then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentReference } from '@medplum/fhirtypes';
import { openFhirClient } from '../../src/fhir/client.ts';
import { silentLog } from '../../src/log.ts';
import { sweepSite } from '../../src/subscriptions/sweep.ts';
import { serveEhr } from '../sandbox/serve-ehr.ts';
import { memoryCursors, note, siteConfig } from './doubles.ts';

test('a sweep finds what is new although the server would answer the same search with a stale list', async (t) => {
  const { ehr, base, call } = await serveEhr(t, { manner: 'hapi', searchReuseMs: 60_000 });
  const config = siteConfig();
  const client = openFhirClient({ site: 'general', config: { ...config.fhir, baseUrl: base }, log: silentLog });
  t.after(() => client.close());
  const words = 'DocumentReference?type=http://loinc.org|11506-3&_lastUpdated=ge2026-01-01&_count=200';
  const place = async () => {
    const { id: _, meta: __, ...unsaved } = note('1');
    return (await ehr.create<DocumentReference>(unsaved)).id;
  };
  const found: string[] = [];
  const sweep = async () => {
    // From the beginning each time, so that the very same search is asked.
    const cursors = memoryCursors({ 'route:notes:since': '2026-01-01T00:00:00.000Z' });
    const admit = async ({ id }: { id: string }) => {
      found.push(id);
      return { orders: 1, told: 0 };
    };
    await sweepSite({ site: config, client, cursors, admit, log: silentLog });
  };
  const first = await place();
  assert.equal((await call('GET', `/${words}`)).json.entry.length, 1);
  await sweep();
  const second = await place();
  assert.equal((await call('GET', `/${words}`)).json.entry.length, 1, 'the list is stale');
  await sweep();
  assert.deepEqual(found, [first, first, second]);
});
