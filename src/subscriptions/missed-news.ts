/**
 * What only the sweep brought: kept until it is old enough that its notification would have come, then told to the push's
 * self-test. A sweep finds most changes younger than that, and admission calls them old news at the next sweep.
 */
import type { FhirClient } from '../fhir/types.ts';
import type { PushSigns } from './sweep-pace.ts';

export interface MissedNews {
  /** Compares our clock with the server's, now and then. Throws what the client throws. */
  setClock(): Promise<void>;
  /** `changed` in milliseconds since 1970. */
  brought(changed: number): void;
  /** Tells what is old enough now. */
  tell(): void;
}

/** Servers give up after a minute or keep trying for hours; five minutes is what a clinician waits. */
const PATIENCE_MILLISECONDS = 5 * 60 * 1000;
const MOST = 1000;
/** The difference of two clocks is looked up anew after this time. */
const CLOCK_LIFE = 60 * 60 * 1000;

export function createMissedNews(options: {
  site: string;
  client: Pick<FhirClient, 'serverTime'>;
  push: Pick<PushSigns, 'missed'>;
  now(): Date;
}): MissedNews {
  const { site, client, push } = options;
  let ahead = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  let waiting: number[] = [];
  const serverNow = () => options.now().getTime() + ahead;
  return {
    async setClock() {
      const now = options.now().getTime();
      if (now - askedAt > CLOCK_LIFE) {
        ahead = (await client.serverTime()).getTime() - now;
        askedAt = now;
      }
    },
    brought(changed) {
      if (waiting.length < MOST) {
        waiting.push(changed);
      }
    },
    tell() {
      const now = serverNow();
      const isOld = (changed: number) => now - changed > PATIENCE_MILLISECONDS;
      for (const changed of waiting.filter(isOld)) {
        push.missed(site, new Date(changed), new Date(now));
      }
      waiting = waiting.filter((changed) => !isOld(changed));
    },
  };
}
