/** From a topic's notification to what it says, the same for every server that sends one. Pure. */
import type { Hint, Reading } from '../../orders/types.ts';
import { mergeHints } from './merge-hints.ts';
import type { BundleEntry } from './notification-bundle.ts';
import type { Reference } from './reference.ts';
import type { SubscriptionStatus } from './subscription-status.ts';

/** Kinds that tell of no event. */
const EVENTLESS = ['handshake', 'heartbeat', 'query-status'];

const INTERACTIONS: Readonly<Record<string, Hint['interaction']>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'update',
  DELETE: 'delete',
};

const keyOf = ({ type, id }: Reference) => `${type}/${id}`;

function tally(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** What one entry says; without a request it does not say what happened. */
export function entryHint({ about, method, resource }: BundleEntry): Hint | undefined {
  if (!about) {
    return undefined;
  }
  const interaction = INTERACTIONS[method ?? ''] ?? 'unknown';
  const whole = interaction === 'delete' ? undefined : resource?.whole;
  return { ...about, interaction, ...(whole && { resource: whole }) };
}

/** `empty` content names no resource: the sweep looks; so it does where a server says that it failed to deliver. */
function readingOf(hints: Hint[], sweep: boolean): Reading {
  if (hints.length === 0) {
    return { sweep: true };
  }
  return sweep ? { hints, sweep } : { hints };
}

/**
 * The hints of a notification: one for each resource that is the focus of an event, with the resource where it came
 * along whole. `sweep` stands beside them where an event names none.
 */
export function readEvents(status: SubscriptionStatus, entries: readonly BundleEntry[]): Reading {
  const { kind, events, failing } = status;
  if (kind !== undefined && EVENTLESS.includes(kind) && events.length === 0) {
    return failing ? { sweep: true } : { nothing: kind };
  }
  if (kind !== 'event-notification' && events.length === 0) {
    // The answer to `$events` where there were none.
    return kind === 'query-event' ? { nothing: kind } : { unknown: 'The notification tells of no event' };
  }
  const named = events.flatMap(({ focus }) => focus ?? []);
  const told = tally(named.map(keyOf));
  const accompanying = entries.flatMap((entry) => entryHint(entry) ?? []).filter((hint) => told.has(keyOf(hint)));
  const brought = tally(accompanying.filter(({ resource }) => resource).map(keyOf));
  const plain = named.map((focus): Hint => ({ ...focus, interaction: 'unknown' }));
  const hints = mergeHints([...plain, ...accompanying]).map((hint) => {
    const { resource, ...bare } = hint;
    const key = keyOf(hint);
    // More events than resources: the server could not include one, and what did come may be what stood before it.
    return resource && (brought.get(key) ?? 0) >= (told.get(key) ?? 0) ? hint : bare;
  });
  return readingOf(hints, failing || named.length < events.length);
}
