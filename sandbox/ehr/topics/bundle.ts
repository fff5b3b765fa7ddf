/** The Bundle of a notification, and of the answers to `$status` and `$events`. Pure. */
import type { AuditEvent } from '@medplum/fhirtypes';
import type { TopicEvent } from './event-log.ts';
import { focusOf, type Report, statusResource, type Wording } from './status.ts';

export type Json = Record<string, unknown>;

const METHODS = { create: 'POST', update: 'PUT', delete: 'DELETE' } as const;
const STATUSES = { create: '201', update: '200', delete: '204' } as const;

function statusEntry(wording: Wording, report: Report): Json {
  const url = `${wording.base}/Subscription/${report.subscription}/$status`;
  return {
    fullUrl: `urn:uuid:${report.id}`,
    resource: statusResource(wording, report),
    ...(wording.flavour.statusRequest && { request: { method: 'GET', url }, response: { status: '200' } }),
  };
}

/** The resource's entry: the version that the event is about, with the resource for `full-resource`. */
function eventEntry({ flavour, base }: Wording, { change }: TopicEvent, whole: boolean): Json {
  const { type, id, interaction, versionId, lastUpdated, resource } = change;
  const url = interaction === 'create' ? type : `${type}/${id}`;
  return {
    fullUrl: flavour.fullUrl === 'bare' ? id : `${base}/${type}/${id}`,
    ...(whole && interaction !== 'delete' && { resource }),
    request: { method: METHODS[interaction], url },
    ...(flavour.statusRequest && {
      response: { status: STATUSES[interaction], etag: `W/"${versionId}"`, lastModified: lastUpdated },
    }),
  };
}

function auditEntry(event: TopicEvent): Json {
  const resource: AuditEvent = {
    resourceType: 'AuditEvent',
    id: event.id,
    type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
    recorded: event.change.lastUpdated,
    agent: [{ requestor: true, name: 'Sandbox' }],
    source: { observer: { display: 'Sandbox' } },
    entity: [{ what: { reference: focusOf(event) } }],
  };
  return {
    fullUrl: `urn:uuid:${event.id}`,
    resource,
    request: { method: 'POST', url: 'AuditEvent' },
    response: { status: '201' },
  };
}

/** Without resources, two entries of one fullUrl would be the same entry twice (bdl-7): the last one stays. */
function entriesOf(wording: Wording, { content, events }: Report): Json[] {
  if (content === 'full-resource') {
    return events.map((event) => eventEntry(wording, event, true));
  }
  const last = new Map(events.map((event) => [focusOf(event), event]));
  return content === 'empty' ? [] : [...last.values()].map((event) => eventEntry(wording, event, false));
}

export function notificationBundle(wording: Wording, report: Report, timestamp: string): Json {
  const { bundle, audit } = wording.flavour;
  return {
    resourceType: 'Bundle',
    id: report.id,
    type: bundle,
    timestamp,
    entry: [
      statusEntry(wording, report),
      ...entriesOf(wording, report),
      ...(audit ? report.events.map(auditEntry) : []),
    ],
  };
}

/** The answer to `$status`. */
export function statusBundle(wording: Wording, reports: readonly Report[]): Json {
  const entry = reports.map((report) => ({
    fullUrl: `urn:uuid:${report.id}`,
    resource: statusResource(wording, report),
    search: { mode: 'match' },
  }));
  return { resourceType: 'Bundle', type: 'searchset', total: entry.length, ...(entry.length > 0 && { entry }) };
}
