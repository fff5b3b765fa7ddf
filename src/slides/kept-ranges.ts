/** What of a file stays; everything else is to be zeros. */
import { damaged, truncated } from './refusals.ts';
import type { Patch } from './types.ts';

/** Bytes from `start` up to, not including, `end`. In two columns: a slide has some hundred thousand tiles. */
export interface Ranges {
  starts: Float64Array;
  ends: Float64Array;
}

/** A gap of fewer bytes holds nothing: writers put files' parts on even places. */
const LEAST_GAP = 4;

/** Sorted by their starts. */
export function sortRanges(all: readonly Ranges[]): Ranges {
  const starts = concat(all.map((ranges) => ranges.starts));
  const ends = concat(all.map((ranges) => ranges.ends));
  if (starts.every((start, index) => index === 0 || start >= (starts[index - 1] ?? 0))) {
    return { starts, ends };
  }
  const order = Uint32Array.from(starts.keys()).sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0));
  return {
    starts: Float64Array.from(order, (index) => starts[index] ?? 0),
    ends: Float64Array.from(order, (index) => ends[index] ?? 0),
  };
}

function concat(columns: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(columns.reduce((sum, column) => sum + column.length, 0));
  let at = 0;
  for (const column of columns) {
    joined.set(column, at);
    at += column.length;
  }
  return joined;
}

/**
 * Zeros for every byte of the file that is in none of the ranges. Ranges may overlap (equal tiles are stored once).
 * Throws `input-unsupported` where one lies beyond the end of the file.
 */
export function zerosBetween(kept: readonly Ranges[], size: number): Patch[] {
  const { starts, ends } = sortRanges(kept);
  const patches: Patch[] = [];
  let at = 0;
  const zero = (end: number): void => {
    if (end - at >= LEAST_GAP) {
      patches.push({ offset: at, zeros: end - at });
    }
  };
  for (let index = 0; index < starts.length; index++) {
    const end = ends[index] ?? 0;
    if (end > size) {
      throw truncated();
    }
    zero(starts[index] ?? 0);
    at = Math.max(at, end);
  }
  zero(size);
  return patches;
}

/** Throws `input-unsupported` where what is written anew lies in what passes untouched: the file contradicts itself. */
export function assertApart(written: readonly Ranges[], untouched: readonly Ranges[]): void {
  const a = sortRanges(written);
  const b = sortRanges(untouched);
  let reach = 0;
  let next = 0;
  for (let index = 0; index < a.starts.length; index++) {
    const start = a.starts[index] ?? 0;
    const end = a.ends[index] ?? 0;
    for (; next < b.starts.length && (b.starts[next] ?? 0) < end; next++) {
      reach = Math.max(reach, b.ends[next] ?? 0);
    }
    if (reach > start) {
      throw damaged();
    }
  }
}
