/** How a person logs in, wherever they sit: the device flow of RFC 8628. */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import type { LoginCode, LoginPoll, VendorLogin, VendorSite } from '../contract.ts';
import { parsed } from './answers.ts';
import { SCOPE } from './facts.ts';
import { postForm, refusedAs } from './oauth.ts';
import { type Settings, tenantOf } from './settings.ts';
import { REFRESH_TOKEN } from './tokens.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** Seconds between two polls where the tenant does not say, and what `slow_down` adds. */
const INTERVAL = 5;
const SLOWER = 5;

const httpUrl = z.url({ protocol: /^https?$/ });
const code = z.object({
  device_code: z.string().min(1),
  user_code: z.string().min(1),
  verification_uri: httpUrl,
  verification_uri_complete: httpUrl.nullish().catch(undefined),
  interval: z.number().positive().nullish(),
  expires_in: z.number().positive(),
});
const granted = z.object({ refresh_token: z.string().min(1) });

const refused = (why: string): AdapterError =>
  new AdapterError('vendor-unauthorized', `The tenant of Aignostics refused the login (${why})`, {
    operator: "Check the vendor's auth: clientId, tenant and audience.",
  });

async function begin({ settings, http }: VendorSite<Settings>): Promise<LoginCode> {
  const { url, audience } = tenantOf(settings);
  const form = { client_id: settings.auth.clientId, scope: SCOPE, audience };
  const response = await postForm(http, `${url}/oauth/device/code`, form);
  if (response.status === 429) {
    throw new AdapterError('vendor-busy', 'The tenant of Aignostics asked to wait (429)');
  }
  if (response.status !== 200) {
    throw refused(refusedAs(response));
  }
  const given = parsed(code, response, '/oauth/device/code');
  return {
    userCode: given.user_code,
    verificationUri: given.verification_uri,
    ...(given.verification_uri_complete && { verificationUriComplete: given.verification_uri_complete }),
    deviceCode: given.device_code,
    interval: given.interval ?? INTERVAL,
    expiresIn: given.expires_in,
  };
}

async function poll({ settings, http }: VendorSite<Settings>, { deviceCode, interval }: LoginCode): Promise<LoginPoll> {
  const form = { grant_type: GRANT, device_code: deviceCode, client_id: settings.auth.clientId };
  const response = await postForm(http, `${tenantOf(settings).url}/oauth/token`, form);
  if (response.status === 200) {
    return { secret: { [REFRESH_TOKEN]: parsed(granted, response, '/oauth/token').refresh_token } };
  }
  const why = refusedAs(response);
  switch (why) {
    case 'authorization_pending':
      return { pending: true, seconds: interval };
    case 'slow_down':
    case '429':
      return { pending: true, seconds: interval + SLOWER };
    case 'access_denied':
      return { ended: 'denied' };
    case 'expired_token':
    case 'invalid_grant':
      return { ended: 'expired' };
    default:
      throw refused(why);
  }
}

export const login: VendorLogin<Settings> = { begin, poll };
