/** Stable names of what is written, of which identifiers are made. Pure. */
import { createHash } from 'node:crypto';

const hash = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 12);

/**
 * An id or name of the vendor's as it stands within a part's name, made of nothing but itself: `S-17` is plain and stays,
 * `HER2/neu` becomes `her2-neu.` and its hash. Only the hash is behind a dot, so that no two names come to the same.
 */
export function token(name: string): string {
  if (/^[\w-]{1,64}$/.test(name)) {
    return name;
  }
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  return `${readable}.${hash(name)}`;
}

/** The same names in the same order; one that was there before has its number behind it. */
export function unique(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name}/${times}`;
  });
}
