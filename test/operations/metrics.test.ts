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

  test('count what has to be done, by how much time is left', async () => {
    // By order; the clock of the rig starts at 2026-11-22T10:00:00Z.
    const due = ['2026-11-21T10:00:00Z', '2026-11-23T10:00:00Z', '2026-11-29T10:00:00Z', '2026-10-01T10:00:00Z'];
    const toy = toyVendor(
      due.map(() => (state) => ({ next: state, after: 3600 })),
      {
        begin: ({ key }) => ({ at: Number(key.split('/')[2]) - 1, heard: [] }),
        deadline: ({ at }) => ({ at: due[at] ?? '', what: 'the download of the slides' }),
      },
    );
    rig = await apiRig(await open(), toy);
    await rig.start();
    for (const id of ['1', '2', '3', '4']) {
      await rig.admit(id);
      await rig.settle(id, ({ status }) => status === 'working', { jump: false });
    }
    const { text } = await rig.ask('/metrics');
    const counted = text.split('\n').filter((line) => line.startsWith('fhir_ai_adapter_deadlines{'));
    assert.deepEqual(
      counted.sort(),
      ['near', 'open', 'passed'].map(
        (state) => `fhir_ai_adapter_deadlines{site="site",vendor="toy",state="${state}"} 1`,
      ),
    );
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
