/**
 * What the console's API takes and gives, each shape once: requests are parsed with these schemas, answers are typed by
 * them, and openapi.json is made of them.
 */
import { z } from 'zod';
import { LEGS, STATUSES } from '../orders/states.ts';

const instant = z.iso.datetime();
/** What PostgreSQL and FHIR strings take: no control characters. */
const plain = /^[^\p{Cc}]*$/u;
const line = (maximum: number) =>
  z.string().trim().min(1).max(maximum).regex(plain, 'must not contain control characters');
const named = z.string().regex(/^[a-z0-9-]{1,40}$/, 'lower-case letters, digits and hyphens, at most 40');
/** A number that PostgreSQL's bigint holds. */
export const notificationId = z.string().regex(/^\d{1,18}$/, 'not an id of a notification');
export const orderId = z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'not an id of an order');

export const listQuery = z.strictObject({
  site: named.optional(),
  status: z.enum(STATUSES).optional(),
  vendor: named.optional(),
  before: orderId.optional().describe('The `before` of the page before: gives what is older'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const notificationsQuery = z.strictObject({
  state: z.literal('aside').default('aside').describe('Those that were authentic but not understood'),
  site: named.optional(),
  before: notificationId.optional().describe('The `before` of the page before: gives what is older'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const cancelBody = z
  .strictObject({ reason: line(300).optional().describe('Words for the clinician who ordered; no patient data') })
  .default({});
export const retryBody = z.strictObject({}).default({});
export const answerBody = z.strictObject({
  question: line(200).describe("The question's id"),
  value: z.union([line(200), z.number()]),
});
export const sweepBody = z.strictObject({
  since: z.iso.datetime({ offset: true }).or(z.iso.date()),
  go: z.boolean().default(false).describe('False: only counts'),
});
export const loginBody = z
  .strictObject({
    login: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,40}$/)
      .optional()
      .describe('The `login` of the answer that begun it: asks whether the person has confirmed. Absent: begins one'),
  })
  .default({});

const reason = z.strictObject({ code: z.string(), text: z.string() });

export const orderLine = z.strictObject({
  id: orderId.describe('Opaque'),
  key: z.string().describe('{site}/{ResourceType}/{id}/{route}, ~n from the second generation on'),
  site: z.string(),
  route: z.string(),
  vendor: z.string(),
  resource: z.string().describe('The ordering resource: DocumentReference/1'),
  generation: z.number().int(),
  status: z.enum(STATUSES),
  reason: reason.optional(),
  vendorStatus: z.string().optional().describe("The vendor's own state of the job"),
  deadline: z
    .strictObject({ at: instant, what: z.string() })
    .optional()
    .describe('Until when something has to be done, and what'),
  createdAt: instant,
  endedAt: instant.nullable(),
  nextAt: instant.nullable().describe('When the adapter looks at it next'),
});
export type OrderLine = z.output<typeof orderLine>;

export const ordersPage = z.strictObject({
  orders: z.array(orderLine),
  before: orderId.optional().describe('Give it as `before` for the next page; absent on the last one'),
});

const question = z.strictObject({
  id: z.string(),
  text: z.string(),
  choices: z.record(z.string(), z.string()).optional().describe('The allowed values, each with its meaning'),
  number: z
    .strictObject({ unit: z.string(), minimum: z.number().optional(), maximum: z.number().optional() })
    .optional(),
  role: z.enum(['operator', 'approver']).optional().describe('Who may answer; operator where absent'),
});
const actions = z.array(z.enum(['retry', 'cancel', 'answer']));

export const orderPage = z.strictObject({
  ...orderLine.shape,
  meaning: z.string().describe('What the status means'),
  leg: z.enum(LEGS),
  advice: z.string().nullable().describe('What an operator can do about it'),
  question: question.nullable(),
  lastError: reason.nullable(),
  attempts: z.number().int(),
  outcome: z
    .array(z.strictObject({ severity: z.string(), code: z.string(), expression: z.array(z.string()) }))
    .describe("The issues of the EHR's OperationOutcome without their texts, which may quote the patient's data"),
  task: z.string().nullable().describe('Task/1'),
  notes: z.array(z.string()),
  written: z.array(z.strictObject({ part: z.string(), reference: z.string(), version: z.string().nullable() })),
  calls: z
    .array(
      z.strictObject({
        key: z.string(),
        kind: z.string(),
        bills: z.number().int(),
        state: z.enum(['started', 'unknown', 'not-taken', 'answered']),
        attempts: z.number().int(),
        doubts: z.number().int(),
        allowed: z.number().int(),
        run: z.number().int(),
        startedAt: instant,
      }),
    )
    .describe('The calls to the vendor that must not be repeated'),
  generations: z.array(z.strictObject({ id: orderId, generation: z.number().int(), status: z.enum(STATUSES) })),
  timeline: z.array(
    z.strictObject({
      at: instant,
      event: z.string(),
      who: z.string(),
      detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    }),
  ),
  actions: actions.describe('What can be done with the order as it stands'),
  pending: actions.describe('What was asked for and is not done yet'),
});
export type OrderPage = z.output<typeof orderPage>;

export const asked = z.strictObject({ id: orderId, asked: z.enum(['retry', 'cancel', 'answer']) });

export const swept = z.strictObject({
  went: z.boolean().describe('False: only counted'),
  orders: z.number().int().describe('Orders made now'),
  counts: z
    .array(z.strictObject({ route: z.string(), vendor: z.string(), count: z.number().int().nullable() }))
    .describe('How many resources each route matches, where the server can say'),
});
export type Swept = z.output<typeof swept>;

const seconds = z.number().nonnegative().describe('When to ask next');
export const loginAnswer = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('begun'),
    login: z.string(),
    userCode: z.string().describe('What the person types in'),
    verificationUri: z.string().describe('Where'),
    verificationUriComplete: z.string().nullable().describe('The same with the code in it'),
    seconds,
    expiresAt: instant,
  }),
  z.strictObject({
    state: z.literal('pending'),
    seconds,
    trouble: z.string().nullable().describe('Why the vendor could not be asked this time'),
  }),
  z.strictObject({
    state: z.literal('done'),
    as: z.string().nullable().describe('Whose account, where the vendor says'),
    until: instant.nullable().describe('Until when it counts, where the vendor says'),
    released: z.boolean().describe('Orders were held for want of it, and go on'),
  }),
  z.strictObject({
    state: z.enum(['denied', 'expired', 'replaced']).describe('replaced: somebody has begun another one since'),
  }),
]);
export type LoginAnswer = z.output<typeof loginAnswer>;

