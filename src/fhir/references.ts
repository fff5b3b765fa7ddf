/** References of a resource as the server's own `Type/id`. */
import type { Reference } from '@medplum/fhirtypes';

const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;

export interface LocalReference {
  type: string;
  id: string;
  /** `Type/id`, without version. */
  reference: string;
}

/**
 * A literal reference to a resource of this server, relative or absolute below `baseUrl`; undefined for a logical or
 * contained one, a canonical, or another server's.
 */
export function localReference(baseUrl: string, reference: Reference | undefined): LocalReference | undefined {
  const text = reference?.reference ?? '';
  const base = `${baseUrl}/`;
  const [, type, id] = LOCAL.exec(text.startsWith(base) ? text.slice(base.length) : text) ?? [];
  return type === undefined || id === undefined ? undefined : { type, id, reference: `${type}/${id}` };
}
