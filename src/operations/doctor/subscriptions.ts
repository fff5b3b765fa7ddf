/** Whether news of orders reaches us: our Subscriptions as they stand on the server. Read only. */
import type { SiteConfig } from '../../config.ts';
import type { FhirClient } from '../../fhir/types.ts';
import { readPushState } from '../../subscriptions/push-health.ts';
import { listAt } from '../../subscriptions/register/find.ts';
import { MANNERS, type Manner, mannerOf } from '../../subscriptions/register/manner.ts';
import { ownership, plan } from '../../subscriptions/register/plan.ts';
import { standingFor } from '../../subscriptions/register/shape.ts';
import { NOTHING_COMES } from '../../subscriptions/register/site-words.ts';
import type { DoctorRow, Finding } from '../doctor.ts';

type Server = Pick<FhirClient, 'capabilities' | 'pages'>;

/** A server that is down is another row's matter; what most servers do is then looked for. */
async function ownManner(
  config: SiteConfig,
  client: Server,
): Promise<{ manner: Manner; software: string | undefined }> {
  return mannerOf(config, client).catch(() => ({ manner: 'hapi' as const, software: undefined }));
}

/** One row a search that orders come by; what is missing weighs less where a sweep brings the orders all the same. */
export async function lookAtSubscriptions(
  config: SiteConfig,
  client: Server,
  publicUrl: string | undefined,
): Promise<Finding[]> {
  const { dialect, channel, register, secret, sweep } = config.subscriptions;
  const bad: Finding['state'] = sweep === 'off' ? 'wrong' : 'warning';
  const swept = sweep === 'off' ? 'and the sweep is off' : 'the sweep finds orders all the same';
  if (dialect === 'none') {
    return [
      sweep === 'off'
        ? { state: 'wrong', detail: 'neither Subscriptions nor a sweep: no order reaches us' }
        : { state: 'ok', detail: `none wanted: the sweep (${sweep}) finds orders` },
    ];
  }
  if (channel === 'websocket') {
    return [{ state: 'ok', detail: 'made by the running adapter for each of its WebSocket connections' }];
  }
  // A proxy's certificate or Google's token stands in for the secret.
  const guarded = config.subscriptions.clientCertificate !== undefined || config.subscriptions.googlePush !== undefined;
  const open: Finding[] =
    secret === 'none' && !guarded ? [{ state: 'warning', detail: 'notifications are taken without a secret' }] : [];
  if (publicUrl === undefined) {
    return [{ state: bad, detail: `http.publicUrl is not set, so nobody can notify us; ${swept}` }, ...open];
  }
  const { manner, software } = await ownManner(config, client);
  const { planned, unplanned } = await plan({ config, client, publicUrl, manner, software, secret: undefined });
  const { endpoint } = ownership(config, publicUrl);
  // By endpoint alone: where we may not register, an administrator has made them, perhaps without our tag.
  const standing = await listAt(client, endpoint);
  const ours = register && MANNERS[manner].byHand === undefined;
  const help = ours ? 'the adapter creates it when it runs' : 'ask the administrator of the server for it';
  const rows = planned.map(({ criteria, subscription }): Finding => {
    const name = criteria.replace(/\?$/, '');
    const [best] = standingFor(standing, subscription);
    if (!best) {
      return { state: bad, detail: `${name}: missing at ${endpoint}; ${help}; ${swept}` };
    }
    const detail = `${name}: Subscription/${best.id} is ${best.status}`;
    return best.status === 'active' ? { state: 'ok', detail } : { state: bad, detail: `${detail}; ${swept}` };
  });
  const unclear = unplanned.map(({ problem }): Finding => ({ state: bad, detail: `${problem}; ${swept}` }));
  return [...rows, ...unclear, ...open];
}

/** What the adapter's own records tell of a site whose Subscriptions bring nothing: `push` cursors, one a site. */
export function silentSites(cursors: readonly { site: string; value: string }[]): DoctorRow[] {
  return cursors.filter(({ value }) => readPushState(value) === 'silent').map(({ site }) => silent(site));
}

/** The same as a running adapter says it at /readyz. */
export function sitesSaidSilent(sites: Readonly<Record<string, { subscriptions: string }>>): DoctorRow[] {
  return Object.entries(sites)
    .filter(([, { subscriptions }]) => subscriptions.includes(NOTHING_COMES))
    .map(([site]) => silent(site));
}

const silent = (site: string): DoctorRow => ({
  site,
  subject: 'notifications',
  state: 'warning',
  detail: NOTHING_COMES,
});
