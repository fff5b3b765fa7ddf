/** How a site's requests are authorized, by the configured type. */
import type { FhirAuth } from '../../config/schema.ts';
import type { Log } from '../../log.ts';
import type { Authorization, Send } from '../request.ts';
import type { SiteUrls } from '../urls.ts';
import { basic, clientSecret } from './client-secret.ts';
import { renewingToken, type TokenReport } from './renewing-token.ts';
import { smartBackend } from './smart-backend.ts';

export interface SiteAuthorization extends Authorization {
  /** What was granted; undefined where there is no token server to grant anything. */
  report(): Promise<TokenReport | undefined>;
}

export interface AuthorizeOptions {
  auth: FhirAuth;
  urls: SiteUrls;
  /** Without a token. */
  send: Send;
  now: () => Date;
  log: Log;
  /** The site has a vendor whose results are about other people: their scopes are asked for, too. */
  others: boolean;
}

function fixed(header: string | undefined): SiteAuthorization {
  return { header: async () => header, renew: async () => false, report: async () => undefined };
}

/** No request is made before the first header is asked for. */
export function authorize({ auth, urls, send, now, log, others }: AuthorizeOptions): SiteAuthorization {
  switch (auth.type) {
    case 'none':
      return fixed(undefined);
    case 'bearer':
      return fixed(`Bearer ${auth.token}`);
    case 'basic':
      return fixed(basic(auth.username, auth.password));
    case 'client-secret':
      return renewingToken(clientSecret(auth, send), now, log, others);
    case 'smart-backend':
      return renewingToken(smartBackend({ auth, urls, send, now, log, others }), now, log, others);
  }
}
