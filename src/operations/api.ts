import express, { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { UserConfig } from '../config.ts';
import type { Clock } from '../orders/clock.ts';
import type { Order } from '../orders/order.ts';
import { STATUSES } from '../orders/states.ts';
import type { Database } from '../orders/store/database.ts';
import { findOrder, listOrders } from '../orders/store/list-orders.ts';
import { giveAnswer, requestCancel, requestRetry } from '../orders/store/tell-order.ts';
import type { Question } from '../vendors/contract.ts';
import { openApi } from './openapi.ts';
import { actionsOf, orderLine, orderPage } from './order-page.ts';
import { sendProblem } from './problem.ts';
import { hasRole, requireRole } from './users.ts';

const listQuery = z.strictObject({
  site: z.string().optional(),
  status: z.enum(STATUSES).optional(),
  vendor: z.string().optional(),
  before: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const cancelBody = z.strictObject({ reason: z.string().trim().min(1).max(300).optional() });
const answerBody = z.strictObject({
  question: z.string().min(1),
  value: z.union([z.string().min(1).max(200), z.number()]),
});
const sweepBody = z.strictObject({
  since: z.iso.datetime({ offset: true }).or(z.iso.date()),
  go: z.boolean().default(false),
});

export interface SweepCount {
  /** Resources found, and what they may cost in the vendor's words. */
  found: number;
  admitted: number;
}

/** The console's API: orders, and what people do with them. Errors are problem documents (RFC 9457). */
export function apiRouter(options: {
  database: Database;
  clock: Clock;
  users: readonly UserConfig[];
  sweep: (site: string, since: string, go: boolean) => Promise<SweepCount | undefined>;
}): Router {
  const { database, clock, users } = options;
  const router = Router();
  const viewer = requireRole(users, 'viewer');
  const operator = requireRole(users, 'operator');

  router.get('/openapi.json', (_request, response) => {
    response.json(openApi);
  });

  router.get('/orders', viewer, async (request, response) => {
    const query = listQuery.safeParse(request.query);
    if (!query.success) {
      sendInvalid(response, query.error);
      return;
    }
    const orders = await listOrders(database, query.data);
    const last = orders.length === query.data.limit ? orders.at(-1) : undefined;
    response.json({ orders: orders.map(orderLine), ...(last && { before: last.publicId }) });
  });

  router.get('/orders/:id', viewer, async (request, response) => {
    const order = await theOrder(request, response);
    if (order) {
      response.json(await orderPage(database, order));
    }
  });

  router.post('/orders/:id/retry', operator, async (request, response) => {
    const order = await theOrder(request, response);
    if (order && may(response, order, 'retry')) {
      await requestRetry(database, order.id, { by: userName(response) }, clock.now());
      response.status(202).json({ id: order.publicId, asked: 'retry' });
    }
  });

  router.post('/orders/:id/cancel', operator, express.json(), async (request, response) => {
    const body = cancelBody.safeParse(request.body ?? {});
    if (!body.success) {
      sendInvalid(response, body.error);
      return;
    }
    const order = await theOrder(request, response);
    if (order && may(response, order, 'cancel')) {
      const text = body.data.reason ?? 'Cancelled by the operator of the adapter.';
      await requestCancel(database, order.id, { by: userName(response), text }, clock.now());
      response.status(202).json({ id: order.publicId, asked: 'cancel' });
    }
  });

  router.post('/orders/:id/answer', viewer, express.json(), async (request, response) => {
    const body = answerBody.safeParse(request.body);
    if (!body.success) {
      sendInvalid(response, body.error);
      return;
    }
    const order = await theOrder(request, response);
    if (!order || !may(response, order, 'answer') || !order.question) {
      return;
    }
    const { question } = order;
    const role = question.role ?? 'operator';
    const wrong = wrongAnswer(question, body.data);
    if (!hasRole(response.locals.user, role)) {
      sendProblem(response, 403, 'forbidden', `Answering this question needs the role ${role}.`);
    } else if (wrong !== undefined) {
      sendProblem(response, 422, 'invalid-answer', wrong, { question });
    } else if (
      await giveAnswer(
        database,
        order.id,
        { id: question.id, value: body.data.value, by: userName(response) },
        clock.now(),
      )
    ) {
      response.status(202).json({ id: order.publicId, asked: 'answer' });
    } else {
      sendProblem(response, 409, 'already-answered', 'Somebody has answered this question already.');
    }
  });

  router.post('/sites/:site/sweep', operator, express.json(), async (request, response) => {
    const body = sweepBody.safeParse(request.body);
    if (!body.success) {
      sendInvalid(response, body.error);
      return;
    }
    const count = await options.sweep(String(request.params.site), body.data.since, body.data.go);
    if (count) {
      response.json({ ...count, went: body.data.go });
    } else {
      sendProblem(response, 404, 'not-found', 'There is no such site.');
    }
  });

  router.use((_request, response) => {
    sendProblem(response, 404, 'not-found', 'There is nothing at this address; see /api/openapi.json.');
  });
  return router;

  async function theOrder(request: Request, response: Response): Promise<Order | undefined> {
    const order = await findOrder(database, String(request.params.id));
    if (!order) {
      sendProblem(response, 404, 'not-found', 'There is no order with this id.');
    }
    return order;
  }
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

/** Why an answer does not fit its question; undefined: it does. */
function wrongAnswer(question: Question, answer: { question: string; value: string | number }): string | undefined {
  if (answer.question !== question.id) {
    return 'The order asks another question now.';
  }
  if (question.choices) {
    return Object.hasOwn(question.choices, String(answer.value))
      ? undefined
      : `value must be one of: ${Object.keys(question.choices).join(', ')}.`;
  }
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = question.number ?? {};
  if (question.number && (typeof answer.value !== 'number' || answer.value < minimum || answer.value > maximum)) {
    return `value must be a number of ${question.number.unit} within the question's bounds.`;
  }
  return undefined;
}

function userName(response: Response): string {
  return String(response.locals.user.name);
}

function sendInvalid(response: Response, error: z.ZodError): void {
  sendProblem(response, 400, 'invalid', 'The request is not as /api/openapi.json describes it.', {
    errors: error.issues.map(({ path, message }) => ({ field: path.join('.'), message })),
  });
}
