/** Finds the Subscriptions of this deployment on a server. */
import type { Subscription } from '@medplum/fhirtypes';
import { asAdapterError } from '../../errors.ts';
import type { FhirClient } from '../../fhir/types.ts';
import { type AnySubscription, endpointOf } from './shape.ts';
import { isOurs, type Ownership } from './wish.ts';

/** All Subscriptions with this endpoint, whoever made them, oldest first. */
export async function listAt(client: Pick<FhirClient, 'pages'>, endpoint: string): Promise<AnySubscription[]> {
  const collect = async (query: string): Promise<AnySubscription[]> => {
    const found: AnySubscription[] = [];
    for await (const page of client.pages(query)) {
      for (const { resource } of page.entry ?? []) {
        if (
          resource?.resourceType === 'Subscription' &&
          resource.id !== undefined &&
          endpointOf(resource) === endpoint
        ) {
          found.push(resource);
        }
      }
    }
    return found.sort((a, b) => (a.meta?.lastUpdated ?? '').localeCompare(b.meta?.lastUpdated ?? ''));
  };
  try {
    const found = await collect(`Subscription?url=${encodeURIComponent(endpoint)}&_count=200`);
    if (found.length > 0) {
      return found;
    }
    // None, or an index that has its own idea of the URL: before one is made, all are looked at.
  } catch (thrown) {
    if (asAdapterError(thrown).code !== 'ehr-rejected') {
      throw thrown;
    }
  }
  return collect('Subscription?_count=200');
}

/**
 * Ours among those on the server, and what we made before (`ids`) that the search does not show: some indexes lag or
 * spell URLs in their own way, some servers drop our tag, and there a new one would be made at every look.
 */
export async function listOurs(
  client: Pick<FhirClient, 'pages' | 'read'>,
  owned: Ownership,
  ids: readonly string[],
): Promise<AnySubscription[]> {
  const found = (await listAt(client, owned.endpoint)).filter((one) => isOurs(one, owned));
  for (const id of ids.filter((each) => !found.some((one) => one.id === each))) {
    const one = await client.read<Subscription>('Subscription', id);
    if (one && endpointOf(one) === owned.endpoint) {
      found.push(one);
    }
  }
  return found;
}
