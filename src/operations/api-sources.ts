/** The API's part about how orders reach us: each site's sources, and the notifications that were set aside. */
import { type Request, type Response, Router } from 'express';
import type { z } from 'zod';
import type { UserConfig } from '../config.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../orders/clock.ts';
import { dismissAside, listAside, readAside, retryAside } from '../orders/store/aside-notifications.ts';
import type { Database } from '../orders/store/database.ts';
import { body, parsed } from './api-request.ts';
import * as schemas from './api-schemas.ts';
import { onlyMethods, sendProblem } from './problem.ts';
import { siteSources } from './sources.ts';
import { requireRole, userOf } from './users.ts';

export interface SourcesOptions {
  database: Database;
  clock: Clock;
  users: readonly UserConfig[];
  /** The configured sites' names. */
  sites: readonly string[];
  log?: Log | undefined;
}

const ACTIONS = { retry: retryAside, dismiss: dismissAside } as const;

/** `/sites`, `/notifications` and what people do with those that were set aside. */
export function sourcesRouter({ database, clock, users, sites, log }: SourcesOptions): Router {
  const router = Router();
  const viewer = requireRole(users, 'viewer');
  const operator = requireRole(users, 'operator');

  /** Who saw or moved what a hospital sent: for whoever has to account for it. */
  function record(response: Response, id: string, site: string, message: string): void {
    log?.info({ user: userOf(response).name, notification: id, site }, message);
  }

  function idOf(request: Request, response: Response): string | undefined {
    const id = schemas.notificationId.safeParse(request.params.id);
    if (!id.success) {
      notThere(response);
    }
    return id.data;
  }

  router
    .route('/sites')
    .get(viewer, async (_request, response) => {
      const answer = { sites: await siteSources(database, sites) };
      response.json(answer satisfies z.output<typeof schemas.sitesPage>);
    })
    .all(onlyMethods('GET'));

  router
    .route('/notifications')
    .get(viewer, async (request, response) => {
      const query = parsed(schemas.notificationsQuery, request.query, response);
      if (!query) {
        return;
      }
      const found = await listAside(database, { ...query, limit: query.limit + 1 });
      const page = found.slice(0, query.limit);
      const last = found.length > page.length ? page.at(-1) : undefined;
      const notifications = page.map((one) => ({ ...one, receivedAt: one.receivedAt.toISOString() }));
      const answer = { notifications, ...(last && { before: last.id }) };
      response.json(answer satisfies z.output<typeof schemas.notificationsPage>);
    })
    .all(onlyMethods('GET'));

  router
    .route('/notifications/:id/body')
    .get(operator, async (request, response) => {
      const id = idOf(request, response);
      const found = id && (await readAside(database, id));
      if (id && !found) {
        notThere(response);
      } else if (id && found) {
        record(response, id, found.site, 'body of a notification shown');
        // As bytes to keep: a hospital's text is never a page of ours, whatever it says it is.
        response
          .set({ 'Content-Type': 'application/octet-stream', 'Content-Security-Policy': "default-src 'none'; sandbox" })
          .attachment(`notification-${id}.txt`)
          .type('application/octet-stream')
          .end(Buffer.from(found.body));
      }
    })
    .all(onlyMethods('GET'));

  for (const [action, act] of Object.entries(ACTIONS)) {
    router
      .route(`/notifications/:id/${action}`)
      .post(operator, ...body(), async (request: Request, response: Response) => {
        const given = parsed(schemas.retryBody, request.body, response);
        const id = given && idOf(request, response);
        const site = id && (await act(database, id, clock.now()));
        if (id && site) {
          record(response, id, site, `notification: ${action}`);
          response
            .status(202)
            .json({ id, asked: action === 'retry' ? 'retry' : 'dismiss' } satisfies schemas.AskedAside);
        } else if (id) {
          notThere(response);
        }
      })
      .all(onlyMethods('POST'));
  }
  return router;
}

function notThere(response: Response): void {
  sendProblem(response, 404, 'not-found', 'No notification with this id is set aside.');
}
