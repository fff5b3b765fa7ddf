/** An order's question that is answered in the EHR: by an input of its Task, in a real FHIR server over HTTP. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Practitioner, Task, TaskInput } from '@medplum/fhirtypes';
import type { SiteConfig } from '../../src/config.ts';
import { lookAtTask, saveTask } from '../../src/fhir/save-task.ts';
import { silentLog } from '../../src/log.ts';
import { openAdmission } from '../../src/orders/admission.ts';
import type { Order } from '../../src/orders/order.ts';
import { openCursors } from '../../src/orders/store/cursors.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { listOpenResources } from '../../src/orders/store/list-orders.ts';
import { giveAnswer } from '../../src/orders/store/tell-order.ts';
import { readTimeline } from '../../src/orders/store/timeline.ts';
import { rereadOpen } from '../../src/subscriptions/reread-open.ts';
import type { Question } from '../../src/vendors/contract.ts';
import { openWard } from '../fhir/publish-support.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { toyVendor } from '../support/toy-vendor.ts';
import { until } from '../support/until.ts';

const isWaiting = ({ status }: Order) => status === 'waiting';

onEveryDatabase('a question in the EHR', ({ open }) => {
  /** An order that asks each of these questions in turn, with its Task in an EHR of its own. */
  async function build(t: TestContext, ids: string[] = ['purchase/1']) {
    const ward = await openWard(t);
    const database: Database = await open();
    const people = [];
    for (const family of ['Chief', 'Nurse']) {
      people.push(
        `Practitioner/${(await ward.client.create<Practitioner>({ resourceType: 'Practitioner', name: [{ family }] })).id}`,
      );
    }
    const [chief = '', nurse = ''] = people;
    const questions = ids.map(
      (id): Question => ({
        ...{ id, text: 'Pay 495.00 USD?', number: { unit: 'USD', exactly: 495 }, choices: { decline: 'Do not' } },
        inEhr: [chief],
      }),
    );
    const heard: unknown[] = [];
    const toy = toyVendor(questions.map((ask) => (state) => ({ ask, next: state })));
    const { advance } = toy.vendor;
    toy.vendor.advance = (state, context) => {
      heard.push(...(context.answer ? [context.answer] : []));
      return advance(state, context);
    };
    const ehr = memoryEhr((id) => noteReading(id, 'a note'));
    const owner = 'Device/adapter';
    ehr.saveTask = async (view, known) => {
      const { cancelled, ...saved } = await saveTask(ward.client, { ...view, owner }, known);
      return { ...saved, ...(cancelled && { closedByPerson: true }) };
    };
    ehr.lookAtTask = (known, asked) => lookAtTask(ward.client, known, asked);
    const rig = await engineRig({ database, vendor: toy.vendor, ehr });
    t.after(async () => {
      await rig.stop();
      await database.close();
    });
    // The server's clock is the real one: what it says was just now must not be in the future.
    rig.clock.set(new Date(Date.now() + 60_000));
    const { sites, clock } = rig.services;
    const site = sites.get('site') ?? assert.fail();
    const routes = [{ id: 'route', on: rig.route.on, vendor: 'toy', options: {} }];
    Object.assign(site, { client: ward.client });
    Object.assign(site.config, { routes } satisfies Partial<SiteConfig>);
    const admit = openAdmission({ database, sites, cursors: openCursors(database), clock });
    const id = ward.note.split('/')[1] ?? '';
    await rig.admit(id);
    await rig.start();
    const order = () => rig.order(id);
    const task = async (): Promise<Task & { id: string }> => {
      const { taskId } = await order();
      return { ...((await ward.client.read<Task>('Task', taskId ?? '')) ?? assert.fail('no Task')), id: taskId ?? '' };
    };
    // Its Task is looked at from time to time, and time stands.
    const sleeps = ({ nextAt }: Order) => nextAt === null || nextAt > rig.clock.now();
    const it = {
      ...{ ward, database, rig, ehr, chief, nurse, heard, order, task },
      input: (code: string, text: string, reference = chief): TaskInput => ({
        type: { coding: [{ system: 'urn:fhir-ai-adapter:answer', code }] },
        valueAnnotation: { authorReference: { reference }, text },
      }),
      /** What somebody makes of the Task. */
      edit: async (more: Partial<Task>) => ward.client.update({ ...(await task()), ...more }),
      /** The server tells of the Task as it stands now. */
      async tell() {
        const resource = await task();
        await admit({ site: 'site', type: 'Task', id: resource.id, resource, source: 'notification' });
      },
      sweep: () => {
        const openOrders = (name: string) => listOpenResources(database, name);
        return rereadOpen({ site, client: ward.client, admit, log: silentLog, openOrders }, new Set());
      },
      /** Until what was told is dealt with, and the Task stands. */
      rested: () =>
        until('it rests', async () => {
          const now = await order();
          return now.news === null && sleeps(now) ? now : undefined;
        }),
      asked: (question: string) =>
        until(`${question} on the Task`, async () => {
          const now = await order();
          const isShown = now.taskId !== null && sleeps(now) && now.question?.id === question;
          return isShown && (await task()).businessStatus?.coding?.[0]?.code === question;
        }),
      done: () => rig.settle(id, ({ status }) => status === 'completed'),
      events: async (name: string) =>
        (await readTimeline(database, (await order()).id)).filter(({ event }) => event === name),
    };
    await it.asked(ids[0] ?? '');
    return it;
  }

  test('is answered by an input of the Task, and heard with who and when', async (t) => {
    const it = await build(t);
    const asking = await it.task();
    assert.equal(asking.status, 'on-hold');
    assert.equal(asking.statusReason?.text, 'Pay 495.00 USD?');
    const answered = await it.edit({ input: [it.input('purchase/1', '495.00')] });
    await it.tell();
    await it.done();
    const at = new Date(answered.meta?.lastUpdated ?? '').toISOString();
    assert.deepEqual(it.heard, [{ to: 'question', id: 'purchase/1', value: 495, by: it.chief, at }]);
    const [event, ...more] = await it.events('answer-in-ehr');
    assert.deepEqual([event?.who, event?.detail, more], [it.chief, { question: 'purchase/1' }, []]);
    const task = await it.task();
    assert.deepEqual([task.businessStatus, task.input?.length], [undefined, 1]);
  });

  test('is heard within half a minute where nobody tells us of Tasks', async (t) => {
    const it = await build(t);
    await it.edit({ input: [it.input('purchase/1', '495.00')] });
    await it.done();
    assert.equal(it.heard.length, 1);
  });

  test('is heard with the next sweep where nobody tells us of Tasks', async (t) => {
    const it = await build(t);
    await it.edit({ input: [it.input('purchase/1', 'decline')] });
    await it.sweep();
    await it.done();
    assert.equal(it.heard.length, 1);
    assert.deepEqual(
      (await listOpenResources(it.database, 'site')).filter(({ type }) => type === 'Task'),
      [],
    );
  });

  for (const [what, code, inputs] of [
    ['the wrong person', 'not-allowed', (it) => [it.input('purchase/1', '495.00', it.nurse)]],
    ['the wrong amount', 'wrong-value', (it) => [it.input('purchase/1', '49.50')]],
    ['an amount with its currency', 'wrong-value', (it) => [it.input('purchase/1', '495.00 USD')]],
    ['two answers', 'several-answers', (it) => [it.input('purchase/1', '495'), it.input('purchase/1', 'decline')]],
    ['an answer to another question', 'other-question', (it) => [it.input('purchase/0', '495.00')]],
  ] as [string, string, (it: Awaited<ReturnType<typeof build>>) => TaskInput[]][]) {
    test(`counts not by ${what}: that is said once, and the right answer still counts`, async (t) => {
      const it = await build(t);
      for (let time = 1; time <= 2; time += 1) {
        await it.edit({ priority: time === 1 ? 'asap' : 'stat', input: inputs(it) });
        await it.tell();
        await it.rested();
      }
      const order = await it.order();
      assert.deepEqual([order.status, order.answer, it.heard], ['waiting', null, []]);
      const [event, ...more] = await it.events('answer-refused');
      assert.deepEqual([event?.detail, more], [{ code, question: 'purchase/1' }, []]);
      const { note = [], status } = await it.task();
      assert.equal(status, 'on-hold');
      assert.match(
        note.map(({ text }) => text).join('\n'),
        /^The answer to the question purchase\/1 was not taken: .+\.$/,
      );
      const version = (await it.task()).meta?.versionId;
      assert.equal(order.taskVersion, version, 'no sweep looks at it again');
      await it.sweep();
      await it.rested();
      assert.equal((await it.task()).meta?.versionId, version, 'nothing more is written');
      await it.edit({ input: [it.input('purchase/1', '495.00')] });
      await it.tell();
      await it.done();
      assert.equal(it.heard.length, 1);
    });
  }

  test('that is answered while its Task is written is heard all the same', async (t) => {
    const it = await build(t);
    const { saveTask: save } = it.ehr;
    let isEdited = false;
    it.ehr.saveTask = async (...order) => {
      if (!isEdited) {
        isEdited = true;
        await it.edit({ input: [it.input('purchase/1', '495.00')] });
      }
      return save(...order);
    };
    await it.edit({ input: [it.input('purchase/1', '4950')] });
    await it.tell();
    await it.done();
    assert.equal(it.heard.length, 1);
  });

  test('that somebody answers elsewhere at the same time is answered once, by whoever was first', async (t) => {
    const it = await build(t);
    const { lookAtTask: look } = it.ehr;
    let isTaken = false;
    it.ehr.lookAtTask = async (...task) => {
      const sight = await look(...task);
      const given = { id: 'purchase/1', value: 'decline', by: 'night-shift' };
      isTaken ||= await giveAnswer(it.database, (await it.order()).id, given, it.rig.clock.now());
      return sight;
    };
    await it.edit({ input: [it.input('purchase/1', '495.00')] });
    await it.tell();
    await it.done();
    assert.ok(isTaken);
    assert.deepEqual(
      it.heard.map((answer) => Object.entries(answer ?? {}).find(([name]) => name === 'by')),
      [['by', 'night-shift']],
    );
  });

  test('is another question when it is asked again: the answer that still stands there is none to it', async (t) => {
    const it = await build(t, ['purchase/1', 'purchase/2']);
    await it.edit({ input: [it.input('purchase/1', '495.00')] });
    await it.tell();
    await it.asked('purchase/2');
    await it.edit({ priority: 'urgent' });
    await it.tell();
    const order = await it.rested();
    assert.ok(isWaiting(order) && it.heard.length === 1);
    assert.deepEqual([await it.events('answer-refused'), (await it.task()).note], [[], undefined]);
    await it.edit({ input: [it.input('purchase/1', '495.00'), it.input('purchase/2', '495.00')] });
    await it.tell();
    await it.done();
    assert.equal(it.heard.length, 2);
  });

  test('on a Task that is cancelled is answered by that: the order ends', async (t) => {
    const it = await build(t);
    await it.edit({ status: 'cancelled', input: [it.input('purchase/1', '495.00')] });
    await it.tell();
    const order = await it.rested();
    assert.deepEqual([order.status, order.reason?.code, it.heard], ['cancelled', 'cancelled-in-ehr', []]);
  });
});
