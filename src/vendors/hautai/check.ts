/** For the doctor: whether the vendor takes our credentials, and how long yet. */
import { AdapterError } from '../../errors.ts';
import type { VendorHttp } from '../http.ts';
import { hautaiApi } from './api.ts';
import { TOKEN_WARNING_DAYS } from './facts.ts';
import type { Settings } from './settings.ts';

const DAY_MS = 86_400_000;

function tokenWords(expires: string | undefined, now: Date): string {
  if (expires === undefined) {
    return '; the end of the private token is not configured (tokenExpires), so nobody is warned of it';
  }
  const days = Math.floor((Date.parse(expires) - now.getTime()) / DAY_MS);
  return days < TOKEN_WARNING_DAYS
    ? `; WARNING: the private token ends on ${expires}, make a new one now`
    : `; the private token ends on ${expires}`;
}

/** Reads a page of the dataset's subjects, which bills nothing, and says how it went. */
export async function check(
  { settings, http }: { settings: Settings; http: VendorHttp },
  now: Date = new Date(),
): Promise<string> {
  const { token, tokenExpires } = settings;
  if (tokenExpires !== undefined && Date.parse(tokenExpires) <= now.getTime()) {
    throw new AdapterError('vendor-unauthorized', `The private token of Haut.AI has ended on ${tokenExpires}`);
  }
  await hautaiApi(http, settings, () => now).tryDataset();
  return `${token === undefined ? 'the login works' : 'the token works'} for the company and the dataset${token === undefined ? '' : tokenWords(tokenExpires, now)}`;
}
