/** The access token: whether we get one, and whether its scopes are enough. */
import type { SiteConfig } from '../../config.ts';
import type { OpenFhirClient } from '../../fhir/client.ts';
import { routedTypes } from '../../subscriptions/routed-types.ts';
import type { Finding } from '../doctor.ts';
import { missingScopes } from './scopes.ts';

const SAID: Partial<Record<SiteConfig['fhir']['auth']['type'], string>> = {
  none: 'none is configured',
  bearer: 'a fixed bearer token; nothing is known of its scopes or its end',
  basic: 'user name and password',
};

/** Asks the token server, where there is one, and compares what was granted with what is needed. */
export async function lookAtToken(config: SiteConfig, client: Pick<OpenFhirClient, 'tokenReport'>): Promise<Finding[]> {
  const report = await client.tokenReport();
  if (!report) {
    return [{ state: 'ok', detail: SAID[config.fhir.auth.type] ?? 'no token server' }];
  }
  const granted = `granted for ${report.expiresIn ?? '?'} s`;
  const { known, missing } = missingScopes(report.scopes ?? '');
  if (!known) {
    const detail = `${granted}; the server names no SMART scopes, so what it allows shows only in use`;
    return [{ state: 'ok', detail }];
  }
  const { register, dialect } = config.subscriptions;
  const registers = register && dialect !== 'none';
  const wanted = missing.filter(({ type }) => registers || type !== 'Subscription');
  if (wanted.length === 0) {
    return [{ state: 'ok', detail: `${granted}; all scopes` }];
  }
  const needed = new Set<string>([...config.fhir.essential, ...routedTypes(config), 'Patient']);
  const names = (scopes: typeof wanted) => scopes.map(({ type, letters }) => `system/${type}.${letters}`).join(' ');
  const vital = wanted.filter(({ type }) => needed.has(type));
  const others = wanted.filter(({ type }) => !needed.has(type));
  return [
    ...(vital.length > 0
      ? [{ state: 'wrong' as const, detail: `${granted}, but without scopes it cannot do without: ${names(vital)}` }]
      : []),
    ...(others.length > 0
      ? [{ state: 'warning' as const, detail: `${granted}, without scopes: ${names(others)}` }]
      : []),
  ];
}
