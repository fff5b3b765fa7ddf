/** What the parts of the simulator share. */
import type { Request } from 'express';
import type { VendorLedger } from '../ledger.ts';
import type { Answers } from './answers.ts';
import type { Case } from './cases.ts';
import type { HISTAI_FAULTS, HistaiFault } from './faults.ts';
import type { HistaiOptions } from './options.ts';
import type { UrlSigner } from './signed-urls.ts';
import type { World } from './world.ts';

/** A fault that has a level. */
export type LastingFault = Extract<(typeof HISTAI_FAULTS)[number], { unit: string }>['name'];

export interface Simulator {
  options: Required<HistaiOptions>;
  /** The inventory by case id, in the order of lists. */
  cases: ReadonlyMap<string, Case>;
  world: World;
  answers: Answers;
  signer: UrlSigner;
  ledger: VendorLedger;
  now: () => Date;
  /** True once for every time that the fault was set. */
  take(fault: HistaiFault): boolean;
  /** Whether a lasting fault is set. */
  lasts(fault: LastingFault): boolean;
}

/** Ends a call without an answer. */
export function hangUp(request: Request): void {
  request.socket.destroy();
}
