/** The disclosures ledger says what left before it left. */
import assert from 'node:assert/strict';
import type { Bench } from '../contract.ts';

/** Before the nth request that carries anything, n disclosures of this order stand in the database. */
export async function tellsBefore(bench: Bench): Promise<void> {
  const world = bench.world();
  const { rig, line, database } = world;
  const id = await world.newOrder();
  const counted: { sent: number; told: number }[] = [];
  const [type = ''] = (bench.options.on ?? 'DocumentReference').split('?');
  const key = `site/${type}/${id}/route`;
  line.around = async (request, _index, send) => {
    if (request.json !== undefined || request.body !== undefined) {
      const [row] = await database.query<{ told: number }>(
        'select count(*)::int as told from disclosures where order_key = $1',
        [key],
      );
      counted.push({ sent: counted.length + 1, told: row?.told ?? 0 });
    }
    return send(request);
  };
  await rig.start();
  await rig.admit(id);
  const { order } = await world.finish(id);
  await rig.stop();
  assert.equal(order.key, key);
  assert.ok(counted.length > 0, 'nothing was sent to the vendor');
  for (const { sent, told } of counted) {
    assert.ok(told >= sent, `request ${sent} left with ${told} disclosures on the ledger`);
  }
  const rows = await database.query<{ fields: string[] }>('select fields from disclosures where order_key = $1', [key]);
  assert.ok(rows.every(({ fields }) => fields.length > 0));
}
