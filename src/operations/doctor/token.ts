/** The access token: whether we get one, and whether its scopes are enough. */
import type { SiteConfig } from '../../config.ts';
import { type MissingScope, missingScopes } from '../../fhir/auth/scopes.ts';
import { loadSigningKeys } from '../../fhir/auth/signing-key.ts';
import type { OpenFhirClient } from '../../fhir/client.ts';
import { routedTypes } from '../../subscriptions/routed-types.ts';
import type { Finding } from '../doctor.ts';
import { describeMissing } from './scopes.ts';

const SAID: Partial<Record<SiteConfig['fhir']['auth']['type'], string>> = {
  none: 'none is configured',
  bearer: 'a fixed bearer token; nothing is known of its scopes or its end',
  basic: 'user name and password',
};

/** What is wrong with the keys beside the one that signs: with that one, there is no token. */
async function lookAtKeys({ fhir: { auth } }: SiteConfig): Promise<Finding[]> {
  const problems = auth.type === 'smart-backend' ? (await loadSigningKeys(auth)).problems : [];
  return problems.map(({ message }) => ({ state: 'warning', detail: `${message}; it is not in our key set` }));
}

/**
 * Asks the token server, where there is one, and compares what was granted with what is needed.
 * @param others the site has a vendor whose results are about other people.
 */
export async function lookAtToken(
  config: SiteConfig,
  client: Pick<OpenFhirClient, 'tokenReport'>,
  others = false,
): Promise<Finding[]> {
  const report = await client.tokenReport();
  if (!report) {
    return [{ state: 'ok', detail: SAID[config.fhir.auth.type] ?? 'no token server' }];
  }
  const granted = `granted for ${report.expiresIn ?? '?'} s`;
  return [...scopeFindings(config, granted, missingScopes(report.scopes ?? '', others)), ...(await lookAtKeys(config))];
}

function scopeFindings(
  config: SiteConfig,
  granted: string,
  { known, missing }: ReturnType<typeof missingScopes>,
): Finding[] {
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
  const isVital = ({ type, others }: MissingScope): boolean => needed.has(type) && !others;
  const vital = wanted.filter(isVital);
  const others = wanted.filter((scope) => !isVital(scope));
  const findings: Finding[] = [];
  if (vital.length > 0) {
    const detail = `${granted}, but without scopes it cannot do without: ${describeMissing(vital)}`;
    findings.push({ state: 'wrong', detail });
  }
  if (others.length > 0) {
    findings.push({ state: 'warning', detail: `${granted}, without scopes: ${describeMissing(others)}` });
  }
  return findings;
}
