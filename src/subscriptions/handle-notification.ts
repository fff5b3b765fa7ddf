/** One attempt at one stored notification: what it says, what stands in the EHR, admission, and how that ended. */
import type { SiteConfig } from '../config/schema.ts';
import { type AdapterError, asAdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Admit, Hint, StoredNotification } from '../orders/types.ts';
import { readWithStatus } from './dialects/index.ts';
import type { Gaps } from './gaps/watch.ts';
import { needsReading, resolveHint } from './resolve-hint.ts';
import { heardTypes, isOrderType } from './routed-types.ts';
import { createSiteRest } from './site-rest.ts';
import { createTurns } from './turns.ts';

/** How one attempt ended: dealt with, kept for a person to see, or to be tried again in `later` seconds. */
export type Ending = { done: string } | { aside: string } | { later: number; why: string };

export interface HandlerOptions {
  sites: ReadonlyMap<string, { config: SiteConfig; client: FhirClient }>;
  admit: Admit;
  log: Log;
  now(): Date;
  /** Between 0 and 1, for jitter. */
  random?(): number;
  /** Watches the event numbers of topic servers. */
  gaps?: Pick<Gaps, 'heard'>;
}

const LONGEST_BACKOFF = 300;
/** A defect of ours is given up on after so many tries; an EHR that is down is not. */
const DEFECT_ATTEMPTS = 10;

/** What becomes of a notification whose handling threw. Pure; `attempt` counts from 1, `random` is between 0 and 1. */
export function endingOf(error: AdapterError, attempt: number, random: number): Ending {
  const defect = error.code === 'unexpected' && attempt >= DEFECT_ATTEMPTS;
  if (defect || (error.kind === 'permanent' && error.remedy !== 'hold')) {
    return { aside: error.code };
  }
  const backoff = Math.min(LONGEST_BACKOFF, 2 ** Math.min(attempt - 1, 10)) * (0.5 + random / 2);
  return { later: Math.max(backoff, error.retryAfter ?? 0), why: error.code };
}

/** A handler that never throws. One resource is worked on by one worker at a time, in the order of arrival. */
export function createHandler(options: HandlerOptions): (notification: StoredNotification) => Promise<Ending> {
  const turns = createTurns();
  const rest = createSiteRest(() => options.now().getTime());
  const random = options.random ?? Math.random;
  const types = new Map([...options.sites].map(([name, site]) => [name, heardTypes(site.config)]));

  async function takeHint(hint: Hint, client: FhirClient, attempt: number): Promise<Ending> {
    const { type } = hint;
    if (!isOrderType(type) || !types.get(client.site)?.has(type)) {
      return { done: 'no route' };
    }
    const asks = needsReading(hint);
    const remaining = asks ? rest.remaining(client.site) : 0;
    if (remaining > 0) {
      return { later: remaining + random(), why: 'the EHR does not answer' };
    }
    const resolved = await resolveHint(client, { ...hint, type }, attempt);
    if (asks) {
      rest.answered(client.site);
    }
    if ('later' in resolved) {
      return resolved;
    }
    if ('missing' in resolved) {
      return { done: 'not found' };
    }
    const { orders, told } = await options.admit(resolved.news);
    return { done: orders > 0 ? 'admitted' : told > 0 ? 'told' : 'no match' };
  }

  /** A hint that fails does not keep the others of its notification waiting. */
  async function tryHint(hint: Hint, client: FhirClient, notification: StoredNotification): Promise<Ending> {
    const attempt = Math.max(1, notification.attempts);
    try {
      return await turns(`${client.site}/${hint.type}/${hint.id}`, () => takeHint(hint, client, attempt));
    } catch (thrown) {
      const error = asAdapterError(thrown);
      rest.failed(client.site, error);
      const fields = { site: client.site, notification: notification.id, code: error.code, attempt };
      options.log.warn(fields, 'notification not dealt with yet');
      return endingOf(error, attempt, random());
    }
  }

  return async (notification) => {
    const site = options.sites.get(notification.site);
    if (!site) {
      return { aside: 'The site is not configured' };
    }
    const { reading, status } = readWithStatus(site.config.subscriptions.dialect, notification);
    if (status) {
      // It is stored, so its events count as heard, whatever becomes of their handling.
      await options.gaps?.heard(notification.site, status);
    }
    if ('unknown' in reading) {
      return { aside: reading.unknown };
    }
    if ('nothing' in reading) {
      return { done: 'nothing' };
    }
    const hints = 'hints' in reading ? reading.hints : [];
    const endings: Ending[] = 'sweep' in reading ? [{ done: 'sweep' }] : [];
    for (const hint of hints) {
      endings.push(await tryHint(hint, site.client, notification));
    }
    // What has to be tried again goes before what a person has to see, and that before what is done.
    const told = endings.find((ending) => 'done' in ending && ending.done !== 'no route');
    return (
      endings.find((ending) => 'later' in ending) ??
      endings.find((ending) => 'aside' in ending) ??
      told ?? { done: 'no route' }
    );
  };
}
