/** Reads which resource a text names. Pure. */

/** FHIR's id, but for `.` and `..`, and what a resource type looks like: both decide what we later put into a URL. */
export const FHIR_ID = /^(?!\.{1,2}$)[A-Za-z0-9\-.]{1,64}$/;
export const RESOURCE_TYPE = /^[A-Z][A-Za-z]{1,63}$/;

export interface Reference {
  type: string;
  id: string;
  version?: string;
}

const LONGEST = 2048;

/** `DocumentReference/1` in its parts, or undefined. */
export function parseReference(reference: string): { type: string; id: string } | undefined {
  const [type = '', id = '', ...rest] = reference.split('/');
  return rest.length === 0 && RESOURCE_TYPE.test(type) && FHIR_ID.test(id) ? { type, id } : undefined;
}

/**
 * The same of what servers write into a Bundle: with any base before it (`https://ehr.example/fhir/ServiceRequest/1`;
 * ours is the one that is asked, whichever is named), with the type doubled (HAPI's `ServiceRequest/ServiceRequest/1`),
 * with `/_history/3` behind it. undefined for a search, a `#part` and a `urn:uuid:`.
 */
export function looseReference(text: string): Reference | undefined {
  if (text.length > LONGEST || /[?#\\]/.test(text)) {
    return undefined;
  }
  const parts = text.trim().replace(/\/$/, '').split('/');
  const versioned = parts.at(-2) === '_history';
  const named = parseReference((versioned ? parts.slice(0, -2) : parts).slice(-2).join('/'));
  const version = versioned ? parts.at(-1) : undefined;
  return named && { ...named, ...(version !== undefined && FHIR_ID.test(version) && { version }) };
}
