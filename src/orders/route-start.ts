import { asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import { routeStart } from './admission.ts';
import type { SiteRuntime } from './site.ts';
import type { Cursors } from './types.ts';

const AGAIN_MILLISECONDS = 15_000;

/**
 * Remembers, once for ever, the server's time at which each route was first started: what was ordered before is backlog.
 * A server that cannot be reached is asked again until it answers.
 */
export function startRouteClocks(services: { sites: Map<string, SiteRuntime>; cursors: Cursors; log: Log }): {
  stop(): void;
} {
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;

  const start = async (site: SiteRuntime): Promise<void> => {
    try {
      const names = [...site.routes.keys()].map(routeStart);
      const known = await Promise.all(names.map((name) => services.cursors.get(site.name, name)));
      const unknown = names.filter((_, index) => known[index] === undefined);
      if (unknown.length === 0) {
        return;
      }
      const time = (await site.client.serverTime()).toISOString();
      for (const name of unknown) {
        await services.cursors.set(site.name, name, time, true);
      }
    } catch (thrown) {
      if (stopped) {
        return;
      }
      services.log.warn({ site: site.name, code: asAdapterError(thrown).code }, 'the server’s time is not known yet');
      const timer = setTimeout(() => {
        timers.delete(timer);
        void start(site);
      }, AGAIN_MILLISECONDS);
      timers.add(timer.unref());
    }
  };
  for (const site of services.sites.values()) {
    void start(site);
  }
  return {
    stop() {
      stopped = true;
      for (const timer of timers) {
        clearTimeout(timer);
      }
    },
  };
}
