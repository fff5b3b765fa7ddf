/** Stable names of the results, of which their identifiers are made. Pure. */
import { sha256 } from './chunk-text.ts';
import type { Item } from './items.ts';

const PREFIX = { disorder: 'condition', procedure: 'procedure', finding: 'obs' } as const;

const plain = ({ concept, code, term }: Item) =>
  `${PREFIX[concept]}/${code ?? `text-${sha256(term.toLowerCase()).slice(0, 12)}`}`;

/** Word characters only, so that a name is the same in an identifier and in a URL. */
const token = (value: string) => value.replace(/[^A-Za-z0-9.-]+/g, '-').replace(/^-+|-+$/g, '');

function dated(item: Item): string {
  const since = item.onset.date ?? token(item.onset.words ?? '');
  const until = item.end.date ?? token(item.end.words ?? '');
  return [plain(item), since, until === '' ? '' : `to-${until}`].filter(Boolean).join('/');
}

/** A name each, in the order of `items`: by code; by date too where a code has several dates. */
export function partNames(items: readonly Item[]): string[] {
  const count = (names: readonly string[], name: string) => names.filter((other) => other === name).length;
  const simple = items.map(plain);
  const names = items.map((item, index) => {
    const name = simple[index] ?? '';
    return count(simple, name) > 1 ? dated(item) : name;
  });
  return names.map((name, index) => {
    const earlier = count(names.slice(0, index), name);
    return earlier === 0 ? name : `${name}/${earlier + 1}`;
  });
}
