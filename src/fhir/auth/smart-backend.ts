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
import { askForToken, type Grant, preparing, refusalError, type TokenRefusal } from './token-endpoint.ts';

/** Seconds an assertion lives: under the allowed 300, so that a clock a minute ahead is forgiven. */
const ASSERTION_LIFE = 240;
/** Seconds a discovery document is believed. */
const DISCOVERY_LIFE = 3600;
/** Seconds that clocks may differ without our doing anything about it: the assertion's life leaves room for as many. */
const CLOCKS_DIFFER = 60;

/** The texts of a list; missing, or no list at all, is usual. */
const strings = z
  .array(z.unknown())
  .catch([])
  .transform((items) => items.filter((item) => typeof item === 'string'));
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
  /** The site has a vendor whose results are about other people. */
  others?: boolean;
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
export function smartBackend({ auth, urls, send, now, log, others = false }: SmartOptions): () => Promise<Grant> {
  let known: { endpoint: string; choices: string[]; until: number } | undefined;

  async function discover(): Promise<{ endpoint: string; choices: string[] }> {
    if (auth.tokenUrl) {
      return { endpoint: auth.tokenUrl, choices: scopeChoices({ capabilities: [], scopesSupported: [], others }) };
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
    const hints = { capabilities: document.capabilities, scopesSupported: document.scopes_supported, others };
    return { endpoint, choices: scopeChoices(hints) };
  }

  /** Milliseconds that the token server's clock is ahead of ours, where it was found to differ. */
  let ahead = 0;

  async function ask(endpoint: string, scope: string): Promise<Grant | TokenRefusal> {
    const time = new Date(now().getTime() + ahead);
    return askForToken(send, {
      url: new URL(endpoint),
      scope,
      form: {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await clientAssertion(auth, endpoint, time),
      },
    });
  }

  /** Whether an assertion was dated by a clock that the token server does not share; from now on it is by the server's. */
  function differs({ error, serverTime }: TokenRefusal): boolean {
    const found = serverTime === undefined ? ahead : serverTime.getTime() - now().getTime();
    if (error === 'invalid_scope' || Math.abs(found - ahead) < CLOCKS_DIFFER * 1000) {
      return false;
    }
    ahead = found;
    log.warn({ ms: ahead }, "our clock and the token server's differ: we go by the server's");
    return true;
  }

  return async () => {
    const time = now().getTime();
    if (!known || time >= known.until) {
      known = { ...(await discover()), until: time + DISCOVERY_LIFE * 1000 };
    }
    const { endpoint, choices } = known;
    let refusal: TokenRefusal | undefined;
    for (const scope of auth.scope === undefined ? choices : [auth.scope]) {
      let answer = await ask(endpoint, scope);
      if (!('token' in answer) && differs(answer)) {
        answer = await ask(endpoint, scope);
      }
      if ('token' in answer) {
        known = { ...known, choices: [scope] };
        return answer;
      }
      refusal = answer;
      if (answer.error !== 'invalid_scope') {
        break;
      }
    }
    // Asked again in full next time: the endpoint, the scopes or our registration may be other ones by then.
    known = undefined;
    throw refusalError(refusal ?? { status: 400, error: 'invalid_scope', serverTime: undefined });
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
