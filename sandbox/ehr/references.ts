/** What a resource refers to, and conditional references (`Patient?identifier=…`) replaced by what they find. */
import type { Resource } from '@medplum/fhirtypes';
import { refuse } from './outcomes.ts';
import { findAll, parseQuery } from './search.ts';
import type { Store } from './store.ts';
import type { Stored } from './types.ts';

const LOCAL = /^(?<type>[A-Z]\w+)\/(?<id>[\w.-]{1,64})(?:\/_history\/\S+)?$/;

/** The value with every string `name` property replaced by `change` of it. */
export function mapStrings<T>(value: T, change: (name: string, text: string) => string): T;
export function mapStrings(value: unknown, change: (name: string, text: string) => string): unknown {
  if (Array.isArray(value)) {
    return value.map((part: unknown) => mapStrings(part, change));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      typeof part === 'string' ? change(name, part) : mapStrings(part, change),
    ]),
  );
}

/** Every literal reference in a resource, extensions and contained resources included. */
export function referencesIn(resource: Resource): string[] {
  const found: string[] = [];
  mapStrings(resource, (name, text) => {
    if (name === 'reference') {
      found.push(text);
    }
    return text;
  });
  return found;
}

/** Throws 400 or 412 where a conditional reference finds nothing, or more than one. */
export function resolveConditional<T extends Resource>(resource: T, store: Store, base: string): T {
  return mapStrings(resource, (name, text) => {
    const [type = '', words] = text.split('?', 2);
    if (name !== 'reference' || words === undefined || !/^[A-Z]\w+$/.test(type)) {
      return text;
    }
    const [found, another] = findAll(store, parseQuery(type, new URLSearchParams(words)), base);
    if (another) {
      throw refuse(
        'multiple-matches',
        'multiple-matches',
        `The conditional reference ${type}?… matches several resources`,
      );
    }
    if (!found) {
      throw refuse('invalid', 'not-found', `The conditional reference ${type}?… matches no resource`);
    }
    return `${type}/${found.id}`;
  });
}

/**
 * HAPI: throws 400 for a reference to a local resource that is not there. `pending`: what the same
 * transaction creates, by `Type/id` or, where the server made the id, by id.
 */
export function checkReferences(resource: Resource, store: Store, pending: ReadonlySet<string>): void {
  for (const reference of referencesIn(resource)) {
    const { type, id } = LOCAL.exec(reference)?.groups ?? {};
    if (type && id && !pending.has(`${type}/${id}`) && !pending.has(id) && !store.live(type, id)) {
      throw refuse('invalid', 'processing', `HAPI-1094: Resource ${type}/${id} not found, specified in path`);
    }
  }
}

/** HAPI: throws 409 when something still refers to what is to be deleted. */
export function checkUnreferenced(target: Stored, store: Store, leaving: ReadonlySet<string>): void {
  const wanted = `${target.resourceType}/${target.id}`;
  for (const type of store.types()) {
    for (const resource of store.all(type)) {
      const other = `${type}/${resource.id}`;
      if (other !== wanted && !leaving.has(other) && referencesIn(resource).includes(wanted)) {
        throw refuse('conflict', 'conflict', `HAPI-0550: Unable to delete ${wanted} because ${other} refers to it`);
      }
    }
  }
}
