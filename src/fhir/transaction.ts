/** Builds the transaction of a publication, and reads what its answer says of each entry. Pure. */
import type { Bundle, BundleEntry, BundleEntryResponse, OperationOutcome, Resource } from '@medplum/fhirtypes';
import { nameUuid } from './identifiers.ts';
import type { Write } from './part-planner.ts';
import type { Stored } from './standing.ts';
import type { Saved } from './types.ts';

/** What an entry of the request stands for. */
export type Subject = { write: Write } | { provenanceOf: Write } | { task: Stored };

export interface Submission {
  bundle: Bundle;
  subjects: Subject[];
}

export interface EntryResult {
  subject: Subject | undefined;
  status: number;
  saved: Saved | undefined;
  outcome: OperationOutcome | undefined;
}

function post(resource: Resource, fullUrl: string): BundleEntry {
  return { fullUrl, resource, request: { method: 'POST', url: resource.resourceType } };
}

/** R4 lets only a POST go without `fullUrl`; it also is what the entry's relative references are resolved against. */
function put(resource: Resource, fullUrl: string, version: string | undefined): BundleEntry {
  const id = fullUrl.slice(fullUrl.lastIndexOf('/') + 1);
  const ifMatch = version === undefined ? {} : { ifMatch: `W/"${version}"` };
  return { fullUrl, resource, request: { method: 'PUT', url: `${resource.resourceType}/${id}`, ...ifMatch } };
}

/**
 * Each write with its Provenance, in the plan's order, and the Task last under `ifMatch`: it fences a late commit.
 * `baseUrl` is the server's FHIR base.
 */
export function buildTransaction(
  baseUrl: string,
  writes: Write[],
  task: Stored,
  taskVersion: string | undefined,
): Submission {
  const entry: BundleEntry[] = [];
  const subjects: Subject[] = [];
  for (const write of writes) {
    const { resource, id, reference, ifMatch, provenance } = write;
    entry.push(
      id === undefined
        ? post(resource, reference)
        : put(resource, `${baseUrl}/${resource.resourceType}/${id}`, ifMatch),
    );
    subjects.push({ write });
    if (provenance !== undefined) {
      entry.push(post(provenance, `urn:uuid:${nameUuid(`provenance ${reference} ${ifMatch ?? ''}`)}`));
      subjects.push({ provenanceOf: write });
    }
  }
  entry.push(put(task, `${baseUrl}/Task/${task.id}`, taskVersion));
  subjects.push({ task });
  return { bundle: { resourceType: 'Bundle', type: 'transaction', entry }, subjects };
}

/** Type, id and version out of `Type/id/_history/version`, relative or absolute, and the ETag. */
function savedOf(response: BundleEntryResponse | undefined, resource: Resource | undefined): Saved | undefined {
  const path = /([A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([^/?]+))?$/.exec(response?.location ?? '');
  const type = path?.[1] ?? resource?.resourceType;
  const id = path?.[2] ?? resource?.id;
  const etag = /"([^"]+)"/.exec(response?.etag ?? '')?.[1];
  const version = etag ?? path?.[3] ?? resource?.meta?.versionId;
  return type === undefined || id === undefined
    ? undefined
    : { type, id, ...(version === undefined ? {} : { version }) };
}

/** One result for each entry of the request, in its order. An entry without an answer has status 0. */
export function readAnswer(submission: Submission, answer: Bundle): EntryResult[] {
  return submission.subjects.map((subject, index) => {
    const { response, resource } = answer.entry?.[index] ?? {};
    const outcome = response?.outcome?.resourceType === 'OperationOutcome' ? response.outcome : undefined;
    return {
      subject,
      status: Number.parseInt(response?.status ?? '0', 10) || 0,
      saved: savedOf(response, resource?.resourceType === 'OperationOutcome' ? undefined : resource),
      outcome,
    };
  });
}
