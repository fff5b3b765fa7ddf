/** Whether news of orders reaches us: our Subscriptions as they stand on the server. Read only. */
import type { Subscription } from '@medplum/fhirtypes';
import type { SiteConfig } from '../../config.ts';
import { asAdapterError } from '../../errors.ts';
import type { FhirClient } from '../../fhir/types.ts';
import { wantedCriteria } from '../../subscriptions/routed-types.ts';
import type { Finding } from '../doctor.ts';

/** Servers spell "no words" with and without a question mark. */
const bare = (criteria: string) => criteria.replace(/\?$/, '');

/** One row a search that orders come by; what is missing weighs less where a sweep brings the orders all the same. */
export async function lookAtSubscriptions(
  config: SiteConfig,
  client: Pick<FhirClient, 'pages'>,
  publicUrl: string | undefined,
): Promise<Finding[]> {
  const { dialect, register, secret, sweep } = config.subscriptions;
  const bad: Finding['state'] = sweep === 'off' ? 'wrong' : 'warning';
  const swept = sweep === 'off' ? 'and the sweep is off' : 'the sweep finds orders all the same';
  if (dialect === 'none') {
    return [
      sweep === 'off'
        ? { state: 'wrong', detail: 'neither Subscriptions nor a sweep: no order reaches us' }
        : { state: 'ok', detail: `none wanted: the sweep (${sweep}) finds orders` },
    ];
  }
  const open: Finding[] =
    secret === 'none' ? [{ state: 'warning', detail: 'notifications are taken without a secret' }] : [];
  if (publicUrl === undefined) {
    return [{ state: bad, detail: `http.publicUrl is not set, so nobody can notify us; ${swept}` }, ...open];
  }
  const endpoint = `${publicUrl}/notify/${config.name}`;
  const standing = await listStanding(client, endpoint);
  const rows = wantedCriteria(config).map((wanted): Finding => {
    const criteria = bare(wanted.criteria);
    const candidates = standing.filter((one) => bare(one.criteria) === criteria);
    const best = candidates.find(({ status }) => status === 'active') ?? candidates[0];
    if (!best) {
      const help = register ? 'the adapter creates it when it runs' : 'ask the administrator of the server for it';
      return { state: bad, detail: `${criteria}: missing at ${endpoint}; ${help}; ${swept}` };
    }
    if (best.status === 'active') {
      return { state: 'ok', detail: `${criteria}: Subscription/${best.id} is active` };
    }
    return { state: bad, detail: `${criteria}: Subscription/${best.id} is ${best.status}; ${swept}` };
  });
  return [...rows, ...open];
}

/** By endpoint alone: where we may not register, an administrator has made them, perhaps without our tag. */
async function listStanding(client: Pick<FhirClient, 'pages'>, endpoint: string): Promise<Subscription[]> {
  const collect = async (query: string): Promise<Subscription[]> => {
    const found: Subscription[] = [];
    for await (const page of client.pages(query)) {
      for (const { resource } of page.entry ?? []) {
        if (resource?.resourceType === 'Subscription' && resource.channel?.endpoint === endpoint) {
          found.push(resource);
        }
      }
    }
    return found;
  };
  try {
    return await collect(`Subscription?url=${encodeURIComponent(endpoint)}&_count=200`);
  } catch (thrown) {
    // Servers that do not know the word `url` are asked for all.
    if (asAdapterError(thrown).code !== 'ehr-rejected') {
      throw thrown;
    }
    return collect('Subscription?_count=200');
  }
}
