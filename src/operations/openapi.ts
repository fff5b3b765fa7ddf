/** The console's API, described for people and tools (OpenAPI 3.1). */
const problem = {
  description: 'A problem document (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
const json = (schema: object, description: string): object => ({
  description,
  content: { 'application/json': { schema } },
});
const asked = json(
  { type: 'object', properties: { id: { type: 'string' }, asked: { type: 'string' } } },
  'Asked; the engine does it at once',
);
const orderId = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

const action = (summary: string, schema?: object): object => ({
  post: {
    summary,
    parameters: [orderId],
    ...(schema && { requestBody: { required: schema !== undefined, content: { 'application/json': { schema } } } }),
    responses: { 202: asked, 400: problem, 401: problem, 403: problem, 404: problem, 409: problem, 422: problem },
  },
});

export const openApi = {
  openapi: '3.1.0',
  info: { title: 'fhir-ai-adapter', version: '1', description: 'Orders, and what people do with them.' },
  servers: [{ url: '/api' }],
  security: [{ bearer: [] }],
  paths: {
    '/orders': {
      get: {
        summary: 'A page of orders, newest first (viewer)',
        parameters: ['site', 'status', 'vendor', 'before', 'limit'].map((name) => ({
          name,
          in: 'query',
          schema: { type: name === 'limit' ? 'integer' : 'string' },
        })),
        responses: {
          200: json(
            {
              type: 'object',
              properties: {
                orders: { type: 'array', items: { $ref: '#/components/schemas/OrderLine' } },
                before: { type: 'string', description: 'Give it as `before` for the next page' },
              },
            },
            'The page',
          ),
          400: problem,
          401: problem,
        },
      },
    },
    '/orders/{id}': {
      get: {
        summary: 'Everything about one order (viewer)',
        parameters: [orderId],
        responses: {
          200: json(
            {
              allOf: [
                { $ref: '#/components/schemas/OrderLine' },
                {
                  type: 'object',
                  properties: {
                    timeline: { type: 'array' },
                    calls: { type: 'array' },
                    written: { type: 'array' },
                    question: {},
                    actions: { type: 'array' },
                  },
                },
              ],
            },
            'The order',
          ),
          401: problem,
          404: problem,
        },
      },
    },
    '/orders/{id}/retry': action('Tries again what failed or is held (operator)'),
    '/orders/{id}/cancel': action('Stops the order (operator)', {
      type: 'object',
      properties: { reason: { type: 'string', maxLength: 300 } },
    }),
    '/orders/{id}/answer': action('Answers what the order asks (operator or approver, as the question says)', {
      type: 'object',
      required: ['question', 'value'],
      properties: {
        question: { type: 'string', description: "The question's id" },
        value: { type: ['string', 'number'] },
      },
    }),
    '/sites/{site}/sweep': {
      post: {
        summary: 'Counts, and with `go` admits, what was ordered since a time (operator)',
        parameters: [{ name: 'site', in: 'path', required: true, schema: { type: 'string' } }],
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['since'],
                properties: { since: { type: 'string' }, go: { type: 'boolean' } },
              },
            },
          },
        },
        responses: {
          200: json(
            {
              type: 'object',
              properties: { found: { type: 'integer' }, admitted: { type: 'integer' }, went: { type: 'boolean' } },
            },
            'What was found',
          ),
          400: problem,
          401: problem,
          403: problem,
          404: problem,
        },
      },
    },
  },
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    schemas: {
      Problem: {
        type: 'object',
        required: ['type', 'title', 'status', 'detail'],
        properties: {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string' },
        },
      },
      OrderLine: {
        type: 'object',
        properties: {
          id: { type: 'string', description: 'Opaque' },
          key: { type: 'string' },
          site: { type: 'string' },
          route: { type: 'string' },
          vendor: { type: 'string' },
          resource: { type: 'string' },
          generation: { type: 'integer' },
          status: { type: 'string' },
          reason: { type: 'object', properties: { code: { type: 'string' }, text: { type: 'string' } } },
          vendorStatus: { type: 'string' },
          createdAt: { type: 'string', format: 'date-time' },
          endedAt: { type: ['string', 'null'], format: 'date-time' },
          nextAt: { type: ['string', 'null'], format: 'date-time' },
        },
      },
    },
  },
} as const;
