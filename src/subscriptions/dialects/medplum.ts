/**
 * Medplum's rest-hook: always POST, the whole resource of the triggering version as the body, what happened in
 * `X-Medplum-Interaction`. A delete has the body `{}` and names its resource in `X-Medplum-Deleted-Resource` only.
 */
import type { Hint, IncomingNotification, Reading } from '../../orders/types.ts';
import { parseReference, readBody } from './resource-body.ts';

function interaction(notification: IncomingNotification): Hint['interaction'] {
  const said = notification.headers['x-medplum-interaction'];
  return said === 'create' || said === 'update' || said === 'delete' ? said : 'unknown';
}

/** undefined: not Medplum's manner. */
export function medplum(notification: IncomingNotification): Reading | undefined {
  const { headers, method } = notification;
  const deleted = headers['x-medplum-deleted-resource'];
  const signs = [headers['x-medplum-subscription'], headers['x-medplum-interaction'], deleted];
  if (method !== 'POST' || signs.every((sign) => sign === undefined)) {
    return undefined;
  }
  if (deleted !== undefined) {
    const reference = parseReference(deleted);
    return reference
      ? { hints: [{ ...reference, interaction: 'delete' }] }
      : { unknown: 'X-Medplum-Deleted-Resource names no resource' };
  }
  const body = readBody(notification);
  if ('unknown' in body) {
    return body;
  }
  if ('empty' in body) {
    return { unknown: 'The body is empty and no deleted resource is named' };
  }
  if (body.id === undefined) {
    return { unknown: 'The resource has no id' };
  }
  const { type, id, version, whole } = body;
  // Where a delete's interaction comes with a body, the body is what was there before: not what is now.
  const happened = interaction(notification);
  const resource = happened === 'delete' ? undefined : whole;
  return {
    hints: [{ type, id, interaction: happened, ...(version && { version }), ...(resource && { resource }) }],
  };
}
