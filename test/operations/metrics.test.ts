import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { toyVendor } from '../support/toy-vendor.ts';
import { type ApiRig, apiRig } from './api-rig.ts';

onEveryDatabase('metrics', ({ open }) => {
  let rig: ApiRig | undefined;
  afterEach(async () => {
    await rig?.close();
  });

  test('count outcomes, effects, stages and what stands in the tables, without ids', async () => {
    const toy = toyVendor([() => ({ effect: 'bill', key: 'bill/0' })], { effects: { bill: {} } });
    rig = await apiRig(await open(), toy);
    await rig.admit('1');
    const before = (await rig.ask('/metrics')).text;
    assert.match(before, /^fhir_ai_adapter_orders\{site="site",vendor="toy",status="received"\} 1$/m);
    await rig.start();
    const order = await rig.settle('1');
    const { text, type } = await rig.ask('/metrics');
    assert.match(type, /^text\/plain; version=0\.0\.4/);
    const labels = 'site="site",route="route",vendor="toy"';
    assert.ok(text.includes(`fhir_ai_adapter_orders_total{${labels},outcome="completed"} 1`), text);
    assert.match(text, /^fhir_ai_adapter_effects_total\{[^}]*effect="bill"[^}]*\} 1$/m);
    assert.match(text, /^fhir_ai_adapter_stage_seconds_count\{[^}]*stage="[a-z-]+"[^}]*\} [1-9]/m);
    assert.match(text, /^fhir_ai_adapter_orders\{site="site",vendor="toy",status="completed"\} 1$/m);
    assert.doesNotMatch(text, /status="received"/, 'gauges forget what is no longer so');
    assert.match(text, /^fhir_ai_adapter_database_up 1$/m);
    assert.match(text, /^process_resident_memory_bytes /m);
    assert.ok(!text.includes(order.publicId) && !text.includes('DocumentReference/1'));
  });

  test('are still there while the database is away', async () => {
    rig = await apiRig(await open(), toyVendor([]));
    await rig.admit('1');
    rig.database.query = () => Promise.reject(new AdapterError('database-unavailable', 'The database cannot be used'));
    const { status, text } = await rig.ask('/metrics');
    assert.equal(status, 200);
    assert.match(text, /^fhir_ai_adapter_database_up 0$/m);
    assert.doesNotMatch(text, /^fhir_ai_adapter_orders\{/m);
  });
});
