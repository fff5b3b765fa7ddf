/** Finds the Subscriptions of this deployment on a server. */
import type { Subscription } from '@medplum/fhirtypes';
import { asAdapterError } from '../../errors.ts';
import type { FhirClient } from '../../fhir/types.ts';
import { isOurs, type Wish } from './wish.ts';

/** Ours among those on the server, oldest first. Lists by endpoint; servers that do not know that word are asked for all. */
export async function listOurs(
  client: FhirClient,
  wish: Pick<Wish, 'endpoint' | 'deployment'>,
): Promise<Subscription[]> {
  const collect = async (query: string): Promise<Subscription[]> => {
    const found: Subscription[] = [];
    for await (const page of client.pages(query)) {
      for (const { resource } of page.entry ?? []) {
        if (resource?.resourceType === 'Subscription' && resource.id !== undefined && isOurs(resource, wish)) {
          found.push(resource);
        }
      }
    }
    return found.sort((a, b) => (a.meta?.lastUpdated ?? '').localeCompare(b.meta?.lastUpdated ?? ''));
  };
  try {
    return await collect(`Subscription?url=${encodeURIComponent(wish.endpoint)}&_count=200`);
  } catch (thrown) {
    if (asAdapterError(thrown).code !== 'ehr-rejected') {
      throw thrown;
    }
    return collect('Subscription?_count=200');
  }
}
