/** Several hints of one notification at the same resource, made one. Pure. */
import type { Hint } from '../../orders/types.ts';

const NUMBER = /^\d{1,15}$/;

/** The newest of several versions; undefined where they cannot be ordered. */
function newest(versions: string[]): string | undefined {
  const [first] = versions;
  if (first === undefined || versions.length === 1) {
    return first;
  }
  return versions.every((version) => NUMBER.test(version))
    ? versions.reduce((left, right) => (Number(left) < Number(right) ? right : left))
    : undefined;
}

/**
 * A delete stays one, whatever else is said: the read that confirms it also finds a resource that came back. Otherwise
 * the newest version counts; where nobody can say which that is, the resource is read again.
 */
function mergeOne(hints: Hint[], { type, id }: Hint): Hint {
  if (hints.some(({ interaction }) => interaction === 'delete')) {
    return { type, id, interaction: 'delete' };
  }
  const versions = [...new Set(hints.flatMap(({ version }) => version ?? []))];
  const version = newest(versions);
  const about = version === undefined && versions.length > 0 ? [] : hints.filter((hint) => hint.version === version);
  const said = [...about, ...(versions.length < 2 ? hints : [])].find(({ interaction }) => interaction !== 'unknown');
  const resource = about.find((hint) => hint.resource)?.resource;
  const interaction = said?.interaction ?? 'unknown';
  return { type, id, interaction, ...(version && { version }), ...(resource && { resource }) };
}

/** One hint for each resource, in the order of the first mention. */
export function mergeHints(hints: readonly Hint[]): Hint[] {
  const groups = new Map<string, { first: Hint; all: Hint[] }>();
  for (const hint of hints) {
    const key = `${hint.type}/${hint.id}`;
    const group = groups.get(key) ?? { first: hint, all: [] };
    group.all.push(hint);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ first, all }) => mergeOne(all, first));
}
