/** What we write ourselves comes back as news, before or after the answer to our writing: it must not make us do anything. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DiagnosticReport, DocumentReference, Task } from '@medplum/fhirtypes';
import type { RouteConfig, SiteConfig } from '../../src/config.ts';
import { openAdmission } from '../../src/orders/admission.ts';
import { openCursors } from '../../src/orders/store/cursors.ts';
import type { Database } from '../../src/orders/store/database.ts';
import type { Admit } from '../../src/orders/types.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { toyVendor } from '../support/toy-vendor.ts';

const LAB = 'Organization/ai-lab';
const ON = `Task?status=requested&owner=${LAB}`;

onEveryDatabase('our own writing', ({ open }) => {
  let database: Database;
  let rig: Rig;
  let admit: Admit;
  let reads = 0;

  const task = (id: string, version: number, more: Partial<Task> = {}): Task => ({
    resourceType: 'Task',
    id,
    status: 'requested',
    intent: 'order',
    owner: { reference: LAB },
    focus: { reference: 'ServiceRequest/1' },
    meta: { versionId: String(version), lastUpdated: new Date(Date.UTC(2026, 10, 22, 9, 0, version)).toISOString() },
    ...more,
  });
  const tell = (resource: Task | DocumentReference | DiagnosticReport) =>
    admit({ site: 'site', type: resource.resourceType, id: resource.id ?? '', resource, source: 'notification' });

  before(async () => {
    database = await open();
    const ehr = memoryEhr((id) => {
      reads += 1;
      return {
        ...noteReading('note', 'a note'),
        ordering: task(id, (ehr.tasks.get(`site/Task/${id}/route`)?.at(-1)?.version ?? 0) + 1),
        version: undefined,
      };
    });
    const moves = [1, 2, 3].map((at) => (state: { heard: unknown[] }) => ({
      next: { ...state, at },
      after: 60,
      status: `step ${at}`,
    }));
    rig = await engineRig({ database, vendor: toyVendor(moves).vendor, ehr, on: ON });
    const { sites, clock } = rig.services;
    const site = sites.get('site') ?? assert.fail();
    const routes: RouteConfig[] = [
      { id: 'route', on: ON, vendor: 'toy', options: {} },
      { id: 'files', on: 'DocumentReference?status=current', vendor: 'toy', options: {} },
    ];
    Object.assign(site.config, { routes } satisfies Partial<SiteConfig>);
    admit = openAdmission({ database, sites, cursors: openCursors(database), clock });
  });
  after(async () => {
    await rig.stop();
    await database.close();
  });

  test('on the Task comes back before the answer and after it, ten times, and changes nothing', async () => {
    const { saveTask } = rig.ehr;
    const echoes: Task[] = [];
    rig.ehr.saveTask = async (view, known, claim) => {
      const saved = await saveTask(view, known, claim);
      const identifier = [{ system: 'urn:fhir-ai-adapter:order', value: view.key }];
      const echo = task(saved.id, Number(saved.version) + 1, { status: view.status, identifier });
      echo.meta = { ...echo.meta, versionId: saved.version ?? '' };
      echoes.push(echo);
      await tell(echo);
      return saved;
    };
    assert.deepEqual(await tell(task('t', 0)), { orders: 1, told: 0 });
    await rig.start();
    const done = await rig.settle(
      't',
      (order) => order.leg === 'ended' && order.news === null && order.nextAt === null,
    );
    assert.equal(done.status, 'completed');
    assert.equal(done.taskId, 't', 'the Task that asked is the one that is written on');
    const versions = rig.ehr.tasks.get(done.key)?.length;
    const last = echoes.at(-1) ?? assert.fail('nothing was written');
    const readBefore = reads;
    for (let count = 0; count < 10; count += 1) {
      assert.deepEqual(await tell(last), { orders: 0, told: 0 });
    }
    const rested = await rig.settle('t', (order) => order.news === null && order.nextAt === null);
    assert.equal(rested.generation, 1);
    assert.equal(rig.ehr.tasks.get(done.key)?.length, versions);
    assert.equal(rig.ehr.published.get(done.key)?.length, 1);
    assert.equal(reads, readBefore, 'nothing was even read');
    assert.deepEqual(
      (await rig.events('t')).filter((event) => event === 'changed'),
      [],
    );
  });

  test('of results makes no order, whatever they look like', async () => {
    const identifier = [{ system: 'urn:fhir-ai-adapter:result', value: 'site/Task/t/route#file/1' }];
    const file: DocumentReference = {
      resourceType: 'DocumentReference',
      id: 'f',
      status: 'current',
      content: [],
      identifier,
    };
    assert.deepEqual(await tell(file), { orders: 0, told: 0 });
    assert.deepEqual(await tell({ ...file, identifier: [] }), { orders: 1, told: 0 }, 'anybody else’s does');
  });
});
