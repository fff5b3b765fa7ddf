/** For the doctor: whether the login works, and what it may use. */
import type { Secrets, VendorSite } from '../contract.ts';
import { countApplications } from './api.ts';
import type { Settings } from './settings.ts';
import { many } from './words.ts';

/** Reads the list of applications, which bills nothing. */
export async function check(
  { settings, http, secrets }: VendorSite<Settings> & { secrets?: Secrets },
  now: () => Date = () => new Date(),
): Promise<string> {
  const count = await countApplications({ settings, http, secrets, now });
  return count === 0
    ? 'the login works; WARNING: no application is assigned to its organisation'
    : `the login works; ${many(count, 'application')} available`;
}
