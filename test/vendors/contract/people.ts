/** What people do to an order, and what they may see of it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Patient } from '@medplum/fhirtypes';
import type { Order } from '../../../src/orders/order.ts';
import { requestCancel } from '../../../src/orders/store/tell-order.ts';
import { tableNames } from '../../support/databases.ts';
import type { Bench } from '../contract.ts';

/** Cancelled at the first moment at which the order only waits for the vendor. */
export async function cancelledWhileWaiting(bench: Bench, t: TestContext): Promise<void> {
  const world = bench.world();
  const { rig, database } = world;
  const id = await world.newOrder();
  await rig.start();
  await rig.admit(id);
  const waits = (order: Order): boolean =>
    order.status === 'working' && order.effect === null && order.nextAt !== null && order.nextAt > rig.clock.now();
  const asks = (order: Order): boolean => order.status === 'waiting' && order.answer === null;
  const settle = (): Promise<Order> =>
    rig.settle(id, (order) => waits(order) || asks(order) || order.leg === 'ended', { jump: false });
  let order = await settle();
  while (asks(order)) {
    await world.answer(order);
    order = await settle();
  }
  if (order.leg === 'ended') {
    await rig.stop();
    return t.skip('it never waits for its vendor');
  }
  await requestCancel(database, order.id, { by: 'suite', text: 'The wrong patient.' }, rig.clock.now());
  const ending = await world.finish(id);
  await rig.stop();
  assert.equal(ending.order.status, 'cancelled');
  // What could not be undone at the vendor's may stand behind it.
  assert.match(ending.order.reason?.text ?? '', /^The wrong patient\.( |$)/);
  assert.equal(ending.results.final, 0);
  assert.equal(rig.ehr.tasks.get(ending.order.key)?.at(-1)?.status, 'cancelled');
}

/** Reads the whole database as text once all other tests have left their traces in it. */
export async function keepsSecrets(bench: Bench): Promise<void> {
  const { database, opened } = bench.world();
  const reading = bench.options.reading('order-1');
  const words = reading.inputs
    .filter(({ kind }) => kind === 'note')
    .flatMap(({ bytes }) => new TextDecoder().decode(bytes).split(/[.\n]+/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.length >= 20);
  const names = namesOf(reading.patient);
  assert.ok(names.length > 0, "the suite's patient needs a name and a birth date");
  const { secrets } = opened;
  assert.ok(secrets.length > 0 && secrets.every((secret) => JSON.stringify(opened.settings).includes(secret)));
  for (const table of await tableNames(database)) {
    const rows = await database.query<{ row: string }>(`select one::text as row from ${table} as one`);
    const text = rows.map(({ row }) => row).join('\n');
    for (const secret of secrets) {
      const asBytes = Buffer.from(secret).toString('hex');
      assert.ok(!text.includes(secret) && !text.includes(asBytes), `${table} holds a secret of the settings`);
    }
  }
  const shown = await database.query<{ row: string }>(
    `select row_to_json(t)::text as row from timeline t union all select row_to_json(d)::text from disclosures d
     union all select row_to_json(c)::text from calls c
     union all select json_build_array(reason, last_error, business_status, question, notes)::text from orders`,
  );
  assert.ok(shown.length > 10);
  for (const { row } of shown) {
    assert.ok(![...words, ...names].some((word) => row.includes(word)), 'what operators see holds the patient’s words');
  }
}

function namesOf(patient: Patient | undefined): string[] {
  const names = patient?.name?.flatMap(({ family, given, text }) => [family, text, ...(given ?? [])]) ?? [];
  const identifiers = patient?.identifier?.map(({ value }) => value) ?? [];
  return [...names, ...identifiers, patient?.birthDate].flatMap((word) => (word && word.length > 2 ? [word] : []));
}
