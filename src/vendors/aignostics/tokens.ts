/**
 * Access tokens, made of the refresh token that a person's login gave. They live in this process alone; the refresh token
 * is a secret of the site's, renewed by one process at a time, because some tenants give a new one with each use.
 */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import type { Secrets } from '../contract.ts';
import type { VendorHttp } from '../http.ts';
import { lifetimeOf } from '../signed-jwt.ts';
import { WAITS } from './facts.ts';
import { postForm, refusedAs } from './oauth.ts';
import { processMemory } from './process-memory.ts';
import { type Settings, tenantOf } from './settings.ts';

/** What calls are made with. `secrets` may be missing for the doctor, who then has only what the settings say. */
export interface Access {
  http: VendorHttp;
  settings: Settings;
  secrets?: Secrets | undefined;
  now(): Date;
}

export interface AccessToken {
  token: string;
  /** Milliseconds since 1970 by our clock. */
  renewAt: number;
}

export const REFRESH_TOKEN = 'refresh-token';
/** Somebody else may be renewing at the same moment, and give us only the refresh token. */
const ROUNDS = 3;

const granted = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).nullish(),
  expires_in: z.number().positive().nullish(),
});

export const credentialOf = ({ baseUrl, auth }: Settings): string => `${baseUrl} ${auth.clientId}`;

function noLogin(message: string, status?: number): AdapterError {
  return new AdapterError('vendor-unauthorized', message, {
    ...(status !== undefined && { status }),
    orderer: 'The AI service does not accept our login any more; the order waits for the operator of the adapter.',
  });
}

/** Without the order's signal: other orders wait for the same token. */
async function refresh(access: Access, token: string): Promise<{ access: AccessToken; refresh: string }> {
  const { settings, http } = access;
  const asked = access.now();
  const form = { grant_type: 'refresh_token', client_id: settings.auth.clientId, refresh_token: token };
  const response = await postForm(http, `${tenantOf(settings).url}/oauth/token`, form);
  if (response.status === 429) {
    throw new AdapterError('vendor-busy', 'The tenant of Aignostics asked to wait (429)', { status: 429 });
  }
  if (response.status !== 200) {
    throw noLogin(`The login at Aignostics is refused (${refusedAs(response)})`, response.status);
  }
  const read = granted.safeParse(response.json());
  if (!read.success) {
    throw new AdapterError('vendor-protocol', 'Aignostics gave no token that can be read', { kind: 'transient' });
  }
  const { access_token, refresh_token, expires_in } = read.data;
  const life = expires_in ?? lifetimeOf(access_token, asked) ?? WAITS.unknownLife;
  // A token too short-lived to be renewed early still serves for half of its time.
  const kept = Math.max(life - WAITS.renewEarly, life / 2);
  return {
    access: { token: access_token, renewAt: asked.getTime() + kept * 1000 },
    refresh: refresh_token ?? token,
  };
}

async function obtain(access: Access): Promise<AccessToken> {
  const { secrets, settings } = access;
  const seed = settings.auth.refreshToken;
  for (let round = 0; round < ROUNDS; round++) {
    let made: AccessToken | undefined;
    const make = async (current: string | undefined) => {
      const token = current ?? seed;
      if (token === undefined) {
        throw noLogin('Nobody has logged in at Aignostics');
      }
      const renewed = await refresh(access, token);
      made = renewed.access;
      return renewed.refresh;
    };
    await (secrets ? secrets.renew(REFRESH_TOKEN, make) : make(undefined));
    if (made) {
      return made;
    }
  }
  throw new AdapterError('vendor-busy', 'The login at Aignostics is being renewed elsewhere');
}

/** The site's token, renewed five minutes before its end; one renewal however many orders wait for it. */
export async function tokenOf(access: Access): Promise<string> {
  const { tokens } = processMemory(access.http);
  const key = credentialOf(access.settings);
  for (;;) {
    const known = tokens.get(key);
    const current = known ?? obtain(access);
    if (!known) {
      tokens.set(key, current);
      current.catch(() => drop(access, current));
    }
    const held = await current;
    // One that was just made serves whoever asked for it, however short its life.
    if (!known || access.now().getTime() < held.renewAt) {
      return held.token;
    }
    drop(access, current);
  }
}

/** Drops a token that was refused, unless another order has renewed it meanwhile. */
export async function dropToken(access: Access, token: string): Promise<void> {
  const current = processMemory(access.http).tokens.get(credentialOf(access.settings));
  if (current && (await current.catch(() => undefined))?.token === token) {
    drop(access, current);
  }
}

function drop({ http, settings }: Access, token: Promise<AccessToken>): void {
  const { tokens } = processMemory(http);
  const key = credentialOf(settings);
  if (tokens.get(key) === token) {
    tokens.delete(key);
  }
}
