import { type Request, type Response, Router } from 'express';
import type { z } from 'zod';
import type { UserConfig } from '../config.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../orders/clock.ts';
import type { Order } from '../orders/order.ts';
import type { Database } from '../orders/store/database.ts';
import { findOrder, listOrders } from '../orders/store/list-orders.ts';
import { giveAnswer, requestCancel, requestRetry } from '../orders/store/tell-order.ts';
import { wrongAnswer } from '../orders/wrong-answer.ts';
import { loginRouter } from './api-login.ts';
import { body, parsed } from './api-request.ts';
import * as schemas from './api-schemas.ts';
import { sourcesRouter } from './api-sources.ts';
import type { Logins } from './logins.ts';
import { openApi } from './openapi.ts';
import { actionsOf, orderLine, orderPage } from './order-page.ts';
import { onlyMethods, problemHandler, sendProblem } from './problem.ts';
import { hasRole, requireRole, userOf } from './users.ts';

export interface SweepCount {
  /** What each route would take, where the server can say. */
  counts: { route: string; vendor: string; count: number | undefined }[];
  /** Orders made now; 0 unless it went. */
  orders: number;
}

export interface ApiOptions {
  database: Database;
  clock: Clock;
  users: readonly UserConfig[];
  /** The configured sites' names. */
  sites: readonly string[];
  /** Counts, and with `go` admits, what was ordered since; undefined: no such site. */
  sweep: (site: string, since: string, go: boolean) => Promise<SweepCount | undefined>;
  logins: Logins;
  log?: Log;
}

/** The console's API: orders, and what people do with them. Errors are problem documents (RFC 9457). */
export function apiRouter(options: ApiOptions): Router {
  const { database, clock, users } = options;
  const router = Router();
  const viewer = requireRole(users, 'viewer');
  const operator = [requireRole(users, 'operator'), ...body()];

  router.use((_request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    next();
  });

  router
    .route('/openapi.json')
    .get((_request, response) => {
      response.json(openApi);
    })
    .all(onlyMethods('GET'));

  router
    .route('/orders')
    .get(viewer, async (request, response) => {
      const query = parsed(schemas.listQuery, request.query, response);
      if (!query) {
        return;
      }
      // An unknown one would look like the end of the list.
      if (query.before !== undefined && !(await findOrder(database, query.before))) {
        sendProblem(response, 400, 'invalid', 'before names no order.');
        return;
      }
      const orders = await listOrders(database, { ...query, limit: query.limit + 1 });
      const page = orders.slice(0, query.limit);
      const last = orders.length > page.length ? page.at(-1) : undefined;
      const answer = { orders: page.map(orderLine), ...(last && { before: last.publicId }) };
      response.json(answer satisfies z.output<typeof schemas.ordersPage>);
    })
    .all(onlyMethods('GET'));

  router
    .route('/orders/:id')
    .get(viewer, async (request, response) => {
      const order = await theOrder(request, response);
      if (order) {
        response.json(await orderPage(database, order, options.logins.advice(order.site, order.vendor)));
      }
    })
    .all(onlyMethods('GET'));

  router
    .route('/orders/:id/retry')
    .post(operator, async (request: Request, response: Response) => {
      const order = parsed(schemas.retryBody, request.body, response) && (await theOrder(request, response));
      if (order && may(response, order, 'retry')) {
        await requestRetry(database, order.id, { by: userOf(response).name }, clock.now());
        sendAsked(response, order, 'retry');
      }
    })
    .all(onlyMethods('POST'));

  router
    .route('/orders/:id/cancel')
    .post(operator, async (request: Request, response: Response) => {
      const given = parsed(schemas.cancelBody, request.body, response);
      const order = given && (await theOrder(request, response));
      if (order && may(response, order, 'cancel')) {
        const text = given.reason ?? 'Cancelled by the operator of the adapter.';
        await requestCancel(database, order.id, { by: userOf(response).name, text }, clock.now());
        sendAsked(response, order, 'cancel');
      }
    })
    .all(onlyMethods('POST'));

  router
    .route('/orders/:id/answer')
    .post(viewer, ...body(), async (request: Request, response: Response) => {
      const given = parsed(schemas.answerBody, request.body, response);
      const order = given && (await theOrder(request, response));
      if (!order || !may(response, order, 'answer') || !order.question) {
        return;
      }
      const { question } = order;
      const role = question.role ?? 'operator';
      const { name, roles } = userOf(response);
      const wrong = wrongAnswer(question, given);
      if (!hasRole({ roles }, role)) {
        sendProblem(response, 403, 'forbidden', `Answering this question needs the role ${role}.`);
      } else if (wrong !== undefined) {
        sendProblem(response, 422, 'invalid-answer', wrong, { question });
      } else if (await giveAnswer(database, order.id, { id: question.id, value: given.value, by: name }, clock.now())) {
        sendAsked(response, order, 'answer');
      } else {
        sendProblem(response, 409, 'already-answered', 'Somebody has answered this question already.');
      }
    })
    .all(onlyMethods('POST'));

  router
    .route('/sites/:site/sweep')
    .post(operator, async (request: Request, response: Response) => {
      const given = parsed(schemas.sweepBody, request.body, response);
      const found = given && (await options.sweep(String(request.params.site), given.since, given.go));
      if (found) {
        const counts = found.counts.map(({ count = null, ...route }) => ({ ...route, count }));
        response.json({ went: given.go, orders: found.orders, counts } satisfies schemas.Swept);
      } else if (given) {
        sendProblem(response, 404, 'not-found', 'There is no such site.');
      }
    })
    .all(onlyMethods('POST'));

  router.use(loginRouter(options));
  router.use(sourcesRouter(options));
  router.use((_request, response) => {
    sendProblem(response, 404, 'not-found', 'There is nothing at this address; see /api/openapi.json.');
  });
  router.use(problemHandler(options.log));
  return router;

  async function theOrder(request: Request, response: Response): Promise<Order | undefined> {
    const id = schemas.orderId.safeParse(request.params.id);
    const order = id.success ? await findOrder(database, id.data) : undefined;
    if (!order) {
      sendProblem(response, 404, 'not-found', 'There is no order with this id.');
    }
    return order;
  }
}

function sendAsked(response: Response, order: Order, asked: 'retry' | 'cancel' | 'answer'): void {
  response.status(202).json({ id: order.publicId, asked } satisfies z.output<typeof schemas.asked>);
}

function may(response: Response, order: Order, action: 'retry' | 'cancel' | 'answer'): boolean {
  const actions = actionsOf(order);
  if (actions.includes(action)) {
    return true;
  }
  sendProblem(response, 409, 'not-possible', `An order that is ${order.status} cannot be told to ${action}.`, {
    actions,
  });
  return false;
}
