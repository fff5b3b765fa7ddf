/** Lists as the vendor gives them: bare arrays in pages, sorted where asked, in no order to rely on where not. */
import type { Request } from 'express';
import type { Problem } from './answers.ts';
import { compilePath } from './json-path.ts';

const SMALLEST = 5;
const LARGEST = 100;
const USUAL = 50;
const LONGEST_PATH = 1000;

type Value = string | number | null;

export interface Listing<T> {
  items: readonly T[];
  /** By name: what can be sorted by. Dates as ISO strings, objects as JSON. */
  fields: Record<string, (item: T) => Value>;
  /** What orders them where nobody asks for an order. */
  unsorted(item: T): string;
  /** How this list spells it. */
  sizeName: 'page_size' | 'page-size';
}

/** The page that was asked for, or what is wrong with the asking. */
export function pageOf<T>(request: Request, listing: Listing<T>): { page: T[] } | { problems: Problem[] } {
  const problems: Problem[] = [];
  const number = (name: string, otherwise: number, least: number, most: number) => {
    const [text] = all(request, name);
    const value = text === undefined ? otherwise : /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      problems.push({
        ...{ loc: ['query', name], input: text, ctx: { ge: least, le: most } },
        ...{ msg: `Input should be a whole number from ${least} to ${most}`, type: 'int_range' },
      });
    }
    return value;
  };
  const page = number('page', 1, 1, Number.MAX_SAFE_INTEGER);
  const size = number(listing.sizeName, USUAL, SMALLEST, LARGEST);
  const sorts = all(request, 'sort').map(readSort);
  for (const { name } of sorts) {
    if (!Object.hasOwn(listing.fields, name)) {
      const msg = `Value error, Invalid sort field. Available fields: ${Object.keys(listing.fields).join(', ')}`;
      problems.push({ loc: ['query', 'sort'], msg, type: 'value_error', input: name });
    }
  }
  if (problems.length > 0) {
    return { problems };
  }
  const sorted = listing.items.toSorted((a, b) => {
    for (const { name, sign } of sorts) {
      const field = listing.fields[name];
      const difference = field ? compare(field(a), field(b)) * sign : 0;
      if (difference !== 0) {
        return difference;
      }
    }
    return compare(listing.unsorted(a), listing.unsorted(b));
  });
  return { page: sorted.slice((page - 1) * size, page * size) };
}

/** A query parameter as often as it was given. */
export function all(request: Request, name: string): string[] {
  const value = request.query[name];
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');
}

export const first = (request: Request, name: string): string | undefined => all(request, name)[0];

/** What `custom_metadata` in the query lets through; without one, everything. */
export function metadataFilter(request: Request): { passes(metadata: unknown): boolean } | { problems: Problem[] } {
  const expression = first(request, 'custom_metadata');
  if (expression === undefined) {
    return { passes: () => true };
  }
  const passes = expression.length <= LONGEST_PATH ? compilePath(expression) : undefined;
  if (passes) {
    return { passes };
  }
  const msg = 'Value error, Invalid JSONPath expression';
  return { problems: [{ loc: ['query', 'custom_metadata'], msg, type: 'value_error', input: expression }] };
}

/** `-name` descending; `+name` ascending, whose plus sign arrives as a space where nobody has escaped it. */
function readSort(text: string): { name: string; sign: 1 | -1 } {
  return { name: text.replace(/^[-+ ]/, ''), sign: text.startsWith('-') ? -1 : 1 };
}

/** Nothing comes last. */
function compare(a: Value, b: Value): number {
  if (a === b) {
    return 0;
  }
  if (a === null || b === null) {
    return a === null ? 1 : -1;
  }
  return a < b ? -1 : 1;
}
