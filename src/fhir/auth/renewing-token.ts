/** Keeps one access token alive: renewed before its end, by one call however many wait for it. */
import { type AdapterError, asAdapterError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Authorization } from '../request.ts';
import { missingScopes } from './scopes.ts';
import type { Grant } from './token-endpoint.ts';

/** What `check` shows of a token; never the token. */
export interface TokenReport {
  /** The scopes the server granted, space-separated; absent where it did not say and we asked for none. */
  scopes?: string;
  /** Seconds the token lived when it was granted. */
  expiresIn?: number;
}

/** Seconds after a permanent refusal during which the token server is not asked again; hosted Medplum counts log-ins. */
const REFUSED_FOR = 15;

/** Seconds of its life that a token is used: 80 %, and never into its last 30 s, but at least half of a short one. */
export function usableSeconds(expiresIn: number): number {
  return Math.max(expiresIn * 0.5, Math.min(expiresIn * 0.8, expiresIn - 30));
}

export interface RenewingToken extends Authorization {
  report(): Promise<TokenReport>;
}

/**
 * @param obtain asks the token server for a new token; throws AdapterError.
 * @param others see `missingScopes`.
 * A renewal that fails while the old token still lives goes unnoticed but for a warning.
 */
export function renewingToken(obtain: () => Promise<Grant>, now: () => Date, log: Log, others = false): RenewingToken {
  let current: { grant: Grant; header: string; renewAt: number; endsAt: number } | undefined;
  let pending: Promise<string> | undefined;
  let narrowed = '';
  let refused: { error: AdapterError; until: number } | undefined;

  /** Says which types lack a scope: once, and again only when they are others. */
  function tellMissing(scope: string | undefined): void {
    const { missing } = missingScopes(scope ?? '', others);
    const types = [...new Set(missing.map(({ type }) => type))].join(' ');
    if (types !== narrowed && types !== '') {
      log.warn({ resourceType: types, count: missing.length }, 'the token lacks scopes: "npm run check" says what for');
    }
    narrowed = types;
  }

  async function obtained(asked: number): Promise<string> {
    if (refused && asked < refused.until) {
      throw refused.error;
    }
    try {
      const grant = await obtain();
      const header = `Bearer ${grant.token}`;
      const renewAt = asked + usableSeconds(grant.expiresIn) * 1000;
      refused = undefined;
      tellMissing(grant.scope);
      current = { grant, header, renewAt, endsAt: asked + grant.expiresIn * 1000 };
      return header;
    } catch (thrown) {
      const error = asAdapterError(thrown);
      if (error.kind === 'permanent' || error.retryAfter !== undefined) {
        refused = { error, until: asked + (error.retryAfter ?? REFUSED_FOR) * 1000 };
      }
      log.warn({ code: error.code, httpStatus: error.status }, 'no new token for the FHIR server');
      throw error;
    }
  }

  async function fetchToken(): Promise<string> {
    const asked = now().getTime();
    try {
      return await obtained(asked);
    } catch (thrown) {
      if (current && asked < current.endsAt) {
        return current.header;
      }
      throw thrown;
    }
  }

  function renewal(): Promise<string> {
    pending ??= fetchToken().finally(() => {
      pending = undefined;
    });
    return pending;
  }

  async function header(): Promise<string> {
    return current && now().getTime() < current.renewAt ? current.header : renewal();
  }

  return {
    header,
    renew: async (used) => {
      // Somebody else may have renewed it while this request was under way.
      if (current?.header === used) {
        current = undefined;
      }
      return (await header()) !== used;
    },
    report: async () => {
      await header();
      const grant = current?.grant;
      return {
        ...(grant?.scope !== undefined && { scopes: grant.scope }),
        ...(grant && { expiresIn: grant.expiresIn }),
      };
    },
  };
}
