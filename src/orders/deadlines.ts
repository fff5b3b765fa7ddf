import type { Log } from '../log.ts';
import type { Clock } from './clock.ts';
import type { Database } from './store/database.ts';
import { takeDeadlines } from './store/deadlines.ts';

/** Tells operators of deadlines that have become near, and of those that have passed: each once, whichever process asks. */
export async function warnOfDeadlines(services: { database: Database; clock: Clock; log: Log }): Promise<void> {
  const { database, clock, log } = services;
  for (const state of ['near', 'passed'] as const) {
    for (const { publicId, site, vendor, deadline } of await takeDeadlines(database, state, clock.now())) {
      const fields = { order: publicId, site, vendor, code: `deadline-${state}`, until: deadline.toISOString() };
      log.warn(fields, state === 'near' ? 'a deadline is near' : 'a deadline has passed');
    }
  }
}
