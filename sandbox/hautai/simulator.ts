/** What the parts of the simulator share. */
import type { Request } from 'express';
import type { VendorLedger } from '../ledger.ts';
import type { HAUTAI_FAULTS, HautaiFault } from './faults.ts';
import type { HautaiOptions } from './options.ts';
import type { UrlSigner } from './signed-urls.ts';
import type { Tokens } from './tokens.ts';
import type { World } from './world.ts';

/** A fault that has a level. */
export type LastingFault = Extract<(typeof HAUTAI_FAULTS)[number], { unit: string }>['name'];

export interface Simulator {
  options: Required<HautaiOptions>;
  world: World;
  tokens: Tokens;
  signer: UrlSigner;
  ledger: VendorLedger;
  now: () => Date;
  /** True once for every time that the fault was set. */
  take(fault: HautaiFault): boolean;
  /** Whether a lasting fault is set. */
  lasts(fault: LastingFault): boolean;
  /** Has something done after some milliseconds. */
  later(run: () => void, milliseconds: number): void;
}

/** Ends a call without an answer. */
export function hangUp(request: Request): void {
  request.socket.destroy();
}
