import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from '@medplum/fhirtypes';
import { silentLog } from '../../src/log.ts';
import type { News } from '../../src/orders/types.ts';
import { readWithStatus } from '../../src/subscriptions/dialects/index.ts';
import { createHandler } from '../../src/subscriptions/handle-notification.ts';
import { fakeClient, note, notification, siteConfig } from './doubles.ts';

const frame = (resource: Resource, method = 'WEBSOCKET') => ({
  ...notification({
    method,
    json: {
      resourceType: 'Bundle',
      type: 'history',
      entry: [
        {
          resource: {
            resourceType: 'SubscriptionStatus',
            status: 'active',
            type: 'event-notification',
            subscription: { reference: 'Subscription/s1' },
            eventsSinceSubscriptionStart: '7',
            notificationEvent: [{ eventNumber: '0', focus: { reference: `${resource.resourceType}/${resource.id}` } }],
          },
        },
        { resource },
      ],
    },
  }),
  id: '1',
});

function handler(standing: Map<string, Resource>) {
  const news: News[] = [];
  const config = siteConfig({ channel: 'websocket' });
  const handle = createHandler({
    sites: new Map([['general', { config, client: fakeClient(standing) }]]),
    admit: async (one) => {
      news.push(one);
      return { orders: 1, told: 0 };
    },
    log: silentLog,
    now: () => new Date('2026-03-01T10:00:00Z'),
    random: () => 0,
  });
  return { handle, news };
}

test('what comes by WebSocket is read again: the note as it stands counts, not the one that came along', async () => {
  const standing = { ...note('n1', '3'), docStatus: 'final' as const };
  const { handle, news } = handler(new Map([['DocumentReference/n1', standing]]));
  assert.deepEqual(await handle({ ...frame(note('n1', '2')), attempts: 1 }), { done: 'admitted' });
  assert.deepEqual(
    news.map(({ resource, gone }) => ({ resource, gone })),
    [{ resource: standing, gone: undefined }],
  );
});

test('a delete by WebSocket looks like an update: once the note stays away, it is gone and never an order', async () => {
  const { handle, news } = handler(new Map());
  const endings = [];
  for (let attempts = 1; attempts <= 6; attempts += 1) {
    endings.push(await handle({ ...frame(note('n1', '2')), attempts }));
  }
  assert.equal(endings.filter((ending) => 'later' in ending).length, 5);
  assert.deepEqual(
    news.map(({ id, resource, gone }) => ({ id, resource, gone })),
    [{ id: 'n1', resource: undefined, gone: true }],
  );
});

test('the same Bundle posted to us is not taken for one of our socket', () => {
  const { reading } = readWithStatus('auto', frame(note('n1', '2'), 'POST'));
  assert.ok('hints' in reading && reading.hints[0]?.mayBeGone === undefined);
});

test('event numbers of a WebSocket are given to nobody: they are constant', () => {
  assert.equal(readWithStatus('auto', frame(note('n1', '2'))).status, undefined);
  assert.ok(readWithStatus('auto', frame(note('n1', '2'), 'POST')).status);
});
