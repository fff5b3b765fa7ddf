/** Provenances that a server was left without; only asked where no transaction vouches for them. */
import type { Provenance } from '@medplum/fhirtypes';
import { searchAll } from './find-by-identifier.ts';
import { makingOf, type PartPlanner, type Session } from './part-planner.ts';
import { isWithdrawalProvenance } from './provenance.ts';
import type { FhirClient } from './types.ts';

/** For each part that stands, any Provenance will do; for each withdrawal, one that tells of it. */
export async function missingProvenances(
  client: FhirClient,
  { kept, withdrawn, narrator }: PartPlanner,
  session: Session,
): Promise<Provenance[]> {
  const references = [...kept.map(({ reference }) => reference), ...withdrawn.map(({ target }) => target)];
  if (session.refused.has('Provenance') || references.length === 0) {
    return [];
  }
  const found = await searchAll(client, 'Provenance', 'target', references.map(encodeURIComponent));
  const standing = found.filter((one) => one.resourceType === 'Provenance');
  const targetsOf = (provenances: Provenance[]): Set<string | undefined> =>
    new Set(provenances.flatMap(({ target }) => target.map(({ reference }) => reference)));
  const told = targetsOf(standing);
  const nullified = targetsOf(standing.filter(isWithdrawalProvenance));
  return [
    ...kept.filter(({ reference }) => !told.has(reference)).map(({ built }) => narrator.written(makingOf(built))),
    ...withdrawn.filter(({ target }) => !nullified.has(target)).map((facts) => narrator.withdrawn(facts)),
  ];
}
