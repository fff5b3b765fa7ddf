/** SMART Backend Services (SMART App Launch 2.2.0): discovery, and tokens for a signed client assertion. */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Send } from '../request.ts';
import type { SiteUrls } from '../urls.ts';
import { scopeChoices } from './scopes.ts';
import { loadSigningKey, type SmartAuth } from './signing-key.ts';
import { askForToken, type Grant, preparing } from './token-endpoint.ts';

/** Seconds an assertion lives: under the allowed 300, so that a clock a minute ahead is forgiven. */
const ASSERTION_LIFE = 240;
/** Seconds a discovery document is believed. */
const DISCOVERY_LIFE = 3600;

const strings = z.array(z.string()).catch([]);
const discovered = z.looseObject({
  token_endpoint: z.url({ protocol: /^https?$/ }),
  scopes_supported: strings,
  capabilities: strings,
});

export interface SmartOptions {
  auth: SmartAuth;
  urls: SiteUrls;
  /** Without a token. */
  send: Send;
  now: () => Date;
  log: Log;
}

/** The signed assertion for one token request. `audience` is the token endpoint exactly as it will be called. */
export async function clientAssertion(auth: SmartAuth, audience: string, now: Date): Promise<string> {
  const { key, kid } = await loadSigningKey(auth);
  const issued = Math.floor(now.getTime() / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: auth.alg, kid, typ: 'JWT' })
    .setIssuer(auth.clientId)
    .setSubject(auth.clientId)
    .setAudience(audience)
    .setJti(randomUUID())
    .setIssuedAt(issued)
    .setExpirationTime(issued + ASSERTION_LIFE)
    .sign(key);
}

/** Obtains tokens; throws AdapterError, `ehr-unauthorized` for what an operator has to mend. */
export function smartBackend({ auth, urls, send, now, log }: SmartOptions): () => Promise<Grant> {
  let known: { endpoint: string; choices: string[]; until: number } | undefined;

  async function discover(): Promise<{ endpoint: string; choices: string[] }> {
    if (auth.tokenUrl) {
      return { endpoint: auth.tokenUrl, choices: scopeChoices({ capabilities: [], scopesSupported: [] }) };
    }
    const url = urls.below('.well-known/smart-configuration');
    const reply = await preparing(
      send({
        method: 'GET',
        url,
        about: 'smart-configuration',
        headers: { Accept: 'application/json' },
        accept: [400, 401, 403, 404, 410],
        mayFollow: urls.isOwnOrigin,
      }),
    );
    const document = reply.status < 300 ? discovered.safeParse(parse(reply.text)).data : undefined;
    if (!document) {
      throw new AdapterError('ehr-unauthorized', 'The FHIR server has no SMART discovery: set fhir.auth.tokenUrl');
    }
    const endpoint = document.token_endpoint;
    // A document fetched over https that sends the assertion over http has been tampered with or is a slip.
    if (new URL(endpoint).protocol === 'http:' && url.protocol === 'https:') {
      throw new AdapterError('ehr-unauthorized', 'The SMART discovery names a token endpoint without TLS');
    }
    const hints = { capabilities: document.capabilities, scopesSupported: document.scopes_supported };
    return { endpoint, choices: scopeChoices(hints) };
  }

  return async () => {
    const time = now().getTime();
    if (!known || time >= known.until) {
      known = { ...(await discover()), until: time + DISCOVERY_LIFE * 1000 };
    }
    const { endpoint, choices } = known;
    for (const scope of auth.scope === undefined ? choices : [auth.scope]) {
      const grant = await askForToken(send, {
        url: new URL(endpoint),
        scope,
        form: {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await clientAssertion(auth, endpoint, now()),
        },
      });
      if (grant !== 'invalid_scope') {
        known = { ...known, choices: [scope] };
        const got = new Set(grant.scope?.split(/\s+/));
        const missing = scope.split(/\s+/).filter((one) => !got.has(one)).length;
        if (missing > 0) {
          log.warn({ count: missing }, 'the token server granted fewer scopes than were asked for');
        }
        return grant;
      }
    }
    throw new AdapterError('ehr-unauthorized', 'The token server refused us (invalid_scope)', { status: 400 });
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
