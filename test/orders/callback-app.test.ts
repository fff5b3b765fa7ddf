/** The door for callbacks in the adapter as it is put together; what a callback does to an order: ../subscriptions/callbacks.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCallbackTokens } from '../../src/orders/callback-token.ts';
import { orderOf, placeNote } from '../support/clinic.ts';
import { until } from '../support/until.ts';
import { onEveryWhole, SIGNING_KEY } from '../support/whole.ts';

onEveryWhole('a callback to the adapter', { general: { manner: 'medplum' } }, (whole) => {
  test('is taken and counted, and what it claims is not believed', async () => {
    const place = whole().place('general');
    place.sandbox.faults.set('healthsage', 'pending-forever');
    const note = await placeNote(place, { text: 'Assessment\nEssential hypertension since 2009.\n' });
    const order = await until('it waits at the vendor', async () => {
      const page = await orderOf(place, note);
      return page?.status === 'working' ? page : undefined;
    });
    const tokens = openCallbackTokens([SIGNING_KEY], () => new Date());
    const address = { site: 'general', vendor: 'healthsage', publicId: order.id, run: 1 };
    const path = `${whole().url}/callbacks/general/healthsage`;
    const told = await fetch(`${path}/${tokens.sign(address)}`, { method: 'POST', body: '{"status":"SUCCESS"}' });
    assert.deepEqual([told.status, await told.text()], [200, 'Received.']);
    const forged = openCallbackTokens(['another-signing-key-1'], () => new Date()).sign(address);
    assert.equal((await fetch(`${path}/${forged}`, { method: 'POST' })).status, 404);
    assert.equal((await fetch(`${path}/${forged}`)).status, 405);
    // The vendor itself says that the task is pending.
    assert.equal((await orderOf(place, note))?.status, 'working');
    const metrics = await (await fetch(`${whole().url}/metrics`)).text();
    assert.match(
      metrics,
      /fhir_ai_adapter_callbacks_total\{site="general",vendor="healthsage",outcome="(?:woken|nothing)"\} 1/,
    );
    assert.match(metrics, /fhir_ai_adapter_callbacks_total\{site="unknown",vendor="unknown",outcome="refused"\} 2/);
  });
});
