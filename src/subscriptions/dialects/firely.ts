/**
 * Firely: its usual `PUT {endpoint}/{Type}/{id}` is HAPI's; here is what `SendRestHookAsCreate` makes of it, a POST of the
 * bare resource, and a PUT that comes without the resource's path. What happened to the resource is not said.
 */
import type { Dialect } from './came.ts';
import { readResource } from './resource-body.ts';

/** What is sent as a notification and is not what changed. */
const ENVELOPES = ['Bundle', 'Parameters', 'SubscriptionStatus', 'OperationOutcome'];

export const firely: Dialect = ({ notification, body }) => {
  const { method, path } = notification;
  const resource = 'json' in body ? readResource(body.json) : undefined;
  if (!resource || ENVELOPES.includes(resource.type) || (method === 'PUT' && path !== '') || method === 'DELETE') {
    return undefined;
  }
  const { type, id, version, whole } = resource;
  if (id === undefined) {
    return { unknown: 'The resource has no id' };
  }
  if (!['', `/${type}`, `/${type}/${id}`].includes(path)) {
    return { unknown: 'The body is not the resource that the path names' };
  }
  return {
    hints: [{ type, id, interaction: 'unknown', ...(version && { version }), ...(whole && { resource: whole }) }],
  };
};
