/** Stable names of results, of which their identifiers are made, and codes of the vendor's own names. Pure. */
import { createHash } from 'node:crypto';

const hash = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 8);

/** `ring trophozoite` → `ring-trophozoite`; a name of which nothing is left is known by its hash. */
export function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  return plain === '' ? `text-${hash(name)}` : plain;
}

export interface Named {
  /** `finding/`, with its slash. */
  prefix: string;
  /** The vendor's name. */
  name: string;
  /** What parts two of the same name: the task, the place in a list. */
  from: string;
}

/**
 * A part each, in the same order: `obs/rbc-density`. Two names that look alike once they are plain get their hash behind
 * them, but for the one that was plain already; two of the very same name are told apart by where they come from.
 */
export function partNames(all: readonly Named[]): string[] {
  const plain = all.map(({ prefix, name }) => `${prefix}${slug(name)}`);
  const exact = all.map(({ prefix, name }, index) => {
    const part = plain[index] ?? '';
    const rivals = all.filter((other, at) => plain[at] === part && other.name !== name);
    return rivals.length === 0 || part === `${prefix}${name}` ? part : `${part}-${hash(name)}`;
  });
  const whole = all.map(({ from }, index) => {
    const part = exact[index] ?? '';
    return exact.indexOf(part) === index ? part : `${part}/${slug(from)}`;
  });
  return whole.map((part, index) => {
    const earlier = whole.slice(0, index).filter((other) => other === part).length;
    return earlier === 0 ? part : `${part}/${earlier + 1}`;
  });
}
