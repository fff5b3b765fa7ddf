/** History Bundles of an instance or a type, newest first, deletes included. */

import { notFound, OperationOutcomeError } from '@medplum/core';
import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import { refuse } from './outcomes.ts';
import type { Store } from './store.ts';
import type { Stored, Version } from './types.ts';

const METHODS = { create: 'POST', update: 'PUT', delete: 'DELETE' } as const;
const STATUSES = { create: '201', update: '200', delete: '204' } as const;

function entryOf(version: Version, base: string): BundleEntry<Stored> {
  const { resource, interaction, versionId, lastUpdated } = version;
  const path = `${resource.resourceType}/${resource.id}`;
  return {
    fullUrl: `${base}/${path}`,
    ...(interaction !== 'delete' && { resource }),
    request: { method: METHODS[interaction], url: interaction === 'create' ? resource.resourceType : path },
    response: { status: STATUSES[interaction], etag: `W/"${versionId}"`, lastModified: lastUpdated },
  };
}

function integer(words: URLSearchParams, name: string, otherwise: number): number {
  const value = Number(words.get(name) ?? otherwise);
  if (!Number.isInteger(value) || value < 0) {
    throw refuse('invalid', 'invalid', `Invalid ${name}`);
  }
  return value;
}

/** `id` absent: the type's history. Honours `_since`, `_count` and its own `_offset`; 404 for what never was. */
export function historyOf(
  store: Store,
  base: string,
  type: string,
  id: string | undefined,
  words: URLSearchParams,
): Bundle {
  const versions = id === undefined ? [...store.history(type)] : [...store.versions(type, id)];
  if (id !== undefined && versions.length === 0) {
    throw new OperationOutcomeError(notFound);
  }
  const since = words.get('_since');
  const from = since === null ? 0 : Date.parse(since);
  if (Number.isNaN(from)) {
    throw refuse('invalid', 'invalid', 'Invalid _since');
  }
  const found = versions
    .reverse()
    .filter(({ lastUpdated }) => Date.parse(lastUpdated) >= from)
    .sort((one, other) => Date.parse(other.lastUpdated) - Date.parse(one.lastUpdated));
  const offset = integer(words, '_offset', 0);
  const count = integer(words, '_count', 100);
  const url = new URL(`${base}/${type}${id === undefined ? '' : `/${id}`}/_history?${words}`);
  const link = [{ relation: 'self', url: url.href }];
  if (count > 0 && offset + count < found.length) {
    url.searchParams.set('_offset', String(offset + count));
    link.push({ relation: 'next', url: url.href });
  }
  return {
    resourceType: 'Bundle',
    type: 'history',
    total: found.length,
    link,
    entry: found.slice(offset, offset + count).map((version) => entryOf(version, base)),
  };
}
