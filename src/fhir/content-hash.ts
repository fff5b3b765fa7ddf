/** Tells whether two resources say the same, apart from what a server adds and what only says when. Pure. */
import { createHash } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';

/** Instants of writing: they differ at every publication and mean no change. */
const MOMENTS = ['issued', 'recordedDate'];

/** Servers rewrite these: ids and versions, normalised XHTML, inline bytes moved to a Binary. */
const SERVERS_OWN = ['id', 'meta', 'text', 'presentedForm'];

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return Object.fromEntries(
      entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]),
    );
  }
  return value;
}

/** JSON with sorted names, without the given top-level elements. */
export function canonical(resource: object, without: readonly string[] = []): string {
  return JSON.stringify(
    sorted(Object.fromEntries(Object.entries(resource).filter(([name]) => !without.includes(name)))),
  );
}

/** Hash of what a built resource says, text and HTML included; `meta` and the moment of writing are left out. */
export function contentHash(resource: object): string {
  return createHash('sha256')
    .update(canonical(resource, ['id', 'meta', ...MOMENTS]))
    .digest('hex')
    .slice(0, 32);
}

/** Whether the coded content of two versions is the same; renderings and moments may differ. */
export function sameContent(a: Resource, b: Resource): boolean {
  const without = [...SERVERS_OWN, ...MOMENTS];
  return canonical(a, without) === canonical(b, without);
}
