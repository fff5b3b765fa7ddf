import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookAtSubscriptions, silentSites, sitesSaidSilent } from '../../src/operations/doctor/subscriptions.ts';
import { subscriptionWords } from '../../src/subscriptions/register/site-words.ts';
import { registerSubscriptions } from '../../src/subscriptions/register.ts';
import { siteConfig } from '../subscriptions/doubles.ts';
import { activated, PUBLIC, registerOptions, subscriptionServer } from '../subscriptions/subscription-server.ts';

const topics = { DocumentReference: 'http://x.example/topic' };

test('what the registrar has made is found active, in every manner', async () => {
  for (const subscriptions of [
    { dialect: 'medplum' },
    { dialect: 'hapi' },
    { dialect: 'backport', topics },
    { dialect: 'r5', topics },
  ]) {
    const { client, set } = subscriptionServer('Some EHR', { change: activated });
    const look = () => lookAtSubscriptions(siteConfig(subscriptions), client, PUBLIC);
    const [missing] = await look();
    assert.match(missing?.detail ?? '', /missing at .*the adapter creates it/);
    await registerSubscriptions(registerOptions(client, subscriptions));
    assert.deepEqual(await look(), [
      {
        state: 'ok',
        detail: 'DocumentReference?type=http://loinc.org|11506-3: Subscription/1 is active',
      },
    ]);
    set('1', { status: 'off' });
    const [off] = await look();
    assert.match(`${off?.state} ${off?.detail}`, /^warning .* is off; the sweep/);
  }
});

test('a topic that is not known, and one made by hand only, are said with what to do', async () => {
  const look = async (software: string, subscriptions: object) => {
    const { client } = subscriptionServer(software);
    return (await lookAtSubscriptions(siteConfig(subscriptions), client, PUBLIC)).map(({ detail }) => detail).join();
  };
  assert.match(await look('Some EHR', { dialect: 'backport' }), /set subscriptions\.topics\.DocumentReference/);
  assert.match(await look('Firely Server 6.1', {}), /missing .*ask the administrator/);
  assert.match(await look('medplum', { channel: 'websocket' }), /WebSocket/);
});

test('a site of which nothing comes is a warning, from the records and from what a running adapter says', () => {
  const value = JSON.stringify({ missed: '2026-03-01T12:00:00Z', arrived: '2026-03-01T11:00:00Z' });
  const [row] = silentSites([
    { site: 'general', value },
    { site: 'children', value: '{}' },
  ]);
  assert.deepEqual([row?.site, row?.state], ['general', 'warning']);
  const stands = { criteria: 'Task?', state: 'kept', status: 'active' } as const;
  const result = { site: 'general', subscriptions: [stands], removed: 0, instructions: [], advice: [] };
  const said = sitesSaidSilent({
    general: { subscriptions: subscriptionWords(result, 'silent') },
    children: { subscriptions: subscriptionWords(result, 'works') },
  });
  assert.deepEqual(said, [row]);
});
