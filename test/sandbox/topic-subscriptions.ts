/** Subscriptions to topics, for tests: how they are written, and what their notifications say. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ServiceRequest } from '@medplum/fhirtypes';
import type { EhrOptions } from '../../sandbox/ehr/index.ts';
import { type Received, serveEhr, serveEndpoint, type TestEhr, until } from './serve-ehr.ts';

export const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
export const TOPIC = 'http://sandbox.example/fhir/SubscriptionTopic/ServiceRequest-changed';

interface Wish {
  content?: string;
  topic?: string;
  filters?: string[];
  channel?: object[];
  status?: string;
  profile?: string[];
  header?: string[];
}

export const backport = (endpoint: string, wish: Wish = {}) => ({
  resourceType: 'Subscription',
  meta: { profile: wish.profile ?? [`${BACKPORT}/backport-subscription`] },
  status: wish.status ?? 'requested',
  reason: 'test',
  criteria: wish.topic ?? TOPIC,
  ...(wish.filters && {
    _criteria: {
      extension: wish.filters.map((valueString) => ({ url: `${BACKPORT}/backport-filter-criteria`, valueString })),
    },
  }),
  channel: {
    type: 'rest-hook',
    endpoint,
    payload: 'application/fhir+json',
    _payload: { extension: [{ url: `${BACKPORT}/backport-payload-content`, valueCode: wish.content ?? 'id-only' }] },
    header: wish.header ?? ['Authorization: Bearer s:e:c'],
    extension: wish.channel ?? [],
  },
});

export const r5 = (endpoint: string, more: object = {}) => ({
  resourceType: 'Subscription',
  status: 'requested',
  topic: TOPIC,
  channelType: { system: 'http://terminology.hl7.org/CodeSystem/subscription-channel-type', code: 'rest-hook' },
  endpoint,
  parameter: [{ name: 'Authorization', value: 'Bearer s:e:c' }],
  contentType: 'application/fhir+json',
  content: 'id-only',
  ...more,
});

export const order: ServiceRequest = {
  resourceType: 'ServiceRequest',
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/1' },
};

export const maxCount = (valuePositiveInt: number) => ({ url: `${BACKPORT}/backport-max-count`, valuePositiveInt });
export const heartbeat = (valueUnsignedInt: number) => ({
  url: `${BACKPORT}/backport-heartbeat-period`,
  valueUnsignedInt,
});

/** What a notification says, whichever shape its status has. */
export function said({ body }: Pick<Received, 'body'>) {
  const { type, entry } = JSON.parse(body);
  const [first, ...rest] = entry;
  const status = first.resource;
  if (status.resourceType === 'SubscriptionStatus') {
    const events = status.notificationEvent ?? [];
    return { type, first, status, kind: status.type, total: status.eventsSinceSubscriptionStart, events, rest };
  }
  // biome-ignore lint/suspicious/noExplicitAny: a value of any type
  const valueIn = (list: any[], name: string) => {
    const [, value] =
      Object.entries(list.find((each) => each.name === name) ?? {}).find(([key]) => key !== 'name') ?? [];
    return value;
  };
  const events = status.parameter
    .filter(({ name }: { name: string }) => name === 'notification-event')
    // biome-ignore lint/suspicious/noExplicitAny: parts of Parameters
    .map(({ part }: any) => ({ eventNumber: valueIn(part, 'event-number'), focus: valueIn(part, 'focus'), part }));
  const kind = valueIn(status.parameter, 'type');
  return {
    type,
    first,
    status,
    kind,
    total: valueIn(status.parameter, 'events-since-subscription-start'),
    events,
    rest,
  };
}

export const statusOf = async ({ ehr }: TestEhr, id: string) => {
  const found = await ehr.read('Subscription', id);
  return found?.resourceType === 'Subscription' ? found.status : undefined;
};

/** A topic server, an endpoint, and an active Subscription between them. */
export async function subscribed(
  t: TestContext,
  options: Partial<EhrOptions>,
  body: (url: string) => object,
  headers = {},
) {
  const endpoint = await serveEndpoint(t, [
    { status: 200, contentType: 'application/fhir+json', body: '{"resourceType":"OperationOutcome","issue":[]}' },
  ]);
  const server = await serveEhr(t, { manner: 'backport', ...options });
  const made = await server.call('POST', '/Subscription', body(endpoint.url), headers);
  assert.equal(made.status, 201, made.text);
  const { id } = made.json;
  await until(async () => (await statusOf(server, id)) === 'active');
  const events = () => endpoint.received.filter((each) => said(each).kind === 'event-notification');
  return { ...server, endpoint, id, events };
}
