/** Tells whether two resources say the same, apart from what a server adds and what only says when. Pure. */
import { createHash } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';

/** Instants of writing: they differ at every publication and mean no change. */
const MOMENTS = ['issued', 'recordedDate', 'date'];

/** Servers rewrite these: ids and versions, normalised XHTML, inline bytes moved to a Binary. */
const SERVERS_OWN = ['id', 'meta', 'text', 'presentedForm'];

/** An Attachment is what its hash says: where the bytes lie, some servers tell anew, signed, at every reading. */
const PLACES = ['url', 'data'];

function isHashedAttachment(value: object): boolean {
  return 'contentType' in value && 'hash' in value && typeof value.hash === 'string';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value === 'object' && value !== null) {
    const passed = isHashedAttachment(value) ? PLACES : [];
    const entries = Object.entries(value).filter(([name, inner]) => inner !== undefined && !passed.includes(name));
    return Object.fromEntries(
      entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]),
    );
  }
  return value;
}

/** JSON with sorted names, without the given top-level elements and without the places of hashed Attachments. */
export function canonical(resource: object, without: readonly string[] = []): string {
  return JSON.stringify(
    sorted(Object.fromEntries(Object.entries(resource).filter(([name]) => !without.includes(name)))),
  );
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Hash of what a built resource says, text and HTML included; `meta` and the moment of writing are left out. */
export function contentHash(resource: object): string {
  return shortHash(canonical(resource, ['id', 'meta', ...MOMENTS]));
}

/** The coded content alone: renderings and moments may differ. */
function coded(resource: Resource): string {
  return canonical(resource, [...SERVERS_OWN, ...MOMENTS]);
}

/** Whether the coded content of two versions is the same. */
export function sameContent(a: Resource, b: Resource): boolean {
  return coded(a) === coded(b);
}

/** Hash of the coded content; of a resource as a server gives it back, it is still the same. */
export function codedHash(resource: Resource): string {
  return shortHash(coded(resource));
}
