/**
 * The status that begins a topic's notification, in both of its shapes: Parameters (Subscriptions R5 Backport IG on
 * R4) and SubscriptionStatus (R4B, R5, and athenahealth within R4). Read leniently, as servers write it: a value may
 * have another type than the IG says, and one value that cannot be read does not spoil the others. Pure.
 */
import { z } from 'zod';
import { looseReference, type Reference } from './reference.ts';

export interface StatusEvent {
  /** athenahealth's event id: equal for every delivery of the event. */
  id?: string;
  number?: bigint;
  /** As it was written: an instant, or only a day. */
  at?: string;
  /** Absent where the event names no resource that could be read: `empty` content, or an identifier only. */
  focus?: Reference;
  /** The focus was written as a plain URI instead of a Reference. */
  focusIsUri?: boolean;
}

export interface SubscriptionStatus {
  shape: 'Parameters' | 'SubscriptionStatus';
  /** `handshake`, `heartbeat`, `event-notification`, `query-status`, `query-event`. */
  kind?: string;
  /** Of the Subscription: `requested`, `active`, `error`, `off`. */
  state?: string;
  /** The server says that it could not deliver something. */
  failing: boolean;
  subscription?: Reference;
  /** Events since the Subscription began, for gap detection; no more than a hint, since some servers restart it. */
  total?: bigint;
  events: StatusEvent[];
}

const text = z.string().optional().catch(undefined);
const anything = z.unknown().optional();
const list = <T extends z.ZodType>(item: T) => z.array(item).optional().catch(undefined);
const referenceSchema = z.looseObject({ reference: text }).optional().catch(undefined);

const statusSchema = z.looseObject({
  resourceType: z.literal('SubscriptionStatus'),
  status: text,
  type: text,
  eventsSinceSubscriptionStart: anything,
  subscription: referenceSchema,
  error: list(z.unknown()),
  notificationEvent: list(
    z.looseObject({ id: text, eventNumber: anything, timestamp: text, focus: anything }).catch({}),
  ),
});

const leaf = z.looseObject({ name: text }).catch({ name: undefined });
const parametersSchema = z.looseObject({
  resourceType: z.literal('Parameters'),
  parameter: list(z.looseObject({ name: text, part: list(leaf) }).catch({ name: undefined, part: undefined })),
});

type Leaf = z.infer<typeof leaf>;

/** `value[x]` of a parameter: the IG's type is the usual one, not the only one. */
function valueX(parameter: Leaf | undefined): unknown {
  const key = Object.keys(parameter ?? {}).find((name) => name.startsWith('value'));
  return key === undefined ? undefined : parameter?.[key];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A count as text (integer64 is one in JSON) or as a number. */
function countOf(value: unknown): bigint | undefined {
  const digits = typeof value === 'number' ? String(value) : value;
  return typeof digits === 'string' && /^\d{1,19}$/.test(digits) ? BigInt(digits) : undefined;
}

function referenceOf(value: unknown): Reference | undefined {
  const reference = typeof value === 'string' ? value : referenceSchema.parse(value)?.reference;
  return reference === undefined ? undefined : looseReference(reference);
}

function eventOf(id: string | undefined, number: unknown, at: unknown, focus: unknown): StatusEvent {
  const named = referenceOf(focus);
  const counted = countOf(number);
  const written = textOf(at);
  return {
    ...(id && { id }),
    ...(counted !== undefined && { number: counted }),
    ...(written !== undefined && { at: written }),
    ...(named && { focus: named }),
    ...(typeof focus === 'string' && { focusIsUri: true }),
  };
}

interface Parts {
  kind: string | undefined;
  state: string | undefined;
  failing: boolean;
  subscription: Reference | undefined;
  total: bigint | undefined;
}

function statusOf(shape: SubscriptionStatus['shape'], parts: Parts, events: StatusEvent[]): SubscriptionStatus {
  const { kind, state, failing, subscription, total } = parts;
  return {
    shape,
    failing,
    events,
    ...(kind !== undefined && { kind }),
    ...(state !== undefined && { state }),
    ...(subscription && { subscription }),
    ...(total !== undefined && { total }),
  };
}

function ofParameters(parameters: z.infer<typeof parametersSchema>): SubscriptionStatus | undefined {
  const all = parameters.parameter ?? [];
  const value = (name: string) => valueX(all.find((parameter) => parameter.name === name));
  if (!all.some(({ name }) => name === 'type' || name === 'subscription' || name === 'notification-event')) {
    return undefined;
  }
  const events = all
    .filter(({ name }) => name === 'notification-event')
    .map(({ part = [] }) => {
      const inside = (name: string) => valueX(part.find((candidate) => candidate.name === name));
      return eventOf(undefined, inside('event-number'), inside('timestamp'), inside('focus'));
    });
  const parts = {
    kind: textOf(value('type')),
    state: textOf(value('status')),
    failing: value('status') === 'error' || all.some(({ name }) => name === 'error'),
    subscription: referenceOf(value('subscription')),
    total: countOf(value('events-since-subscription-start')),
  };
  return statusOf('Parameters', parts, events);
}

function ofSubscriptionStatus(status: z.infer<typeof statusSchema>): SubscriptionStatus {
  const events = status.notificationEvent ?? [];
  const parts = {
    kind: textOf(status.type),
    state: textOf(status.status),
    failing: status.status === 'error' || (status.error ?? []).length > 0,
    subscription: referenceOf(status.subscription),
    total: countOf(status.eventsSinceSubscriptionStart),
  };
  const read = events.map((event) => eventOf(textOf(event.id), event.eventNumber, event.timestamp, event.focus));
  return statusOf('SubscriptionStatus', parts, read);
}

/** The status that a resource is, or undefined: it is none. Also reads what `$status` answers with. */
export function readStatus(resource: unknown): SubscriptionStatus | undefined {
  const parameters = parametersSchema.safeParse(resource);
  if (parameters.success) {
    return ofParameters(parameters.data);
  }
  const status = statusSchema.safeParse(resource);
  return status.success ? ofSubscriptionStatus(status.data) : undefined;
}
