/** Retractions in the ward of the publishing tests, and what has to be true of them afterwards. */
import assert from 'node:assert/strict';
import type { Condition, Provenance, Resource } from '@medplum/fhirtypes';
import { type Retraction, retract } from '../../src/fhir/retract.ts';
import { isWithdrawn } from '../../src/fhir/take-back.ts';
import type { FhirClient, Publication, Published, WrittenPart } from '../../src/fhir/types.ts';
import { openValidator } from '../../src/fhir/validate.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/fhir/write-limits.ts';
import { silentLog } from '../../src/log.ts';
import type { Ward } from './publish-support.ts';

export const REASON = 'The order was entered in error.';
export const RESULTS = ['DiagnosticReport', 'Observation', 'Condition', 'Procedure'] as const;

export const SERVERS = [
  { manner: 'medplum', transactions: 'atomic' },
  { manner: 'hapi', transactions: 'atomic' },
  { manner: 'medplum', transactions: 'batch' },
  { manner: 'medplum', transactions: 'none' },
  { manner: 'hapi', transactions: 'none' },
] as const;

/** The retraction of what was written for the publication's order. */
export function retractionOf(publication: Publication, written: WrittenPart[]): Retraction {
  const { subject, task, taskId } = publication;
  return { written, reason: REASON, subject, task, taskId, now: '2026-11-21T08:00:00Z' };
}

export function take(
  ward: Ward,
  retraction: Retraction,
  client: FhirClient = ward.client,
  limits: Partial<Limits> = {},
): Promise<Published> {
  return retract(client, retraction, {
    log: silentLog,
    wait: async () => {},
    limits: { ...DEFAULT_LIMITS, ...limits },
  });
}

export async function results(ward: Ward): Promise<Resource[]> {
  return (await Promise.all(RESULTS.map((type) => ward.all(type)))).flat();
}

export async function nullified(ward: Ward): Promise<Provenance[]> {
  const all = await ward.all<Provenance>('Provenance');
  return all.filter(({ activity }) => activity?.coding?.[0]?.code === 'NULLIFY');
}

export const nameOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id}`;

/** Everything in the ward with its version, to see whether anything was written. */
export async function versions(ward: Ward): Promise<string[]> {
  const all = [...(await results(ward)), ...(await ward.all('Provenance')), ...(await ward.all('Task'))];
  return all.map((one) => `${nameOf(one)} ${one.meta?.versionId}`).sort();
}

/** All results are withdrawn and legal, each with one Provenance of that. */
export async function assertWithdrawn(ward: Ward, except: string[] = []): Promise<void> {
  const validate = await openValidator();
  const told = (await nullified(ward)).map(({ target }) => target[0]?.reference ?? '');
  const all = (await results(ward)).filter((one) => !except.includes(nameOf(one)));
  assert.ok(all.length > 0);
  for (const one of all) {
    assert.ok(isWithdrawn(one), `${nameOf(one)} still stands`);
  }
  assert.deepEqual(told.sort(), all.map(nameOf).sort(), 'one Provenance for each withdrawal');
  const everything = [...all, ...(await ward.all('Provenance')), ...(await ward.all('Task'))];
  for (const one of everything) {
    assert.deepEqual(validate(one), [], nameOf(one));
  }
  for (const condition of await ward.all<Condition>('Condition')) {
    if (isWithdrawn(condition)) {
      assert.equal(condition.clinicalStatus, undefined);
      assert.equal(condition.abatementDateTime, undefined);
    }
  }
}
