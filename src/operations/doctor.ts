/**
 * The doctor: tries what the adapter needs of a site and says what it found, one row a subject. It changes nothing but
 * the traces of the atomicity probe, which it removes; no row holds a secret.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { SiteConfig } from '../config.ts';
import { asAdapterError } from '../errors.ts';
import type { OpenFhirClient } from '../fhir/client.ts';
import type { Vendor } from '../vendors/contract.ts';
import type { VendorHttp } from '../vendors/http.ts';
import { lookAtServer } from './doctor/fhir-server.ts';
import { lookAtSubscriptions } from './doctor/subscriptions.ts';
import { lookAtToken } from './doctor/token.ts';

export interface DoctorRow {
  /** Empty for what belongs to no site. */
  site: string;
  subject: string;
  state: 'ok' | 'warning' | 'wrong';
  detail: string;
}
/** What one look found; the subject and the site are added by who looked. */
export type Finding = Pick<DoctorRow, 'state' | 'detail'>;

export interface DoctorSite {
  config: SiteConfig;
  client: Pick<OpenFhirClient, 'capabilities' | 'tokenReport' | 'pages'>;
  vendors: {
    vendor: Vendor;
    settings: unknown;
    http: VendorHttp;
    /** For one that people log in with: the login is the adapter's, which is asked whether it works. */
    login?: () => Promise<Finding>;
  }[];
}

export interface DoctorOptions {
  publicUrl: string | undefined;
  /** Seconds that one site may take; what has not answered by then is wrong. */
  seconds: number;
}

/** Examines one site. Never throws; rows come in a fixed order, however the answers come. */
export async function examineSite(site: DoctorSite, { publicUrl, seconds }: DoctorOptions): Promise<DoctorRow[]> {
  const { config, client } = site;
  const timer = new AbortController();
  const late = pause(seconds * 1000, undefined, { signal: timer.signal }).then(
    (): Finding[] => [{ state: 'wrong', detail: `no answer within ${seconds} s` }],
    (): Finding[] => [],
  );
  const look = async (subject: string, found: () => Promise<Finding[]>): Promise<DoctorRow[]> => {
    const findings = await Promise.race([
      found().catch((thrown: unknown): Finding[] => {
        const error = asAdapterError(thrown);
        return [{ state: 'wrong', detail: `${error.message}. ${error.operator}` }];
      }),
      late,
    ]);
    return findings.map((finding) => ({ site: config.name, subject, ...finding }));
  };
  const others = site.vendors.some(({ vendor }) => vendor.others === true);
  const rows = await Promise.all([
    look('token', () => lookAtToken(config, client, others)),
    look('fhir server', () => lookAtServer(config, client, others)),
    look('subscriptions', () => lookAtSubscriptions(config, client, publicUrl)),
    ...site.vendors.map(({ vendor, settings, http, login }) =>
      look(vendor.name, async () => [
        login ? await login() : { state: 'ok', detail: await vendor.check({ settings, http }) },
      ]),
    ),
  ]);
  timer.abort();
  return rows.flat();
}

/** Examines all sites side by side, so that a slow one costs the others nothing. */
export async function examineSites(sites: DoctorSite[], options: DoctorOptions): Promise<DoctorRow[]> {
  return (await Promise.all(sites.map((site) => examineSite(site, options)))).flat();
}