export const loginState = z.strictObject({
  state: z.enum(['none', 'works', 'refused', 'unknown']).describe('unknown: the vendor could not be asked'),
  detail: z.string(),
  since: instant.nullable().describe('When it was made or last renewed'),
});
export type LoginState = z.output<typeof loginState>;

const notification = z.strictObject({
  id: notificationId,
  site: z.string(),
  receivedAt: instant,
  method: z.string(),
  path: z.string().describe('Below /notify/{site}'),
  why: z.string().nullable().describe('Why it was set aside'),
  size: z.number().int().describe('Bytes of the body, which is shown to operators only'),
});
export const notificationsPage = z.strictObject({
  notifications: z.array(notification),
  before: notificationId.optional().describe('Give it as `before` for the next page; absent on the last one'),
});
export const askedAside = z.strictObject({ id: notificationId, asked: z.enum(['retry', 'dismiss']) });
export type AskedAside = z.output<typeof askedAside>;

export const siteSources = z.strictObject({
  name: z.string(),
  push: z.strictObject({
    state: z.enum(['unknown', 'works', 'silent']).describe('silent: changes come by the sweep only'),
    last: instant.nullable().describe('When the last notification came'),
    missed: instant.nullable().describe('When something last changed that no notification told of'),
  }),
  sweep: z
    .strictObject({
      at: instant,
      orders: z.number().int().describe('Orders that it made'),
      told: z.number().int().describe('Orders that it had news of'),
      problem: z.string().nullable(),
      advice: z.string().nullable(),
      pausedUntil: instant.nullable().describe('The FHIR server asked to be left alone until then'),
    })
    .nullable()
    .describe('The last one'),
  subscriptions: z
    .strictObject({
      at: instant,
      manner: z.string().nullable(),
      problem: z.string().nullable(),
      subscriptions: z.array(
        z.strictObject({
          criteria: z.string(),
          id: z.string().nullable(),
          status: z.string().nullable(),
          state: z.string().nullable().describe('What became of it when it was last looked at'),
          problem: z.string().nullable(),
        }),
      ),
    })
    .nullable()
    .describe('Ours, as they were when last looked at'),
  waiting: z.number().int().describe('Notifications not dealt with yet'),
  aside: z.number().int(),
});
export type SiteSources = z.output<typeof siteSources>;
export const sitesPage = z.strictObject({ sites: z.array(siteSources) });

export const problem = z.looseObject({
  type: z.string().describe('urn:fhir-ai-adapter:problem:…'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  errors: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
});
