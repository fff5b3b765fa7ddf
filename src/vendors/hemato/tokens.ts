/**
 * Tokens for Hemato.AI, by the site's kind of log-in.
 *
 * They live in this process alone and never in `context.memory`, which is a table of the database: a token is a secret, a
 * log-in costs one call, and a signature none. They are kept by the settings object, of which a site has one per vendor,
 * so that all of its orders share a token and a changed configuration begins anew.
 */
import { createHash, randomUUID } from 'node:crypto';
import { AdapterError } from '../../errors.ts';
import type { VendorHttp, VendorRequest, VendorResponse } from '../http.ts';
import { lifetimeOf, signJwt } from '../signed-jwt.ts';
import { loggedIn } from './answers.ts';
import { isTaken, READ_STATUSES, resultsOf } from './refusals.ts';
import type { KeyPairAuth, Settings } from './settings.ts';

export interface Access {
  http: VendorHttp;
  settings: Settings;
  now(): Date;
}

interface Held {
  token: string;
  /** Milliseconds since 1970 by our clock. */
  renewAt: number;
}

interface Session {
  held?: Promise<Held>;
  /** Milliseconds that the vendor's clock is ahead of ours, where it was found to differ. */
  ahead: number;
}

/** Seconds. */
const RENEW_EARLY = 60;
/** The vendor takes no token older than an hour, whatever its `exp` says. */
const OLDEST = 3600;
const UNKNOWN_LIFE = 50 * 60;
/** Signed a little into the past and for less than the hour, for clocks that differ. */
const SIGNED_BACK = 5;
const SIGNED_FOR = 55 * 60;
const CLOCKS_DIFFER = 30;

const sessions = new WeakMap<Settings, Session>();

function sessionOf(settings: Settings): Session {
  const known = sessions.get(settings) ?? { ahead: 0 };
  sessions.set(settings, known);
  return known;
}

/** The claims as the vendor's table has them: times in seconds, `kid` (which stands in the header too), a new `jti`. */
export function claimsOf(auth: KeyPairAuth, host: string, now: Date): Record<string, unknown> {
  const issued = Math.floor(now.getTime() / 1000) - SIGNED_BACK;
  return {
    jti: randomUUID(),
    iss: auth.issuer,
    sub: auth.subject,
    role: auth.role,
    kid: auth.kid,
    aud: auth.audience ?? host,
    iat: issued,
    exp: issued + SIGNED_FOR,
  };
}

/** Without the order's signal: other orders wait for the same token. */
async function logIn({ http }: Access, request: VendorRequest): Promise<string> {
  const response = await http.request({ ...request, accept: [...READ_STATUSES] });
  if (!isTaken(response)) {
    throw new AdapterError('vendor-unauthorized', `Hemato.AI refused the log-in (${response.status})`, {
      status: response.status,
      orderer: 'The AI service does not accept our credentials; the order waits for the operator of the adapter.',
    });
  }
  return resultsOf(loggedIn, response, 'the log-in');
}

async function obtain(access: Access, ahead: number): Promise<string> {
  const { auth, baseUrl } = access.settings;
  switch (auth.type) {
    case 'demo':
      return logIn(access, { method: 'GET', path: '/login/demo' });
    case 'session': {
      const pass_hash = createHash('sha256').update(auth.password, 'utf8').digest('hex');
      return logIn(access, { method: 'POST', path: '/auth/login', json: { user: auth.user, pass_hash } });
    }
    case 'key-pair': {
      const theirs = new Date(access.now().getTime() + ahead);
      return signJwt(auth, claimsOf(auth, new URL(baseUrl).hostname, theirs));
    }
  }
}

async function renew(access: Access, session: Session): Promise<Held> {
  const asked = access.now();
  const token = await obtain(access, session.ahead);
  const life = Math.min(OLDEST, lifetimeOf(token, asked) ?? UNKNOWN_LIFE);
  return { token, renewAt: asked.getTime() + (life - RENEW_EARLY) * 1000 };
}

/** The site's token, renewed a minute before its end; one log-in however many orders wait for it. */
export async function tokenOf(access: Access): Promise<string> {
  const session = sessionOf(access.settings);
  for (;;) {
    const mine = session.held === undefined;
    const current = session.held ?? renew(access, session);
    session.held = current;
    const held = await current.catch((thrown: unknown) => {
      drop(session, current);
      throw thrown;
    });
    // A token too short-lived to be kept still serves whoever asked for it.
    if (mine || access.now().getTime() < held.renewAt) {
      return held.token;
    }
    drop(session, current);
  }
}

/** Unless somebody has renewed it meanwhile. */
function drop(session: Session, held: Promise<Held> | undefined): void {
  if (session.held === held) {
    delete session.held;
  }
}

/**
 * Drops the token that was just refused, unless another order has renewed it meanwhile. Where the answer shows that the
 * vendor's clock is not ours, its clock is gone by from now on: a token signed in its future is refused.
 */
export async function refused(access: Access, token: string, response: VendorResponse): Promise<void> {
  const session = sessionOf(access.settings);
  const theirs = Date.parse(response.headers.date ?? '');
  const differs = Number.isNaN(theirs) ? session.ahead : theirs - access.now().getTime();
  if (Math.abs(differs - session.ahead) > CLOCKS_DIFFER * 1000) {
    session.ahead = differs;
  }
  const current = session.held;
  const held = await current?.catch(() => undefined);
  if (held?.token === token) {
    drop(session, current);
  }
}
