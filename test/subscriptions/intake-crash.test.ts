/** A process that dies after it has stored a notification and before it has answered: the sender sends again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import express from 'express';
import { silentLog } from '../../src/log.ts';
import { openAdmission } from '../../src/orders/admission.ts';
import { openCursors } from '../../src/orders/store/cursors.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { countNotifications, openNotifications } from '../../src/orders/store/notifications.ts';
import type { NotificationStore } from '../../src/orders/types.ts';
import { startDrain } from '../../src/subscriptions/drain.ts';
import { intakeRouter } from '../../src/subscriptions/intake.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { type Toy, toyVendor } from '../support/toy-vendor.ts';
import { until } from '../support/until.ts';
import { fakeClient, note, SECRET, siteConfig } from './doubles.ts';

const ROUTES = [{ id: 'route', on: 'DocumentReference?status=current', vendor: 'toy' }];
const CONFIG = { ...siteConfig({}, ROUTES), name: 'site' };

interface Listening {
  server: Server;
  url: string;
}

async function listen(store: Pick<NotificationStore, 'insert'>, now: () => Date): Promise<Listening> {
  const app = express();
  app.use(intakeRouter({ sites: [CONFIG], store, bodyLimit: 100_000, log: silentLog, now, patience: 500 }));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify/site` };
}

function send(url: string, id: string): Promise<number> {
  const headers = { Authorization: `Bearer ${SECRET}`, 'Content-Type': 'application/fhir+json' };
  const body = JSON.stringify(note(id));
  return fetch(url, { method: 'POST', headers, body }).then(({ status }) => status);
}

onEveryDatabase('a crash between storing and answering', ({ open, again }) => {
  let database: Database;
  let other: Database;
  let rig: Rig;
  let toy: Toy;

  before(async () => {
    database = await open();
    other = again ? await again() : database;
    toy = toyVendor([(state) => ({ effect: 'bill', key: 'once', next: { ...state, at: 1 } })], {
      effects: { bill: {} },
    });
    rig = await engineRig({ database, vendor: toy.vendor, ehr: memoryEhr((id) => noteReading(id, 'a note')) });
    const site = rig.services.sites.get('site') ?? assert.fail();
    Object.assign(site, { config: CONFIG, client: fakeClient(new Map(), { site: 'site' }) });
    await rig.start();
  });
  after(async () => {
    await rig.stop();
    if (other !== database) {
      await other.close();
    }
    await database.close();
  });

  /** Sends to a process that dies once the database has the notification; the sender never hears an answer. */
  async function die(id: string): Promise<void> {
    const store = openNotifications(database, () => rig.clock.now());
    let kept = (): void => {};
    const stored = new Promise<void>((resolve) => {
      kept = resolve;
    });
    const insert: NotificationStore['insert'] = async (notifications) => {
      await store.insert(notifications);
      kept();
      await new Promise(() => {});
    };
    const { server, url } = await listen({ insert }, () => rig.clock.now());
    const sent = send(url, id).catch(() => 'no answer');
    await stored;
    server.close();
    server.closeAllConnections();
    assert.equal(await sent, 'no answer');
  }

  /** The next process, up to the moment at which the order has ended and nothing is left to be drained. */
  async function live(id: string, resend: 'before' | 'after'): Promise<void> {
    const store = openNotifications(other, () => rig.clock.now());
    const { server, url } = await listen(store, () => rig.clock.now());
    const drained = () => until('drained', async () => ((await countNotifications(other)).waiting ?? 0) === 0);
    if (resend === 'before') {
      assert.equal(await send(url, id), 200);
    }
    const { sites, clock } = rig.services;
    const admit = openAdmission({ database: other, sites, cursors: openCursors(other), clock });
    const now = () => clock.now();
    const drain = startDrain({ store, sites, admit, log: silentLog, now, requestSweep() {}, pollEvery: 5 });
    try {
      await drained();
      await rig.settle(id);
      if (resend === 'after') {
        assert.equal(await send(url, id), 200);
        await drained();
        await rig.settle(id);
      }
    } finally {
      await drain.stop();
      server.close();
      server.closeAllConnections();
    }
  }

  for (const [resend, what] of [
    ['before', 'before anybody has looked at it'],
    ['after', 'after its order was done'],
  ] as const) {
    test(`makes one order and one bill where it is sent again ${what}`, async () => {
      const billed = toy.ledger.length;
      await die(resend);
      await live(resend, resend);
      const orders = await database.query<{ key: string }>('select key from orders where resource_id = $1', [resend]);
      assert.deepEqual(orders, [{ key: `site/DocumentReference/${resend}/route` }]);
      assert.equal(toy.ledger.length - billed, 1);
      assert.equal(rig.ehr.published.get(`site/DocumentReference/${resend}/route`)?.length, 1);
    });
  }
});
