import type { SiteConfig } from '../config.ts';
import { AdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Admit, Cursors } from '../orders/types.ts';
import { sweepSite } from './sweep.ts';

export interface BacklogCount {
  /** What each route would take of it, where the server can say. */
  counts: { route: string; vendor: string; count: number | undefined }[];
  /** Orders made now; 0 unless it went. */
  orders: number;
}

/**
 * An operator's sweep since a time: first only counted, and with `go` admitted. Undefined: no such site.
 * Throws what the EHR throws.
 */
export async function sweepBacklog(options: {
  site: { config: SiteConfig; client: FhirClient } | undefined;
  cursors: Cursors;
  admit: Admit;
  log: Log;
  since: string;
  go: boolean;
}): Promise<BacklogCount | undefined> {
  const { site, cursors, admit, log, since, go } = options;
  if (!site) {
    return undefined;
  }
  const { config, client } = site;
  const { counts, swept } = await sweepSite({
    site: config,
    client,
    cursors,
    admit,
    log,
    since: new Date(since),
    dryRun: !go,
  });
  const unread = swept.find(({ problem }) => problem !== undefined);
  if (unread) {
    const why = unread.advice ?? `The search ${unread.criteria} was not read to its end (${unread.problem})`;
    throw new AdapterError('ehr-error', `${why}; what was found until then is admitted, run the sweep again`);
  }
  return { counts, orders: swept.reduce((sum, one) => sum + one.orders, 0) };
}
