/**
 * HAPI's criteria-style rest-hook (Firely's too): `PUT {endpoint}/{Type}/{id}` with the bare resource for create and
 * update alike, `DELETE` of the same path, and an empty POST where the Subscription has no payload.
 */
import type { IncomingNotification } from '../../orders/types.ts';
import type { Dialect } from './came.ts';
import { FHIR_ID, looseReference } from './reference.ts';
import { resourceOf } from './resource-body.ts';

/** `If-Match: W/"3"` or `"3"`: HAPI's client names the version it sends. It is no condition here. */
function ifMatchVersion(notification: IncomingNotification): string | undefined {
  const version = /^(?:W\/)?"([^"]+)"$/.exec(notification.headers['if-match'] ?? '')?.[1];
  return version !== undefined && FHIR_ID.test(version) ? version : undefined;
}

export const hapi: Dialect = ({ notification, body }) => {
  const { method, path } = notification;
  if (method === 'POST') {
    return notification.body.length === 0 ? { sweep: true } : undefined;
  }
  const named = looseReference(path);
  if (!named || path.split('/').length - (named.version ? 2 : 0) !== 3) {
    return path === '' && method === 'PUT' ? undefined : { unknown: 'The path names no resource' };
  }
  const target = { type: named.type, id: named.id };
  if (method === 'DELETE') {
    return { hints: [{ ...target, interaction: 'delete' }] };
  }
  const said = resourceOf(body);
  if ('unknown' in said) {
    return said;
  }
  const told = named.version ?? ifMatchVersion(notification);
  if ('empty' in said) {
    return { hints: [{ ...target, interaction: 'unknown', ...(told && { version: told }) }] };
  }
  if (said.type !== target.type || (said.id !== undefined && said.id !== target.id)) {
    return { unknown: 'The body is not the resource that the path names' };
  }
  const version = said.version ?? told;
  // The first version of most servers is 1; nothing else tells a create from an update.
  const interaction = version === undefined ? 'unknown' : version === '1' ? 'create' : 'update';
  return {
    hints: [{ ...target, interaction, ...(version && { version }), ...(said.whole && { resource: said.whole }) }],
  };
};
