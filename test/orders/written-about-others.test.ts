/** What was written about people of somebody else's data is known as such from one step to the next. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { admitOrder, latestGeneration } from '../../src/orders/store/admit-order.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { listWritten, saveWritten } from '../../src/orders/store/order-data.ts';
import { taskView } from '../../src/orders/task-view.ts';
import { onEveryDatabase } from '../support/databases.ts';

onEveryDatabase('what was written about others', ({ open }) => {
  let database: Database | undefined;
  afterEach(() => database?.close());

  test('is remembered, and is no output of the Task', async () => {
    database = await open();
    const baseKey = 'site/ServiceRequest/1/route';
    const about = { generation: 1, site: 'site', route: 'route', vendor: 'toy', resourceType: 'ServiceRequest' };
    const seen = { resourceId: '1', seenVersion: '1', seenUpdated: null, events: [{ event: 'admitted' }] };
    const now = new Date('2026-11-20T10:00:00Z');
    await admitOrder(database, { baseKey, ...about, ...seen }, now);
    const order = await latestGeneration(database, baseKey);
    assert.ok(order);
    const parts = [
      { part: 'case/1', about: 'case/1', type: 'Patient', id: 'p' },
      { part: 'case/1/age', about: 'case/1', type: 'Observation', id: 'o' },
      { part: 'group', type: 'Group', id: 'g' },
    ];
    await saveWritten(database, order.id, parts, now);
    const written = await listWritten(database, order.id);
    assert.deepEqual(
      written.map(({ part, about: person }) => [part, person]),
      [
        ['case/1', 'case/1'],
        ['case/1/age', 'case/1'],
        ['group', null],
      ],
    );
    const focus = { resourceType: 'ServiceRequest', id: '1', status: 'active', intent: 'order', subject: {} } as const;
    const view = taskView(order, { focus, inputs: [], pseudonym: '' }, { name: 'toy', title: 'Toy' }, written, now);
    assert.deepEqual(view.outputs, [{ label: 'group', reference: 'Group/g' }]);
  });
});
