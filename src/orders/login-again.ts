/** What an operator is told to do about a vendor that does not accept a person's login any more. */
import { type AdapterError, ERROR_CODES } from '../errors.ts';
import type { Vendor } from '../vendors/contract.ts';

/** In words, with the command; nothing else has to be done for the orders that are held. */
export function loginAgain(site: string, vendor: string): string {
  return `Log in again: npm run login -- --site ${site} --vendor ${vendor}. The orders that are held for it go on by themselves.`;
}

/** What an operator can do about an error at a vendor: where its accounts are people's, that one logs in again. */
export function operatorWords(error: AdapterError, site: string, vendor: Pick<Vendor, 'name' | 'login'>): string {
  if (error.code !== 'vendor-unauthorized' || !vendor.login) {
    return error.operator;
  }
  const again = loginAgain(site, vendor.name);
  const isPlain = error.operator === ERROR_CODES[error.code].operator;
  return isPlain ? again : `${error.operator} ${again}`;
}
