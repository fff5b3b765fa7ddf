/** In which elements a Subscription as it stands differs from the one that we want. Pure. */
import type { AnySubscription } from './shape.ts';

/** Elements whose lists must be equal: a second header or another filter changes what is sent. */
const EXACT = new Set(['header', 'parameter', 'filterBy']);
/** The server's own, or told apart elsewhere. */
const NOT_COMPARED = new Set(['resourceType', 'id', 'status', 'error', 'reason']);

/** Whether everything wanted is there; what the server added, an id or a version, is not looked at. */
function holds(standing: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    const there: unknown[] = Array.isArray(standing) ? standing : [];
    return wanted.every((item) => there.some((candidate) => holds(candidate, item)));
  }
  if (typeof wanted === 'object' && wanted !== null) {
    const there = typeof standing === 'object' && standing !== null ? new Map(Object.entries(standing)) : new Map();
    return Object.entries(wanted).every(([name, value]) => holds(there.get(name), value));
  }
  return standing === wanted;
}

function length(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

function compare(standing: object | undefined, wanted: object, path: string): string[] {
  const there = new Map<string, unknown>(Object.entries(standing ?? {}));
  const names = new Set([...Object.keys(wanted), ...[...there.keys()].filter((name) => EXACT.has(name))]);
  const expected = new Map<string, unknown>(Object.entries(wanted));
  return [...names].flatMap((name) => {
    const value = expected.get(name);
    const same = holds(there.get(name), value ?? []) && (!EXACT.has(name) || length(there.get(name)) === length(value));
    return same ? [] : [`${path}${name}`];
  });
}

/** Names of elements, `channel.header` or `meta.tag`; values are never in them, for one may be the secret. */
export function differences(standing: AnySubscription, wanted: AnySubscription): string[] {
  const { channel, meta, ...rest } = wanted;
  const compared = Object.fromEntries(Object.entries(rest).filter(([name]) => !NOT_COMPARED.has(name)));
  return [
    ...compare(standing, compared, '').filter((name) => !NOT_COMPARED.has(name)),
    ...(channel ? compare(standing.channel, channel, 'channel.') : []),
    ...(meta ? compare(standing.meta, meta, 'meta.') : []),
  ];
}
