/** The identity provider's memory: device codes, refresh tokens, and access tokens, which are signed JWTs. */
import { generateKeyPairSync, type KeyObject, randomBytes, randomInt, sign } from 'node:crypto';
import { AIGNOSTICS_DEFAULTS } from './defaults.ts';
import type { Settings, User } from './options.ts';

export interface Device {
  clientId: string;
  scope: string;
  userCode: string;
  /** Milliseconds. */
  expires: number;
  /** Seconds to wait between two questions; more after each that came too soon. */
  interval: number;
  asked?: number;
  decision?: { user: User } | 'denied';
}

export interface Tokens {
  /** Who a token is of, or why it is refused, in the gateway's words. */
  userOf(token: string | undefined): { user: User } | { refusal: string };
  /** Ends an access token before its time. */
  expire(token: string): void;
  issue(user: User): string;
  /** The public key, as a JWK set. */
  keys(): object;
  devices: Map<string, Device>;
  openDevice(clientId: string, scope: string): { code: string; device: Device };
  newRefreshToken(user: User, clientId: string): string;
  /** Whose it is; with rotation it ends with this. */
  redeem(refreshToken: string, clientId: string): User | undefined;
}

/** Without vowels, so that no words come up. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const KEY_ID = 'sandbox-1';
/** Seconds between two questions about a device. */
const INTERVAL = 5;

export function createTokens(options: Settings, now: () => Date): Tokens {
  const access = new Map<string, { user: User; ends: number }>();
  const refresh = new Map<string, { user: User; clientId: string }>();
  const devices = new Map<string, Device>();
  const [firstUser] = options.users;
  let pair: { privateKey: KeyObject; publicKey: KeyObject } | undefined;
  // Making a key takes time, which nobody shall wait for who never asks for a token.
  const keyPair = () => {
    pair ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
    return pair;
  };

  function jwt(user: User): string {
    const iat = Math.floor(now().getTime() / 1000);
    const claims = {
      ...{ iss: 'https://aignostics-sandbox.example/', sub: user.id, aud: options.audiences[0] },
      ...{ iat, exp: iat + options.accessSeconds, jti: randomBytes(8).toString('hex'), org_id: user.organization.id },
    };
    const signed = [{ alg: 'RS256', typ: 'JWT', kid: KEY_ID }, claims].map(encode).join('.');
    return `${signed}.${sign('sha256', Buffer.from(signed), keyPair().privateKey).toString('base64url')}`;
  }

  return {
    devices,
    userOf(token) {
      if (token === undefined) {
        return { refusal: 'Jwt is missing' };
      }
      const known = access.get(token);
      if (!known) {
        const lasting = token.startsWith(AIGNOSTICS_DEFAULTS.accessToken);
        return lasting ? { user: firstUser } : { refusal: 'Jwt verification fails' };
      }
      return known.ends <= now().getTime() ? { refusal: 'Jwt is expired' } : { user: known.user };
    },
    expire(token) {
      const known = access.get(token);
      if (known) {
        known.ends = 0;
      }
    },
    issue(user) {
      const token = jwt(user);
      access.set(token, { user, ends: now().getTime() + options.accessSeconds * 1000 });
      return token;
    },
    keys: () => ({
      keys: [{ ...keyPair().publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'RS256' }],
    }),
    openDevice(clientId, scope) {
      const code = `dc_${randomBytes(24).toString('base64url')}`;
      const expires = now().getTime() + options.deviceSeconds * 1000;
      const device = { clientId, scope, userCode: newUserCode(), expires, interval: INTERVAL };
      devices.set(code, device);
      return { code, device };
    },
    newRefreshToken(user, clientId) {
      const token = `v1.${randomBytes(24).toString('base64url')}`;
      refresh.set(token, { user, clientId });
      return token;
    },
    redeem(token, clientId) {
      if (token === AIGNOSTICS_DEFAULTS.refreshToken) {
        return firstUser;
      }
      const known = refresh.get(token);
      if (known?.clientId !== clientId) {
        return undefined;
      }
      if (options.rotateRefreshTokens) {
        refresh.delete(token);
      }
      return known.user;
    },
  };
}

function newUserCode(): string {
  const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
