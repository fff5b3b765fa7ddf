/** The versions of all resources, append-only, with a journal so that what was not committed can be taken back. */
import type { Change, Stored, Version } from './types.ts';

export interface Store {
  /** Oldest first; empty: never there. */
  versions(type: string, id: string): readonly Version[];
  /** The newest version, a delete included. */
  newest(type: string, id: string): Version | undefined;
  live(type: string, id: string): Stored | undefined;
  /** What is there now, in the order of creation. */
  all(type: string): Iterable<Stored>;
  types(): Iterable<string>;
  /** Every version of a type, oldest first within one id. */
  history(type: string): Iterable<Version>;
  append(version: Version): void;
  /** Where the journal stands; `undo` goes back to it. */
  mark(): number;
  undo(mark: number): void;
  /** Takes the journal: what was written since the last commit. */
  commit(): Change[];
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) {
      freeze(part);
    }
  }
  return value;
}

export function openStore(): Store {
  const types = new Map<string, Map<string, Version[]>>();
  let journal: Change[] = [];

  const versions = (type: string, id: string): Version[] => types.get(type)?.get(id) ?? [];
  const present = (version: Version | undefined): Stored | undefined =>
    version && version.interaction !== 'delete' ? version.resource : undefined;

  return {
    versions,
    newest: (type, id) => versions(type, id).at(-1),
    live: (type, id) => present(versions(type, id).at(-1)),
    types: () => types.keys(),

    *all(type) {
      for (const list of types.get(type)?.values() ?? []) {
        const resource = present(list.at(-1));
        if (resource) {
          yield resource;
        }
      }
    },

    *history(type) {
      for (const list of types.get(type)?.values() ?? []) {
        yield* list;
      }
    },

    append(version) {
      const { resourceType: type, id } = version.resource;
      const ofType = types.get(type) ?? new Map<string, Version[]>();
      types.set(type, ofType);
      const list = ofType.get(id) ?? [];
      ofType.set(id, list);
      journal.push({ ...version, type, id, previous: present(list.at(-1)) });
      list.push(freeze(version));
    },

    mark: () => journal.length,

    undo(mark) {
      for (const { type, id } of journal.splice(mark).reverse()) {
        const list = versions(type, id);
        list.pop();
        if (list.length === 0) {
          types.get(type)?.delete(id);
        }
      }
    },

    commit() {
      const changes = journal;
      journal = [];
      return changes;
    },
  };
}
