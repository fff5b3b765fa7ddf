/** Which reports a new one replaces: those of earlier generations, and those of the note that a newer one replaces. */
import type { PartPlanner } from './part-planner.ts';
import type { Replaced } from './report-content.ts';
import { isOwnReport } from './report-parts.ts';
import { readAll, type Stored } from './standing.ts';
import type { FhirClient, Publication, WrittenPart } from './types.ts';

const REPORT = /^DiagnosticReport\/([A-Za-z0-9.-]{1,64})$/;

function released(resource: Stored | undefined): number {
  return Date.parse((resource?.resourceType === 'DiagnosticReport' && resource.issued) || '') || 0;
}

/**
 * Those that are there, the newest first: a server may refuse a reference to what is gone. `withdrawn` is what stands of
 * the superseded parts, with `planner` knowing which of them are left alone. A withdrawal changes neither what is given
 * nor its order, so that the report is the same before and after it.
 */
export async function replacedReports(
  client: FhirClient,
  publication: Publication,
  withdrawn: ReadonlyMap<string, Stored>,
  planner: Pick<PartPlanner, 'leavesAlone'>,
): Promise<Replaced[]> {
  const kept = (publication.replaces?.reports ?? []).flatMap((reference): WrittenPart[] => {
    const id = REPORT.exec(reference)?.[1];
    return id === undefined ? [] : [{ part: 'report', type: 'DiagnosticReport', id }];
  });
  const standing = new Map([...withdrawn, ...(await readAll(client, kept))]);
  const references = [...publication.superseded, ...kept].filter(isOwnReport).map(({ type, id }) => `${type}/${id}`);
  return [...new Set(references)]
    .filter((reference) => standing.has(reference))
    .sort((a, b) => released(standing.get(b)) - released(standing.get(a)) || (a < b ? -1 : 1))
    .map((reference) => ({ reference, stays: !withdrawn.has(reference) || planner.leavesAlone(reference) }));
}
