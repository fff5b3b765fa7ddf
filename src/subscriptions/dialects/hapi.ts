/**
 * HAPI's criteria-style rest-hook (Firely's too): `PUT {endpoint}/{Type}/{id}` with the bare resource for create and
 * update alike, `DELETE` of the same path, and an empty POST where the Subscription has no payload.
 */
import type { IncomingNotification, Reading } from '../../orders/types.ts';
import { FHIR_ID, parseReference, readBody } from './resource-body.ts';

/** `If-Match: W/"3"` or `"3"`: HAPI's client names the version it sends. It is no condition here. */
function ifMatchVersion(notification: IncomingNotification): string | undefined {
  const version = /^(?:W\/)?"([^"]+)"$/.exec(notification.headers['if-match'] ?? '')?.[1];
  return version !== undefined && FHIR_ID.test(version) ? version : undefined;
}

/** undefined: not HAPI's manner. */
export function hapi(notification: IncomingNotification): Reading | undefined {
  const { method, path } = notification;
  if (method === 'POST') {
    return notification.body.length === 0 ? { sweep: true } : undefined;
  }
  const target = parseReference(path.replace(/^\//, '').replace(/\/_history\/[^/]+$/, ''));
  if (!target) {
    return { unknown: 'The path names no resource' };
  }
  if (method === 'DELETE') {
    return { hints: [{ ...target, interaction: 'delete' }] };
  }
  const body = readBody(notification);
  if ('unknown' in body) {
    return body;
  }
  if ('empty' in body) {
    const version = ifMatchVersion(notification);
    return { hints: [{ ...target, interaction: 'unknown', ...(version && { version }) }] };
  }
  if (body.type !== target.type || (body.id !== undefined && body.id !== target.id)) {
    return { unknown: 'The body is not the resource that the path names' };
  }
  const version = body.version ?? ifMatchVersion(notification);
  // The first version of most servers is 1; nothing else tells a create from an update.
  const interaction = version === undefined ? 'unknown' : version === '1' ? 'create' : 'update';
  return {
    hints: [{ ...target, interaction, ...(version && { version }), ...(body.whole && { resource: body.whole }) }],
  };
}
