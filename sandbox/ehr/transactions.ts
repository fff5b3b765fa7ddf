/** Bundles that are written: what a strict server checks before it begins, and the shape of its answer. */

import { isOk, isResource } from '@medplum/core';
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { refuse, statusOf } from './outcomes.ts';
import { mapStrings } from './references.ts';
import type { Change, Manner, Transactions } from './types.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const IF_MATCH = /^(W\/)?"[^"]+"$/;

function checkEntry(entry: BundleEntry, at: string): void {
  const { request, resource } = entry;
  if (!request?.method || !METHODS.has(request.method) || !request.url) {
    throw refuse('invalid', 'required', `${at}: request.method and request.url are required (bdl-3)`);
  }
  if ((request.method === 'POST' || request.method === 'PUT') && !resource) {
    throw refuse('invalid', 'required', `${at}: ${request.method} needs a resource`);
  }
  const [type] = request.url.split(/[/?]/);
  if (resource && request.method !== 'PATCH' && type !== resource.resourceType && !request.url.includes('/_search')) {
    throw refuse('invalid', 'invalid', `${at}: ${request.url} does not fit a ${resource.resourceType}`);
  }
  if (request.ifMatch && !IF_MATCH.test(request.ifMatch)) {
    throw refuse('invalid', 'invalid', `${at}: ifMatch must be an entity tag such as W/"1"`);
  }
}

/** Throws 400 for what makes a whole transaction invalid, before anything is written. */
export function checkTransaction(bundle: Bundle): void {
  const fullUrls = new Set<string>();
  for (const [index, entry] of (bundle.entry ?? []).entries()) {
    checkEntry(entry, `Bundle.entry[${index}]`);
    if (entry.fullUrl) {
      const version = entry.resource?.meta?.versionId ?? '';
      if (fullUrls.has(`${entry.fullUrl} ${version}`)) {
        throw refuse('invalid', 'invariant', `Bundle.entry[${index}]: fullUrl must be unique in a bundle (bdl-7)`);
      }
      fullUrls.add(`${entry.fullUrl} ${version}`);
    }
  }
  const known = new Set((bundle.entry ?? []).map(({ fullUrl }) => fullUrl));
  mapStrings(bundle.entry ?? [], (name, text) => {
    if (name === 'reference' && text.startsWith('urn:uuid:') && !known.has(text)) {
      throw refuse('invalid', 'invalid', `Unresolved reference ${text}: no entry has it as fullUrl`);
    }
    return text;
  });
}

/** The Bundle of a POST to the base, or a 400. */
export function asBundle(body: unknown, transactions: Transactions): Bundle {
  if (!isResource<Bundle>(body, 'Bundle')) {
    throw refuse('invalid', 'invalid', 'Not a bundle');
  }
  if (body.type === 'transaction' && transactions === 'none') {
    throw refuse('invalid', 'not-supported', 'This server does not support transactions');
  }
  return body;
}

/** `Type/id` of the entries with that method. */
export function targets(bundle: Bundle, method: string): Set<string> {
  return new Set((bundle.entry ?? []).flatMap(({ request }) => (request?.method === method ? [request.url] : [])));
}

const REASONS: Record<number, string> = { 200: 'OK', 201: 'Created', 204: 'No Content', 304: 'Not Modified' };

/** Whether this very version was created by one of these changes. */
export const wasCreated = (resource: Resource, changes: readonly Change[]): boolean =>
  changes.some(
    ({ type, id, versionId, interaction }) =>
      interaction === 'create' &&
      type === resource.resourceType &&
      id === resource.id &&
      versionId === resource.meta?.versionId,
  );

function answerEntry(entry: BundleEntry, method: string | undefined, changes: readonly Change[]): BundleEntry {
  const { response, resource } = entry;
  const result = response?.outcome;
  if (!response || !isResource(result, 'OperationOutcome') || !isOk(result)) {
    return result && isResource(result, 'OperationOutcome')
      ? { ...entry, response: { ...response, status: String(statusOf(result)) } }
      : entry;
  }
  const status = method === 'DELETE' ? 204 : resource && wasCreated(resource, changes) ? 201 : statusOf(result);
  const { versionId, lastUpdated } = resource?.meta ?? {};
  const written = method !== 'GET' && resource?.id && versionId;
  return {
    ...(resource && { resource }),
    response: {
      status: `${status} ${REASONS[status] ?? ''}`.trim(),
      ...(written && { location: `${resource.resourceType}/${resource.id}/_history/${versionId}` }),
      ...(versionId && { etag: `W/"${versionId}"`, lastModified: lastUpdated }),
    },
  };
}

/**
 * The library's answer as real servers give it: versioned locations, ETags, `201 Created`. HAPI leaves the written
 * resources out unless `Prefer: return=representation`; Medplum sends them unless `return=minimal`.
 */
export function answerBundle(
  request: Bundle,
  answer: Bundle,
  context: { manner: Manner; prefer: string; changes: readonly Change[] },
): Bundle {
  const { manner, prefer, changes } = context;
  const bare = manner === 'hapi' ? !prefer.includes('return=representation') : prefer.includes('return=minimal');
  return {
    ...answer,
    entry: (answer.entry ?? []).map((entry, index) => {
      const method = request.entry?.[index]?.request?.method;
      const { resource, ...rest } = answerEntry(entry, method, changes);
      return resource && !(bare && method !== 'GET') ? { ...rest, resource } : rest;
    }),
  };
}
