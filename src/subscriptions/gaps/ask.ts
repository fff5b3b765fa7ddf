/** What a topic server is asked about a Subscription: events by number, and how it stands. */
import type { Bundle, Subscription } from '@medplum/fhirtypes';
import type { FhirClient } from '../../fhir/types.ts';
import type { IncomingNotification } from '../../orders/types.ts';
import { readStatus, type SubscriptionStatus } from '../dialects/subscription-status.ts';
import { dedupeKey } from '../kept.ts';
import { isRefusal } from '../sweep-windows.ts';

/** The events of these numbers, both included; undefined: the server has no such operation. Throws what the client throws. */
export async function askEvents(
  client: FhirClient,
  subscription: string,
  { from, until }: { from: bigint; until: bigint },
): Promise<Bundle | undefined> {
  try {
    const words = `eventsSinceNumber=${from}&eventsUntilNumber=${until}&content=id-only`;
    return await client.search(`Subscription/${subscription}/$events?${words}`);
  } catch (thrown) {
    if (isRefusal(thrown)) {
      return undefined;
    }
    throw thrown;
  }
}

/** The answer to `$events` as if it had been sent: stored before it counts, read by the site's dialect. */
export function asNotification(site: string, bundle: Bundle, receivedAt: Date): IncomingNotification {
  const body = Buffer.from(JSON.stringify(bundle));
  const came = { site, method: 'POST', path: '', headers: { 'content-type': 'application/fhir+json' }, body };
  return { ...came, receivedAt, dedupe: dedupeKey(came) };
}

/** The status that a Bundle begins with, of a notification or an answer. */
export function statusIn(bundle: Bundle): SubscriptionStatus | undefined {
  return bundle.entry?.map(({ resource }) => readStatus(resource)).find((status) => status !== undefined);
}

/**
 * How a Subscription stands; `gone` where there is none of this id. A server without `$status` shows the Subscription
 * itself, without numbers. Throws what the client throws.
 */
export async function askStatus(
  client: FhirClient,
  subscription: string,
): Promise<SubscriptionStatus | { state: string } | 'gone'> {
  try {
    const status = statusIn(await client.search(`Subscription/${subscription}/$status`));
    if (status) {
      return status;
    }
  } catch (thrown) {
    if (!isRefusal(thrown)) {
      throw thrown;
    }
  }
  const read = await client.read<Subscription>('Subscription', subscription);
  return read ? { state: read.status } : 'gone';
}
