/** What a FHIR server says it can do, against what the adapter needs. */
import { RESULT_TYPES } from '../../config/schema.ts';
import type { SiteConfig } from '../../config.ts';
import { PEOPLE } from '../../fhir/take-back.ts';
import { takes } from '../../fhir/takes.ts';
import type { Capabilities, FhirClient } from '../../fhir/types.ts';
import { routedTypes } from '../../subscriptions/routed-types.ts';
import type { Finding } from '../doctor.ts';

/**
 * Reads the CapabilityStatement and tries whether transactions are atomic.
 * @param others the site has a vendor whose results are about other people.
 */
export async function lookAtServer(
  config: SiteConfig,
  client: Pick<FhirClient, 'capabilities'>,
  others = false,
): Promise<Finding[]> {
  const can = await client.capabilities();
  return [versionOf(can), transactionsOf(can), ...typesOf(config, can, others)];
}

function versionOf({ fhirVersion, software }: Capabilities): Finding {
  const detail = `FHIR ${fhirVersion}${software === undefined ? '' : `, ${software}`}`;
  if (/^4\.0\b/.test(fhirVersion)) {
    return { state: 'ok', detail };
  }
  // What we write is the same in R4B: https://hl7.org/fhir/R4B/history.html
  return /^4\.[13]\b/.test(fhirVersion)
    ? { state: 'ok', detail: `${detail}: R4B, where results as R4 mean the same` }
    : { state: 'wrong', detail: `${detail}: the adapter speaks R4 (4.0.1)` };
}

function transactionsOf({ transaction, atomic }: Capabilities): Finding {
  if (atomic) {
    return { state: 'ok', detail: 'transactions are atomic' };
  }
  return {
    state: 'warning',
    detail: transaction
      ? 'transactions are announced, but a failed one leaves something behind: results are written one by one'
      : 'no transactions: results are written one by one, the report last',
  };
}

function typesOf(config: SiteConfig, can: Capabilities, aboutOthers: boolean): Finding[] {
  const written: readonly string[] = [...RESULT_TYPES, ...(aboutOthers ? PEOPLE : [])];
  const refused = written.filter((type) => !takes(can, type));
  const isEssential = (type: string): boolean => config.fhir.essential.some((one) => one === type);
  const essential = refused.filter(isEssential);
  const others = refused.filter((type) => !isEssential(type));
  const unread = [...routedTypes(config)].filter((type) => !reads(can, type));
  const unversioned = config.fhir.essential.filter((type) => can.types[type]?.versioning === 'no-version');
  const findings: Finding[] = [];
  const add = (state: Finding['state'], words: string, types: readonly string[]): void => {
    if (types.length > 0) {
      findings.push({ state, detail: `${words}: ${types.join(', ')}` });
    }
  };
  add('wrong', 'does not let us search and read what is ordered from', unread);
  add('wrong', 'does not take types that fhir.essential calls essential', essential);
  add('warning', 'does not take these types; results go without them and say so', others);
  add('warning', 'keeps no versions, so that edits by others cannot be noticed', unversioned);
  return findings.length > 0 ? findings : [{ state: 'ok', detail: 'takes every type that we write' }];
}

function reads({ types }: Capabilities, type: string): boolean {
  const interactions = types[type]?.interactions ?? [];
  return interactions.includes('read') && interactions.includes('search-type');
}
