/**
 * Asks the EHR whether the bearer of a token may read a resource. The token is somebody else's: it goes to this site's own
 * base URL, once, and is neither kept nor renewed nor sent along a redirect.
 */
import type { FhirConfig } from '../config/schema.ts';
import { AdapterError } from '../errors.ts';
import { isJson } from './answer.ts';
import { openWire } from './fetch.ts';
import { siteUrls } from './urls.ts';

export interface Permissions {
  /** Throws `ehr-unreachable`, `ehr-busy` or `ehr-error` where the EHR does not say. */
  mayRead(token: string, resource: { type: string; id: string }): Promise<boolean>;
  close(): Promise<void>;
}

/** Bytes; a DocumentReference that we wrote has a few thousand. */
const LIMIT = 4 * 1024 * 1024;
const SECONDS = 10;
/** What may stand in an Authorization header (RFC 6750, b64token). */
const TOKEN = /^[A-Za-z0-9._~+/=-]{8,8192}$/;

/** Makes no request before it is asked. */
export function openPermissions(config: Pick<FhirConfig, 'baseUrl' | 'timeout'>): Permissions {
  const urls = siteUrls(config.baseUrl);
  const wire = openWire({ timeout: Math.min(config.timeout, SECONDS), limit: LIMIT, connections: 8 });
  return {
    async mayRead(token, { type, id }) {
      if (!TOKEN.test(token)) {
        return false;
      }
      const reply = await wire.send({
        method: 'GET',
        url: urls.below(`${type}/${encodeURIComponent(id)}`),
        headers: { Accept: 'application/fhir+json', Authorization: `Bearer ${token}`, 'Cache-Control': 'no-store' },
        mode: 'text',
      });
      if ('failure' in reply) {
        throw new AdapterError('ehr-unreachable', 'The FHIR server cannot be asked who may read a file', {
          cause: reply.cause,
        });
      }
      const { status } = reply;
      if (status === 429 || status >= 500) {
        const code = status === 429 || status === 503 ? 'ehr-busy' : 'ehr-error';
        throw new AdapterError(code, 'The FHIR server does not say who may read a file', { status });
      }
      // A proxy's page of welcome is a 200, too.
      return status === 200 && isJson(reply) && isResource(reply.text, type, id);
    },
    close: () => wire.close(),
  };
}

function isResource(text: string, type: string, id: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && value.resourceType === type && value.id === id;
  } catch {
    return false;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
