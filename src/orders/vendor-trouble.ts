import type { AdapterError } from '../errors.ts';
import type { Hand } from './hand.ts';
import { countFailure, countsAsFailure } from './store/credentials.ts';

/** Counts an error that says something about the vendor as a whole, and says so in the log when the breaker opens. */
export async function countTrouble(error: AdapterError, hand: Hand, now: Date): Promise<void> {
  const { database, route, site, log } = hand;
  const whose = { credential: route.credential, site: site.name, vendor: route.vendor.name };
  if (countsAsFailure(error) && (await countFailure(database, { ...whose, error, now }))) {
    log.warn({ site: site.name, vendor: whose.vendor, code: error.code, operator: error.operator }, 'breaker open');
  }
}
