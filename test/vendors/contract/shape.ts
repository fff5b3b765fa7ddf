/** What can be seen of a vendor in one undisturbed order, and in its schemas. */
import assert from 'node:assert/strict';
import { orderKey } from '../../../src/orders/order.ts';
import { latestResult, readSnapshot } from '../../../src/orders/store/order-data.ts';
import { vendorOrder } from '../../../src/orders/vendor-context.ts';
import { isRefusal, type VendorOrder } from '../../../src/vendors/contract.ts';
import type { Bench } from '../contract.ts';
import { billedRight, effectKeys } from './judge.ts';

/** Runs an order undisturbed; what it ends like is what every other run is measured by. */
export async function cleanRun({ options, world }: Bench): Promise<ReturnType<Bench['clean']>> {
  const { database, rig, finish, newOrder } = world();
  const { vendor } = options;
  const id = await newOrder();
  const checkpoints: string[] = [];
  const states: unknown[] = [];
  await rig.start(async (name, order) => {
    checkpoints.push(name);
    if (name === 'step-stored' && order.state !== null) {
      states.push(order.state);
    }
  });
  await rig.admit(id);
  const ending = await finish(id);
  await rig.stop();
  const { order } = ending;
  assert.equal(order.status, 'completed', `it ended ${order.status}: ${order.reason?.text ?? ''}`);
  assert.ok(states.length > 0);
  for (const state of states) {
    assert.deepEqual(roundTrip(vendor.state.parse(state)), state, 'a state does not survive JSON and its schema');
  }
  const stored = await latestResult(database, order.id, order.run);
  const result = vendor.result.parse(stored?.result);
  assert.deepEqual(roundTrip(vendor.result.parse(roundTrip(result))), roundTrip(result));

  const snapshot = (await readSnapshot(database, order.id)) ?? assert.fail('no snapshot');
  const told = freeze(vendorOrder(order, snapshot, rig.route.options));
  const findings = vendor.toFindings(freeze(result), told);
  assert.deepEqual(vendor.toFindings(freeze(vendor.result.parse(stored?.result)), told), findings, 'not pure');
  const parts = findings.items.map(({ part }) => part);
  assert.deepEqual([...new Set(parts)], parts, 'two items share a part name');
  assert.ok(
    parts.every((part) => /^[\w./~-]+$/.test(part)),
    'a part name does not fit into an identifier',
  );
  assert.deepEqual(findings.missing, [], 'a clean run misses something');
  assert.equal(effectKeys(ending).size > 0 || Object.keys(vendor.effects).length === 0, true);
  const used = new Set([...effectKeys(ending).values()].map(({ kind }) => kind));
  assert.deepEqual([...used].sort(), Object.keys(vendor.effects).sort(), 'the clean run does not use every effect');
  billedRight(options, ending);
  return { ...ending, checkpoints };
}

/** An order without inputs, and one without a patient, are refused in words, not by a throw; of others, one that asks nothing. */
export async function refusesIncomplete({ options, world, clean }: Bench): Promise<void> {
  const { vendor } = options;
  const { order } = clean();
  const snapshot = (await readSnapshot(world().database, order.id)) ?? assert.fail('no snapshot');
  const { patient: _, ...nobody }: VendorOrder = vendorOrder(
    { ...order, key: orderKey(order.baseKey, 1) },
    snapshot,
    world().rig.route.options,
  );
  const whole: VendorOrder = { ...nobody, ...(snapshot.patient && { patient: snapshot.patient }) };
  assert.equal(isRefusal(vendor.begin(freeze(whole))), false);
  const nothingAsked = (): VendorOrder => {
    const { resourceType } = whole.focus;
    const focus = { resourceType, id: 'bare' } as VendorOrder['focus'];
    return { ...whole, options: vendor.options.parse({}), focus };
  };
  for (const incomplete of vendor.others ? [nothingAsked()] : [{ ...whole, inputs: [] }, nobody]) {
    const begun = vendor.begin(freeze(incomplete));
    assert.ok(isRefusal(begun), 'an incomplete order was begun');
    assert.match(begun.refuse.text, /\w+ \w+.*\.$/, 'a refusal is a sentence');
  }
}

/** A misspelt key is an error of the configuration, never ignored. */
export async function refusesUnknownKeys({ options, world }: Bench): Promise<void> {
  const { vendor } = options;
  const { settings } = world().opened;
  assert.equal(vendor.settings.safeParse(settings).success, true);
  assert.equal(vendor.settings.safeParse({ ...settings, nonsense: 1 }).success, false);
  assert.equal(vendor.options.safeParse(options.options ?? {}).success, true);
  assert.equal(vendor.options.safeParse({ ...options.options, nonsense: 1 }).success, false);
}

function roundTrip(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
