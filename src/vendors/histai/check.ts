/** For the doctor: whether the key works, and what money there is. */
import type { VendorHttp } from '../http.ts';
import { readBalance } from './api-billing.ts';
import { CURRENCY } from './facts.ts';
import type { Settings } from './settings.ts';

/** Reads the balance, which bills nothing. */
export async function check({ settings, http }: { settings: Settings; http: VendorHttp }): Promise<string> {
  const { balance, currency } = await readBalance({ settings, http });
  const said = `the key works; the balance is ${balance.toFixed(2)} ${currency ?? 'of a currency that is not said'}`;
  const foreign = currency === CURRENCY ? '' : `; WARNING: prices are in ${CURRENCY}, so nothing will be bought`;
  const topUp = settings.allowTopUp ? '; WARNING: allowTopUp lets the saved card be charged' : '';
  return `${said}${foreign}${topUp}`;
}
