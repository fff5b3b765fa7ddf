/** The console's API, described for people and tools (OpenAPI 3.1), from the schemas that check it. */
import { z } from 'zod';
import * as schemas from './api-schemas.ts';

const requests = z.registry<{ id: string }>();
requests.add(schemas.retryBody, { id: 'Retry' });
requests.add(schemas.cancelBody, { id: 'Cancel' });
requests.add(schemas.answerBody, { id: 'Answer' });
requests.add(schemas.sweepBody, { id: 'Sweep' });
requests.add(schemas.loginBody, { id: 'Login' });

const answers = z.registry<{ id: string }>();
answers.add(schemas.ordersPage, { id: 'Orders' });
answers.add(schemas.orderLine, { id: 'OrderLine' });
answers.add(schemas.orderPage, { id: 'Order' });
answers.add(schemas.asked, { id: 'Asked' });
answers.add(schemas.swept, { id: 'Swept' });
answers.add(schemas.loginAnswer, { id: 'LoginAnswer' });
answers.add(schemas.loginState, { id: 'LoginState' });
answers.add(schemas.notificationsPage, { id: 'Notifications' });
answers.add(schemas.askedAside, { id: 'AskedAside' });
answers.add(schemas.sitesPage, { id: 'Sites' });
answers.add(schemas.siteSources, { id: 'Site' });
answers.add(schemas.problem, { id: 'Problem' });

/** Components by name; OpenAPI wants neither the dialect nor an id in each. */
function components(registry: typeof requests, io: 'input' | 'output'): Record<string, object> {
  const made = z.toJSONSchema(registry, { io, uri: (id) => `#/components/schemas/${id}` }).schemas;
  return Object.fromEntries(Object.entries(made).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]));
}

type Name =
  | 'Orders'
  | 'Order'
  | 'Asked'
  | 'Swept'
  | 'Problem'
  | 'Retry'
  | 'Cancel'
  | 'Answer'
  | 'Sweep'
  | 'Login'
  | 'LoginAnswer'
  | 'LoginState'
  | 'Notifications'
  | 'AskedAside'
  | 'Sites';
const content = (name: Name, type = 'application/json') => ({
  [type]: { schema: { $ref: `#/components/schemas/${name}` } },
});
const problem = {
  description: 'A problem document (RFC 9457)',
  content: content('Problem', 'application/problem+json'),
};
const problems = (...statuses: number[]) => Object.fromEntries(statuses.map((status) => [status, problem]));

const idParameter = { name: 'id', in: 'path', required: true, schema: plain(schemas.orderId) };

function plain(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

function queryParameters(schema: z.ZodObject): object[] {
  return Object.entries(schema.shape).map(([name, type]) => {
    const described = plain(z.object({ it: type }));
    const properties = 'properties' in described ? described.properties : undefined;
    const it = typeof properties === 'object' && properties !== null && 'it' in properties ? properties.it : {};
    return { name, in: 'query', required: false, schema: it };
  });
}

const action = (summary: string, body: Name, bodyRequired: boolean): object => ({
  post: {
    summary,
    parameters: [idParameter],
    requestBody: { required: bodyRequired, content: content(body) },
    responses: {
      202: { description: 'Asked; the engine does it at once', content: content('Asked') },
      ...problems(400, 401, 403, 404, 409, 413, 415, ...(body === 'Answer' ? [422] : [])),
    },
  },
});

const notificationParameter = { ...idParameter, schema: plain(schemas.notificationId) };
const asideAction = (summary: string): object => ({
  post: {
    summary,
    parameters: [notificationParameter],
    requestBody: { required: false, content: content('Retry') },
    responses: {
      202: { description: 'Done', content: content('AskedAside') },
      ...problems(400, 401, 403, 404, 413, 415),
    },
  },
});

const inPath = (name: string) => ({ name, in: 'path', required: true, schema: { type: 'string' } });

export const openApi = {
  openapi: '3.1.0',
  info: { title: 'fhir-ai-adapter', version: '1', description: 'Orders, and what people do with them.' },
  servers: [{ url: '/api' }],
  security: [{ bearer: [] }],
  paths: {
    '/orders': {
      get: {
        summary: 'A page of orders, newest first (viewer)',
        parameters: queryParameters(schemas.listQuery),
        responses: { 200: { description: 'The page', content: content('Orders') }, ...problems(400, 401, 403) },
      },
    },
    '/orders/{id}': {
      get: {
        summary: 'Everything about one order (viewer)',
        parameters: [idParameter],
        responses: { 200: { description: 'The order', content: content('Order') }, ...problems(401, 403, 404) },
      },
    },
    '/orders/{id}/retry': action('Tries again what failed or is held (operator)', 'Retry', false),
    '/orders/{id}/cancel': action('Stops the order (operator)', 'Cancel', false),
    '/orders/{id}/answer': action(
      'Answers what the order asks (operator or approver, as the question says)',
      'Answer',
      true,
    ),
    '/sites': {
      get: {
        summary: 'How each site’s orders reach us: pushes, sweeps, Subscriptions, what waits (viewer)',
        parameters: [],
        responses: { 200: { description: 'The sites', content: content('Sites') }, ...problems(401, 403) },
      },
    },
    '/notifications': {
      get: {
        summary: 'Notifications that were set aside, newest first, without their bodies (viewer)',
        parameters: queryParameters(schemas.notificationsQuery),
        responses: { 200: { description: 'The page', content: content('Notifications') }, ...problems(400, 401, 403) },
      },
    },
    '/notifications/{id}/body': {
      get: {
        summary: 'The body as it came, which may hold patient data; who looks is logged (operator)',
        parameters: [notificationParameter],
        responses: {
          200: { description: 'The bytes', content: { 'application/octet-stream': {} } },
          ...problems(401, 403, 404),
        },
      },
    },
    '/notifications/{id}/retry': asideAction('Reads it again, after the dialect was corrected (operator)'),
    '/notifications/{id}/dismiss': asideAction('Forgets it (operator)'),
    '/sites/{site}/sweep': {
      post: {
        summary: 'Counts, and with `go` admits, what was ordered since a time (operator)',
        parameters: [inPath('site')],
        requestBody: { required: true, content: content('Sweep') },
        responses: {
          200: { description: 'What was found', content: content('Swept') },
          ...problems(400, 401, 403, 404, 413, 415, 502, 503),
        },
      },
    },
    '/sites/{site}/vendors/{vendor}/login': {
      get: {
        summary: 'Whether the login with a vendor works; asks the vendor (operator)',
        parameters: [inPath('site'), inPath('vendor')],
        responses: {
          200: { description: 'How it stands', content: content('LoginState') },
          ...problems(401, 403, 404, 500, 503),
        },
      },
      post: {
        summary: 'Begins a login with a vendor, or asks whether one is confirmed (operator)',
        parameters: [inPath('site'), inPath('vendor')],
        requestBody: { required: false, content: content('Login') },
        responses: {
          200: { description: 'How far it is', content: content('LoginAnswer') },
          ...problems(400, 401, 403, 404, 413, 415, 500, 502, 503),
        },
      },
    },
  },
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    schemas: { ...components(requests, 'input'), ...components(answers, 'output') },
  },
};
