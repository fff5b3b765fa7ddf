/** What the parts of the simulator share. */
import type { Request } from 'express';
import type { VendorLedger } from '../ledger.ts';
import type { Applications } from './applications.ts';
import type { Downloads } from './downloads.ts';
import type { AIGNOSTICS_FAULTS, AignosticsFault } from './faults.ts';
import type { Settings } from './options.ts';
import type { UrlSigner } from './signed-urls.ts';
import type { Tokens } from './tokens.ts';
import type { World } from './world.ts';

/** A fault that has a level. */
export type LastingFault = Extract<(typeof AIGNOSTICS_FAULTS)[number], { unit: string }>['name'];

export interface Simulator {
  options: Settings;
  applications: Applications;
  world: World;
  tokens: Tokens;
  downloads: Downloads;
  signer: UrlSigner;
  ledger: VendorLedger;
  now: () => Date;
  /** Where a person approves a device, without a slash at the end. */
  oauthUrl: () => string;
  /** True once for every time that the fault was set. */
  take(fault: AignosticsFault): boolean;
  /** Whether a lasting fault is set. */
  lasts(fault: LastingFault): boolean;
}

/** Ends a call without an answer. */
export function hangUp(request: Request): void {
  request.socket.destroy();
}
