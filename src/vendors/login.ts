/** The part of the vendor contract about people's logins: how one is made, and where what it gave is kept. */
import type { VendorHttp } from './http.ts';

/**
 * What must not be read from a database: what a person's login gave us, encrypted at rest. Unlike Memory it is never made
 * by itself. All throw `vendor-unauthorized` where what is stored cannot be decrypted any more.
 */
export interface Secrets {
  /** Undefined: nobody has logged in. */
  get(name: string): Promise<string | undefined>;
  put(name: string, value: string): Promise<void>;
  forget(name: string): Promise<void>;
  /**
   * Replaces a secret, single flight across processes: who comes while another is at it gets what that one made, and its
   * own `make` is not called. So what is renewed together (an access token, its end, the refresh token) is one secret.
   * `make` is given what is stored now, which may be newer than what the caller knew; giving it back unchanged is fine.
   * Where it throws nothing changes.
   */
  renew(name: string, make: (current: string | undefined) => Promise<string>): Promise<string>;
}

/** A site's account with a vendor, apart from any order. */
export interface VendorSite<Settings = unknown> {
  settings: Settings;
  http: VendorHttp;
}

/** What a person opens and types in to log in with their own account, wherever they sit (RFC 8628). */
export interface LoginCode {
  /** For the person: `ABCD-EFGH`. */
  userCode: string;
  /** Where it is typed in; http(s). */
  verificationUri: string;
  /** The same with the code in it already. */
  verificationUriComplete?: string;
  /** Secret: whoever has it is given the tokens. */
  deviceCode: string;
  /** Seconds between two polls, at least. */
  interval: number;
  /** Seconds from now. */
  expiresIn: number;
}

export type LoginPoll =
  /** Not yet; the next poll after so many seconds. More than `interval` (slow_down) holds from then on. */
  | { pending: true; seconds: number }
  /** Logged in: what to keep, by its name in `Secrets`; as whom and until when, where the vendor says. */
  | { secret: Record<string, string>; as?: string; until?: Date }
  /** The person said no, or the code is too old or unknown. */
  | { ended: 'denied' | 'expired' };

/**
 * For a vendor whose accounts are people's, so that its token is nothing a configuration could hold. A site that uses it
 * needs `security.encryptionKey`. Afterwards a refused token is `vendor-unauthorized`, which holds the site's orders and
 * has the operator told to log in again.
 */
export interface VendorLogin<Settings = unknown> {
  /** Asks for a code; harmless to repeat. */
  begin(site: VendorSite<Settings>): Promise<LoginCode>;
  /** Whether the person has confirmed. Throws AdapterError; a transient one is tried again until the code expires. */
  poll(site: VendorSite<Settings>, code: LoginCode): Promise<LoginPoll>;
}
