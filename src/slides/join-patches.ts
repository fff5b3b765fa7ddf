/** Patches from several hands, put in order. */
import { damaged } from './refusals.ts';
import type { Patch } from './types.ts';

export const lengthOf = (patch: Patch): number => ('zeros' in patch ? patch.zeros : patch.bytes.length);

/**
 * Sorted by place, empty ones left out. Throws `input-unsupported` where two overlap: the file says of the same bytes
 * that they are two things, and what is written for one would spoil the other.
 */
export function joinPatches(patches: readonly Patch[]): Patch[] {
  const sorted = patches.filter((patch) => lengthOf(patch) > 0).sort((a, b) => a.offset - b.offset);
  let end = 0;
  for (const patch of sorted) {
    if (patch.offset < end) {
      throw damaged();
    }
    end = patch.offset + lengthOf(patch);
  }
  return sorted;
}

/** The same patches in a file in which this one begins at byte `by`. */
export function movePatches(patches: readonly Patch[], by: number): Patch[] {
  return patches.map((patch) => ({ ...patch, offset: patch.offset + by }));
}
