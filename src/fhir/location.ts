/** What a write's headers say of the resource it made: FHIR R4, http.html#ops and #versioning. */
import type { Resource } from '@medplum/fhirtypes';
import type { Reply } from './fetch.ts';

type Headers = Reply['headers'];

/** The version in `ETag: W/"3"`; servers that send it strong or bare are understood. */
export function etagVersion(headers: Headers): string | undefined {
  return /^\s*(?:W\/)?"?([A-Za-z0-9._-]{1,64})"?\s*$/.exec(headers.get('etag') ?? '')?.[1];
}

/** The id in Location or Content-Location: `…/Task/12/_history/1`. The host is not looked at: proxies get it wrong. */
export function locatedId(headers: Headers, type: string): string | undefined {
  for (const header of ['location', 'content-location']) {
    const [place = ''] = (headers.get(header) ?? '').split(/[?#]/);
    const segments = place.split('/');
    const at = segments.lastIndexOf(type);
    const id = at < 0 ? undefined : segments[at + 1];
    if (id !== undefined && /^[A-Za-z0-9.-]{1,64}$/.test(id)) {
      return id;
    }
  }
  return undefined;
}

/** The resource with `meta.versionId` from the ETag where it has none itself. */
export function withVersion<T extends Resource>(resource: T, headers: Headers): T {
  const version = etagVersion(headers);
  if (resource.meta?.versionId !== undefined || version === undefined) {
    return resource;
  }
  return { ...resource, meta: { ...resource.meta, versionId: version } };
}
