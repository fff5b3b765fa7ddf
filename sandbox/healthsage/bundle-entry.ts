/** The shapes of the vendor's Bundle. */

export interface BundleEntry {
  fullUrl: string;
  resource: { resourceType: string; id: string; [element: string]: unknown };
  request?: { method: 'POST'; url: string };
}

export interface R4bBundle {
  resourceType: 'Bundle';
  type: 'collection' | 'transaction';
  entry: BundleEntry[];
}

/** An entry under the resource's own id. */
export function toEntry(resource: BundleEntry['resource']): BundleEntry {
  return { fullUrl: `urn:uuid:${resource.id}`, resource };
}
