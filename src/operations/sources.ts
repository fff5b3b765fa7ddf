/** How each site's orders reach us, as far as all processes know: pushes, sweeps, Subscriptions, what waits. */
import { z } from 'zod';
import { countBySite } from '../orders/store/count-by-site.ts';
import type { Database } from '../orders/store/database.ts';
import { listCursors } from '../orders/store/list-cursors.ts';
import { readPushState } from '../subscriptions/push-health.ts';
import type { SiteSources } from './api-schemas.ts';

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('is no JSON');
    return z.NEVER;
  }
});
const instant = z.iso.datetime().nullable().catch(null);
const text = z.string().nullable().catch(null);
const count = z.number().int().catch(0);

/** What other rooms wrote, also in an older release: what cannot be read is left out. */
const push = json.pipe(z.object({ arrived: instant, missed: instant })).catch({ arrived: null, missed: null });
const swept = json
  .pipe(
    z.object({
      at: z.iso.datetime(),
      orders: count,
      told: count,
      problem: text,
      advice: text,
      pausedUntil: instant,
    }),
  )
  .nullable()
  .catch(null);
const registered = json
  .pipe(
    z.object({
      at: z.iso.datetime(),
      manner: text,
      problem: text,
      subscriptions: z
        .array(z.object({ criteria: z.string(), id: text, status: text, state: text, problem: text }))
        .catch([]),
    }),
  )
  .nullable()
  .catch(null);

const latest = (...times: (string | null)[]): string | null =>
  times
    .filter((time) => time !== null)
    .sort()
    .at(-1) ?? null;

/** In the order of the configuration; a site of which nothing is known yet has nulls. */
export async function siteSources(database: Database, sites: readonly string[]): Promise<SiteSources[]> {
  const cursor = async (name: string) =>
    new Map((await listCursors(database, name)).map(({ site, value }) => [site, value]));
  const [pushes, sweeps, registrations, backlogs] = await Promise.all([
    cursor('push'),
    cursor('swept'),
    cursor('registered'),
    countBySite(database),
  ]);
  return sites.map((name) => {
    const backlog = backlogs.find(({ site }) => site === name);
    const { arrived, missed } = push.parse(pushes.get(name));
    const last = backlog?.last.toISOString() ?? null;
    return {
      name,
      push: { state: readPushState(pushes.get(name)), last: latest(arrived, last), missed },
      sweep: swept.parse(sweeps.get(name) ?? null),
      subscriptions: registered.parse(registrations.get(name) ?? null),
      waiting: backlog?.waiting ?? 0,
      aside: backlog?.aside ?? 0,
    };
  });
}
