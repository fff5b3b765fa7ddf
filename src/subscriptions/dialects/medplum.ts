/**
 * Medplum's rest-hook: always POST, the whole resource of the triggering version as the body, what happened in
 * `X-Medplum-Interaction`. A delete has the body `{}` and names its resource in `X-Medplum-Deleted-Resource` only.
 */
import type { Hint, IncomingNotification } from '../../orders/types.ts';
import type { Dialect } from './came.ts';
import { parseReference } from './reference.ts';
import { resourceOf } from './resource-body.ts';

function interaction(notification: IncomingNotification): Hint['interaction'] {
  const said = notification.headers['x-medplum-interaction'];
  return said === 'create' || said === 'update' || said === 'delete' ? said : 'unknown';
}

export const medplum: Dialect = ({ notification, body }) => {
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
  const said = resourceOf(body);
  if ('unknown' in said) {
    return said;
  }
  if ('empty' in said) {
    return { unknown: 'The body is empty and no deleted resource is named' };
  }
  if (said.id === undefined) {
    return { unknown: 'The resource has no id' };
  }
  const { type, id, version, whole } = said;
  // Where a delete's interaction comes with a body, the body is what was there before: not what is now.
  const happened = interaction(notification);
  const resource = happened === 'delete' ? undefined : whole;
  return {
    hints: [{ type, id, interaction: happened, ...(version && { version }), ...(resource && { resource }) }],
  };
};
