/**
 * What a CDS client asks, read once. Unknown fields are passed over; `fhirAuthorization` is one of them on purpose: the
 * token in it acts as the clinician, and the adapter asks the EHR as itself, with what its administrator granted.
 */
import type { Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import { FHIR_ID, RESOURCE_TYPE } from '../dialects/reference.ts';
import { HOOKS } from './services.ts';

const envelope = z.looseObject({ resourceType: z.string().regex(RESOURCE_TYPE) });
/** Only that it is a resource; whoever looks into it expects anything. */
const resource = z.custom<Resource>((value) => envelope.safeParse(value).success, 'must be a FHIR resource');

/** A patient's id; some clients send the reference. */
const patientId = z
  .string()
  .transform((text) => text.replace(/^Patient\//, ''))
  .pipe(z.string().regex(FHIR_ID, 'must be the id of a Patient'));

/** More orders than anybody gives away at once. */
const MOST = 50;

const common = {
  hookInstance: z.string().min(1).max(200),
  fhirServer: z.string().optional(),
  prefetch: z.record(z.string(), z.unknown()).nullish(),
};

/** Any resource may stand among the orders; only those that a route takes are looked at. */
const orderSign = z.looseObject({
  ...common,
  hook: z.literal('order-sign'),
  context: z.looseObject({
    patientId,
    draftOrders: z.looseObject({
      resourceType: z.literal('Bundle'),
      entry: z.array(z.looseObject({ resource: resource.optional() })).default([]),
    }),
  }),
});

const reference = z
  .string()
  .regex(/^[A-Za-z]{2,64}\/[A-Za-z0-9\-.]{1,64}$/, 'must be a reference such as ServiceRequest/1');

/** Version 1.1 of the hook, and 1.0, where it was one `order` with one `task`. */
const orderDispatch = z.looseObject({
  ...common,
  hook: z.literal('order-dispatch'),
  context: z
    .looseObject({
      patientId,
      performer: reference.optional(),
      dispatchedOrders: z.array(reference).min(1).max(MOST).optional(),
      order: reference.optional(),
      fulfillmentTasks: z.array(resource).max(MOST).optional(),
      task: resource.optional(),
    })
    .refine(({ dispatchedOrders, order }) => dispatchedOrders !== undefined || order !== undefined, {
      message: 'is missing',
      path: ['dispatchedOrders'],
    }),
});

const hookRequest = z.discriminatedUnion('hook', [orderSign, orderDispatch], {
  error: `hook must be one of ${HOOKS.join(', ')}`,
});

/** The same of both hooks. */
export interface CdsRequest {
  hook: (typeof HOOKS)[number];
  /** `Patient/1`. */
  patient: string;
  /** Orders as they came along. */
  orders: Resource[];
  /** Orders that were only named: `ServiceRequest/1`. */
  named: string[];
  performer?: string;
  fhirServer?: string;
  prefetch: Record<string, unknown>;
}

/** The request, or which of its fields are wrong; values are never repeated. */
export function readRequest(body: unknown): { request: CdsRequest } | { wrong: { field: string; message: string }[] } {
  const { data, error } = hookRequest.safeParse(body);
  if (!data) {
    return { wrong: error.issues.map(({ path, message }) => ({ field: path.join('.'), message })) };
  }
  const { hook, context, fhirServer, prefetch } = data;
  const shared = {
    patient: `Patient/${context.patientId}`,
    prefetch: prefetch ?? {},
    ...(fhirServer !== undefined && { fhirServer }),
  };
  if (hook === 'order-sign') {
    const orders = context.draftOrders.entry.flatMap((entry) => entry.resource ?? []);
    return { request: { ...shared, hook, orders, named: [] } };
  }
  const { dispatchedOrders, order, fulfillmentTasks, task, performer } = context;
  return {
    request: {
      ...shared,
      hook,
      orders: [fulfillmentTasks ?? task ?? []].flat(),
      named: [...new Set(dispatchedOrders ?? [order ?? []].flat())],
      ...(performer !== undefined && { performer }),
    },
  };
}

/** The resources of a prefetched answer: a Bundle, or one resource. `whole`: there are no further pages. */
export function prefetched(value: unknown): { resources: Resource[]; whole: boolean } | undefined {
  if (value === null) {
    return { resources: [], whole: true };
  }
  const one = resource.safeParse(value);
  if (!one.success || one.data.resourceType === 'OperationOutcome') {
    return undefined;
  }
  if (one.data.resourceType !== 'Bundle') {
    return { resources: [one.data], whole: true };
  }
  const bundle = searchset.safeParse(value);
  return bundle.success
    ? {
        resources: bundle.data.entry.flatMap(({ resource: each }) => each ?? []),
        whole: !bundle.data.link.includes('next'),
      }
    : undefined;
}

const searchset = z.looseObject({
  link: z
    .array(z.looseObject({ relation: z.string().optional() }))
    .default([])
    .transform((links) => links.map(({ relation }) => relation)),
  entry: z.array(z.looseObject({ resource: resource.optional() })).default([]),
});
