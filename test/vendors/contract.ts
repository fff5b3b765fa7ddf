/**
 * The suite that every vendor passes: its simulator, the real engine, a real database. A vendor's own test file calls
 * `vendorContract` and adds only the vendor's quirks.
 */
import { after, before, test } from 'node:test';
import { onEveryDatabase } from '../support/databases.ts';
import { diesEverywhere, ownerPaused } from './contract/crashes.ts';
import { tellsBefore } from './contract/disclosures.ts';
import { heldAndReleased } from './contract/holds.ts';
import { faulty, lossy } from './contract/lines.ts';
import type { ContractOptions } from './contract/options.ts';
import { cancelledWhileWaiting, keepsSecrets } from './contract/people.ts';
import { cleanRun, refusesIncomplete, refusesUnknownKeys } from './contract/shape.ts';
import { type Ending, openWorld, type World } from './contract/world.ts';

export type { ContractOptions, OpenedVendor, VendorFault } from './contract/options.ts';

/** Everything that a check of the suite needs. */
export interface Bench {
  options: ContractOptions;
  world(): World;
  /** How an order ends that nothing disturbs, and the checkpoints it passes. */
  clean(): Ending & { checkpoints: string[] };
}

/** Registers the suite's tests for one vendor, on every database there is. */
export function vendorContract(options: ContractOptions): void {
  onEveryDatabase(`${options.vendor.title} keeps the vendor contract`, ({ open }) => {
    let world: World | undefined;
    let clean: ReturnType<Bench['clean']> | undefined;
    const bench: Bench = {
      options,
      world: () => present(world),
      clean: () => present(clean),
    };
    before(async () => {
      world = await openWorld(options, await open());
    });
    after(() => world?.close());

    test('a clean run completes, and its findings, states and result are well formed', async () => {
      clean = await cleanRun(bench);
    });
    test('begin refuses incomplete orders in words and throws nothing', () => refusesIncomplete(bench));
    test('settings and options refuse what they do not know', () => refusesUnknownKeys(bench));
    test('stopped dead at any point, the order ends as if nothing had been', (t) => diesEverywhere(bench, t));
    test('a process that comes back after its lease writes nothing', () => ownerPaused(bench));
    test('any request that never gets out is made again', (t) => faulty(bench, t));
    test('any answer that gets lost is looked up or asked for again', (t) => lossy(bench, t));
    for (const fault of options.faults?.filter(({ kind }) => kind !== 'quota') ?? []) {
      test(`an order completes although ${fault.name}`, () => heldAndReleased.survives(bench, fault));
    }
    for (const fault of options.faults?.filter(({ kind }) => kind === 'quota') ?? []) {
      test(`every order of the credential is held while ${fault.name}`, () => heldAndReleased.quota(bench, fault));
    }
    test('a refused credential holds the order until an operator has corrected it', () =>
      heldAndReleased.credential(bench));
    test('cancelled while it waits, the order stops and nothing is written', (t) => cancelledWhileWaiting(bench, t));
    test('what leaves for the vendor is on the disclosures ledger before it leaves', () => tellsBefore(bench));
    test('no secret is stored, and no word of the patient in what operators see', () => keepsSecrets(bench));
  });
}

function present<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new Error('The clean run failed: nothing can be compared');
  }
  return value;
}
