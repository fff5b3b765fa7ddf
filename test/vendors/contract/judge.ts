/** What must hold of an order's end, however it came about. */
import assert from 'node:assert/strict';
import type { Vendor } from '../../../src/vendors/contract.ts';
import type { ContractOptions } from './options.ts';
import type { Ending, World } from './world.ts';

/** The order ended as the undisturbed one did, told the EHR nothing else, and billed no more than doubts allow. */
export function sameAsClean(options: ContractOptions, world: World, ending: Ending, clean: Ending): void {
  const { order } = ending;
  assert.equal(order.status, clean.order.status, `ended ${order.status}: ${order.reason?.text ?? ''}`);
  assert.deepEqual(ending.published.at(-1), clean.published.at(-1), 'the findings differ from those of a clean run');
  assert.equal(ending.results.final, 1, 'there is not one final result');
  const contents = new Set(ending.published.map((findings) => JSON.stringify(findings)));
  assert.ok(contents.size <= ending.results.all, 'one result was published with different contents');
  const tasks = new Set(world.rig.ehr.tasks.get(order.key)?.map(({ id }) => id));
  assert.equal(tasks.size, 1, 'the order has more than one Task');
  billedRight(options, ending);
}

/** At most once, and once more for each doubt; exactly once where the vendor can be asked. */
export function billedRight({ vendor, billedAs = (key) => key }: ContractOptions, ending: Ending): void {
  const calls = effectKeys(ending);
  const expected = new Map<string, { most: number; exact: boolean }>();
  for (const [key, { kind, doubts }] of calls) {
    const name = billedAs(key);
    const sum = expected.get(name) ?? { most: 0, exact: true };
    const exact = doubts === 0 || hasLookup(vendor, kind);
    expected.set(name, { most: sum.most + 1 + (exact ? 0 : doubts), exact: sum.exact && exact });
  }
  for (const name of Object.keys(ending.billed)) {
    assert.ok(expected.has(name), `${name} was billed without an effect of the engine`);
  }
  for (const [name, { most, exact }] of expected) {
    const times = ending.billed[name] ?? 0;
    assert.ok(times >= 1, `${name} was never made, though the order completed`);
    assert.ok(times <= most, `${name} was billed ${times} times, ${most} allowed`);
    assert.ok(!exact || times === most, `${name} was billed ${times} times instead of ${most}`);
  }
}

function hasLookup(vendor: Vendor, kind: string): boolean {
  return vendor.effects[kind]?.lookup !== undefined;
}

/** Every call that was begun: its kind, and how often nobody knew whether it had been taken. */
export function effectKeys({ timeline }: Ending): Map<string, { kind: string; doubts: number }> {
  const calls = new Map<string, { kind: string; doubts: number }>();
  for (const { event, detail } of timeline) {
    const key = String(detail.key);
    if (event === 'effect-started') {
      calls.set(key, { kind: String(detail.kind), doubts: calls.get(key)?.doubts ?? 0 });
    }
    const call = calls.get(key);
    if (event === 'effect-unknown' && call) {
      call.doubts++;
    }
  }
  return calls;
}

/** How often nobody knew, over all calls. */
export function doubtsOf(ending: Ending): number {
  return [...effectKeys(ending).values()].reduce((sum, { doubts }) => sum + doubts, 0);
}
