/** What the client remembers of its server: capabilities, whether its transactions are atomic, and its clock. */
import { AdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import { isJson } from './answer.ts';
import { parseCapabilities } from './capabilities.ts';
import type { Reply } from './fetch.ts';
import { probeAtomic } from './probe-atomic.ts';
import type { Ask } from './request.ts';
import type { Capabilities, FhirClient } from './types.ts';
import type { SiteUrls } from './urls.ts';

export interface KnowledgeOptions {
  client: Pick<FhirClient, 'submit' | 'search' | 'create' | 'remove'>;
  get: (ask: Pick<Ask, 'url' | 'about' | 'accept' | 'mode'>) => Promise<Reply>;
  urls: SiteUrls;
  now: () => Date;
  log: Log;
}

/** Milliseconds a statement is believed; one that could not be had, or an unfinished probe, only shortly. */
const LIFE = 3_600_000;
const SHORT_LIFE = 300_000;

/** Any status brings a Date. */
const ANY = [400, 401, 403, 404, 405, 406, 410, 429, 500, 501, 502, 503, 504];
/** Answers that say "no CapabilityStatement here" rather than "not now". */
const NONE = [400, 403, 404, 405, 406, 410, 501];

function json(reply: Reply): unknown {
  try {
    return isJson(reply) ? JSON.parse(reply.text) : undefined;
  } catch {
    return undefined;
  }
}

/** Asks when first needed, once however many wait; a refresh that fails leaves what was known. */
export function openKnowledge(options: KnowledgeOptions): Pick<FhirClient, 'capabilities' | 'serverTime'> {
  const { client, get, urls, now, log } = options;
  let known: { value: Capabilities; until: number } | undefined;
  let pending: Promise<Capabilities> | undefined;
  let atomic: boolean | undefined;

  async function learn(): Promise<Capabilities> {
    const reply = await get({ url: urls.below('metadata'), about: 'metadata', accept: NONE });
    const statement = reply.status < 300 ? json(reply) : undefined;
    if (statement === undefined) {
      log.warn({ httpStatus: reply.status }, 'the FHIR server has no CapabilityStatement: the least is assumed');
    }
    const said = parseCapabilities(statement);
    let life = statement === undefined ? SHORT_LIFE : LIFE;
    if (atomic === undefined) {
      const probed = await probeAtomic(client, said, log);
      if (probed.again) {
        life = SHORT_LIFE;
      } else if (said.transaction) {
        atomic = probed.atomic;
        if (!atomic) {
          log.warn({}, 'the FHIR server announces transactions that are not atomic: they are not used');
        }
      }
    }
    const value = { ...said, atomic: said.transaction && atomic === true };
    known = { value, until: now().getTime() + life };
    return value;
  }

  async function refreshed(): Promise<Capabilities> {
    try {
      return await learn();
    } catch (thrown) {
      if (!known) {
        throw thrown;
      }
      known = { ...known, until: now().getTime() + SHORT_LIFE };
      log.warn({ code: thrown instanceof AdapterError ? thrown.code : 'unexpected' }, 'capabilities not refreshed');
      return known.value;
    }
  }

  return {
    capabilities: async () => {
      if (known && now().getTime() < known.until) {
        return known.value;
      }
      pending ??= refreshed().finally(() => {
        pending = undefined;
      });
      return pending;
    },
    serverTime: async () => {
      const reply = await get({
        url: urls.below('metadata?_summary=true'),
        about: 'metadata',
        accept: ANY,
        mode: 'headers',
      });
      const time = Date.parse(reply.headers.get('date') ?? '');
      if (Number.isNaN(time)) {
        log.warn({ httpStatus: reply.status }, 'the FHIR server sends no Date: our own clock is taken');
        return now();
      }
      return new Date(time);
    },
  };
}
