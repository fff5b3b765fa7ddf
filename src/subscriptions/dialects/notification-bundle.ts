/** Reads a Bundle that came as a notification: its entries, and the status that it may begin with. Pure. */
import { z } from 'zod';
import { FHIR_ID, looseReference, RESOURCE_TYPE, type Reference } from './reference.ts';
import { type Body, type ReadBody, readResource } from './resource-body.ts';
import { readStatus, type SubscriptionStatus } from './subscription-status.ts';

export interface BundleEntry {
  /** What the entry is about, as far as it says so. */
  about?: Reference;
  /** Upper-case; absent where the entry has no request. */
  method?: string;
  resource?: ReadBody;
}

export interface NotificationBundle {
  type: string | undefined;
  /** Of the first entry, where it is one. */
  status: SubscriptionStatus | undefined;
  /** The first entry is a status and has no request: invalid (bdl-3), and HAPI's manner. */
  statusWithoutRequest: boolean;
  /** Without the status. */
  entries: BundleEntry[];
}

const text = z.string().optional().catch(undefined);
const entrySchema = z.looseObject({
  fullUrl: text,
  request: z.looseObject({ method: text, url: text }).optional().catch(undefined),
  response: z.looseObject({ etag: text }).optional().catch(undefined),
  resource: z.unknown().optional(),
});
type RawEntry = z.infer<typeof entrySchema>;

const bundleSchema = z.looseObject({
  resourceType: z.literal('Bundle'),
  type: text,
  entry: z.array(entrySchema.catch({})).optional().catch(undefined),
});

/** HAPI writes only the id, perhaps with a version, into fullUrl; a create's request has only the type. */
function bareReference(type: string, fullUrl: string): Reference | undefined {
  return RESOURCE_TYPE.test(type) && !fullUrl.startsWith('urn:') ? looseReference(`${type}/${fullUrl}`) : undefined;
}

function aboutOf({ fullUrl, request, response }: RawEntry, resource: ReadBody | undefined): Reference | undefined {
  if (resource?.id !== undefined) {
    const { type, id, version } = resource;
    return { type, id, ...(version && { version }) };
  }
  const url = request?.url ?? '';
  const named = looseReference(url) ?? bareReference(url, fullUrl ?? '') ?? looseReference(fullUrl ?? '');
  const etag = /^(?:W\/)?"([^"]+)"$/.exec(response?.etag ?? '')?.[1];
  const version = named?.version ?? (etag !== undefined && FHIR_ID.test(etag) ? etag : undefined);
  return named && { ...named, ...(version && { version }) };
}

function readEntry(entry: RawEntry): BundleEntry {
  const resource = entry.resource === undefined ? undefined : readResource(entry.resource);
  const about = aboutOf(entry, resource);
  const method = entry.request?.method?.toUpperCase();
  return { ...(about && { about }), ...(method && { method }), ...(resource && { resource }) };
}

/** So many entries or events are read; beyond them reading would block, and a sweep is quicker for the server too. */
const MOST = 10_000;

const countable = z.looseObject({ entry: z.custom<unknown[]>(Array.isArray) });
const countableStatus = z.looseObject({
  resource: z.looseObject({ parameter: z.unknown().optional(), notificationEvent: z.unknown().optional() }),
});

/** Whether the body is a Bundle with more in it than is read entry by entry. */
export function isTooLong(body: Body): boolean {
  const bundle = countable.safeParse('json' in body ? body.json : undefined);
  const entries = bundle.success ? bundle.data.entry : [];
  const { parameter, notificationEvent } = countableStatus.safeParse(entries[0]).data?.resource ?? {};
  return [entries, parameter, notificationEvent].some((list) => Array.isArray(list) && list.length > MOST);
}

/** undefined: the body is no Bundle. Takes time in proportion to the body, once for all dialects. */
export function readBundle(body: Body): NotificationBundle | undefined {
  const bundle = bundleSchema.safeParse('json' in body ? body.json : undefined);
  if (!bundle.success) {
    return undefined;
  }
  const { type, entry = [] } = bundle.data;
  const [first] = entry;
  const status = readStatus(first?.resource);
  return {
    type,
    status,
    statusWithoutRequest: status !== undefined && first?.request === undefined,
    entries: entry.slice(status ? 1 : 0).map(readEntry),
  };
}
