/** Joins a chunk's FHIR entries to its extractions: by id, else by code and date. Pure. */
import type { SafeEntry } from './bundle.ts';
import { agree, partialDate } from './dates.ts';
import type { Placed } from './state.ts';

export interface Joined {
  pairs: { placed: Placed; entry?: SafeEntry }[];
  /** Entries that no extraction stands for: their words and certainty are not known. */
  alone: SafeEntry[];
}

function sameDate({ extraction }: Placed, entry: SafeEntry): boolean {
  const one = partialDate(extraction.date);
  const other = partialDate(entry.start);
  if (one === undefined || other === undefined) {
    // A relative date may stand as a computed one in the entry.
    return one === other || extraction.relative_date !== undefined;
  }
  return agree(one, other);
}

export function join(found: readonly Placed[], entries: readonly SafeEntry[]): Joined {
  const left = new Set(entries);
  const matches = new Map<Placed, SafeEntry>();
  const rules: ((placed: Placed, entry: SafeEntry) => boolean)[] = [
    ({ extraction }, { ids }) => extraction.id !== undefined && ids.includes(extraction.id),
    (placed, entry) =>
      entry.snomed !== undefined && entry.snomed === placed.extraction.snomed_ct_code && sameDate(placed, entry),
  ];
  for (const rule of rules) {
    for (const placed of found) {
      const entry = matches.has(placed) ? undefined : [...left].find((candidate) => rule(placed, candidate));
      if (entry) {
        matches.set(placed, entry);
        left.delete(entry);
      }
    }
  }
  const pairs = found.map((placed) => {
    const entry = matches.get(placed);
    return { placed, ...(entry ? { entry } : {}) };
  });
  return { pairs, alone: [...left] };
}
