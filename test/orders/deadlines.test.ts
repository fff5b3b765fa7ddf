/** What has to be done by when, as vendors say: kept with the order, and told to operators once. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { openLog } from '../../src/log.ts';
import { warnOfDeadlines } from '../../src/orders/deadlines.ts';
import type { Order } from '../../src/orders/order.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { countDeadlines } from '../../src/orders/store/deadlines.ts';
import { requestCancel } from '../../src/orders/store/tell-order.ts';
import { readTimeline } from '../../src/orders/store/timeline.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { type Toy, toyVendor } from '../support/toy-vendor.ts';

const DAY = 86_400;
/** The rig's clock starts at 2026-11-22T10:00:00Z. */
const APPROVAL = { at: '2026-11-27T10:00:00.000Z', what: 'the approval of the purchase' };
const DOWNLOAD = { at: '2026-12-06T10:00:00.000Z', what: 'the download of the slides' };

onEveryDatabase('a deadline', ({ open }) => {
  let rig: Rig | undefined;
  let database: Database | undefined;
  let lines: string[] = [];

  const build = async (toy: Toy): Promise<Rig> => {
    database = await open();
    lines = [];
    rig = await engineRig({ database, vendor: toy.vendor, ehr: memoryEhr((id) => noteReading(id, 'a note')) });
    await rig.admit('1');
    return rig;
  };
  afterEach(async () => {
    await rig?.stop();
    await database?.close();
  });

  const db = (): Database => database ?? assert.fail();
  const shown = ({ deadline, deadlineWhat }: Order) => deadline && { at: deadline.toISOString(), what: deadlineWhat };
  const look = (it: Rig) =>
    warnOfDeadlines({
      database: db(),
      clock: it.clock,
      log: openLog('warn', { write: (line) => void lines.push(line) }),
    });
  const states = async (it: Rig) =>
    (await countDeadlines(db(), it.clock.now())).map(({ state, count }) => `${state} ${count}`);
  const sleeps = (at: number) => (order: Order) =>
    order.status === 'working' && order.state !== null && JSON.stringify(order.state).includes(`"at":${at}`);

  /** Waits at each of the first points of its way until somebody lets it go on. */
  const slow = (points: number, deadlines: ({ at: string; what: string } | undefined)[]): Toy =>
    toyVendor(
      Array.from({ length: points }, (_, at) => (state) => ({ next: { ...state, at: at + 1 }, after: 3600 })),
      { deadline: ({ at }) => deadlines[at] },
    );

  test('stands with the order as the vendor says after each step, and stays when it is completed', async () => {
    const it = await build(slow(3, [undefined, APPROVAL, undefined, DOWNLOAD]));
    const engine = await it.start();
    const seen: unknown[] = [];
    for (const at of [1, 2, 3]) {
      seen.push(shown(await it.settle('1', sleeps(at), { jump: false })));
      it.clock.advance(3600);
      engine.wake();
    }
    assert.deepEqual(seen, [APPROVAL, null, DOWNLOAD]);
    const done = await it.settle('1');
    assert.deepEqual([done.status, shown(done)], ['completed', DOWNLOAD]);
  });

  test('stays with an order that failed, and is none of one that was cancelled', async () => {
    const it = await build(
      toyVendor(
        [
          (state, { order }) =>
            order.key.includes('/1/')
              ? { fail: { code: 'vendor-rejected', text: 'It failed.' } }
              : { next: state, after: 3600 },
        ],
        { deadline: () => DOWNLOAD },
      ),
    );
    await it.admit('2');
    await it.start();
    const failed = await it.settle('1');
    assert.deepEqual([failed.status, shown(failed)], ['failed', DOWNLOAD]);
    const working = await it.settle('2', sleeps(0), { jump: false });
    assert.deepEqual(shown(working), DOWNLOAD);
    await requestCancel(db(), working.id, { by: 'night', text: 'Not wanted.' }, it.clock.now());
    const cancelled = await it.settle('2', ({ leg }) => leg === 'ended', { jump: false });
    assert.deepEqual([cancelled.status, shown(cancelled)], ['cancelled', null]);
  });

  test('is warned of two days before and told of when it has passed, once each over all processes', async () => {
    const it = await build(slow(0, [DOWNLOAD]));
    await it.start();
    const done = await it.settle('1');
    await look(it);
    assert.deepEqual([lines, await states(it)], [[], ['open 1']]);
    it.clock.set(new Date(Date.parse(DOWNLOAD.at) - 2 * DAY * 1000));
    await Promise.all([look(it), look(it), look(it)]);
    assert.deepEqual(await states(it), ['near 1']);
    it.clock.advance(DAY);
    await look(it);
    assert.equal(lines.length, 1);
    it.clock.advance(DAY);
    await Promise.all([look(it), look(it)]);
    assert.deepEqual(await states(it), ['passed 1']);
    it.clock.advance(13 * DAY);
    await look(it);
    assert.deepEqual(await states(it), ['passed 1']);
    it.clock.advance(DAY);
    await look(it);
    assert.deepEqual(await states(it), []);

    const said = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      said.map(({ code }) => code),
      ['deadline-near', 'deadline-passed'],
    );
    assert.ok(
      said.every(({ order, site, until }) => order === done.publicId && site === 'site' && until === DOWNLOAD.at),
    );
    const told = (await readTimeline(db(), done.id)).filter(({ event }) => event.startsWith('deadline-'));
    assert.deepEqual(
      told.map(({ event, detail }) => [event, detail]),
      ['deadline-near', 'deadline-passed'].map((event) => [event, { until: DOWNLOAD.at, what: DOWNLOAD.what }]),
    );
  });

  test('that follows another is warned of again, and one that was met in time is told of no more', async () => {
    const it = await build(slow(2, [APPROVAL, APPROVAL, DOWNLOAD]));
    await it.start();
    await it.settle('1', sleeps(1), { jump: false });
    it.clock.set(new Date(Date.parse(APPROVAL.at) - DAY * 1000));
    await look(it);
    const done = await it.settle('1');
    assert.deepEqual(shown(done), DOWNLOAD);
    it.clock.set(new Date(Date.parse(DOWNLOAD.at) - DAY * 1000));
    await look(it);
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)).map(({ code, until }) => [code, until]),
      [
        ['deadline-near', APPROVAL.at],
        ['deadline-near', DOWNLOAD.at],
      ],
    );
  });
});
