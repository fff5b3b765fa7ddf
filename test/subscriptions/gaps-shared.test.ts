/** Several processes hear one Subscription: what each heard counts for all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../src/log.ts';
import { openCursors } from '../../src/orders/store/cursors.ts';
import { openLeases } from '../../src/orders/store/leases.ts';
import { parseState } from '../../src/subscriptions/gaps/state.ts';
import { startGaps } from '../../src/subscriptions/gaps/watch.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { memoryNotifications } from '../support/memory-notifications.ts';
import { fakeClient, siteConfig } from './doubles.ts';

onEveryDatabase('event numbers', (databases) => {
  test('heard by three processes at once, none is forgotten and none is missed', async (t) => {
    const database = await databases.open();
    t.after(() => database.close());
    const cursors = openCursors(database);
    const sweeps: string[] = [];
    const processes = ['one', 'two', 'three'].map((holder) =>
      startGaps({
        sites: new Map([['general', { config: siteConfig(), client: fakeClient(new Map()) }]]),
        cursors,
        leases: openLeases(database, holder, () => new Date()),
        store: memoryNotifications({}),
        log: silentLog,
        now: () => new Date(),
        requestSweep: (site) => void sweeps.push(site),
        look: () => {},
        every: 0,
        patience: 20_000,
      }),
    );
    const subscription = { type: 'Subscription', id: 's1' };
    const common = { shape: 'Parameters', failing: false, subscription } as const;
    await processes[0]?.heard('general', { ...common, kind: 'handshake', total: 0n, events: [] });
    const numbers = Array.from({ length: 30 }, (_, index) => BigInt(index + 1));
    await Promise.all(
      numbers.map((number, index) => {
        const event = { number, focus: { type: 'ServiceRequest', id: `s${number}` } };
        const status = { ...common, kind: 'event-notification', total: number, events: [event] };
        return processes[index % 3]?.heard('general', status);
      }),
    );
    const state = parseState(await cursors.get('general', 'gaps:s1'));
    assert.deepEqual([state?.upTo, state?.due, sweeps], [30n, undefined, []]);
    await Promise.all(processes.map((one) => one.stop()));
  });
});
