/**
 * The subscription engine on a branch of Microsoft's FHIR server: the Backport IG's Parameters, but the focus is a URI,
 * the time a dateTime, and events have no numbers. Its POST has no FHIR content type. Its handshake is the IG's own.
 */
import type { Dialect } from './came.ts';
import { readEvents } from './status-reading.ts';

export const microsoft: Dialect = ({ bundle }) =>
  bundle?.status?.shape === 'Parameters' && bundle.status.events.some(({ focusIsUri }) => focusIsUri)
    ? readEvents(bundle.status, bundle.entries)
    : undefined;
