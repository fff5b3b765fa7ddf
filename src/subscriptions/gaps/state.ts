/**
 * What is remembered of one Subscription's event numbers, and how it is kept. Numbers are 64 bits wide, so they are
 * bigints here and text where they are kept.
 */
import { z } from 'zod';

/** How many numbers are remembered with what they stood for. */
export const REMEMBERED = 200;

export interface GapState {
  /** Every event up to this number has been heard of, or was recovered. */
  upTo: bigint;
  /** The highest number that the server has told of; above `upTo` something is missing. */
  top: bigint;
  /** Numbers heard, each with a mark of its event: an equal number with another mark is another event. */
  heard: ReadonlyMap<bigint, string>;
  /** Numbers that were never heard but recovered: they may still come, late. */
  recovered: readonly (readonly [bigint, bigint])[];
  /** A count that was too low, where nothing tells an old message from a counter that began anew. */
  low?: bigint;
  /** Milliseconds since 1970 at which what is missing is recovered. */
  due?: number;
  /** Milliseconds since 1970 of the last message. */
  heardAt: number;
  /** When the server was last asked about its silence. */
  askedAt?: number;
  /** How often the numbers began anew, and how many fitted since the last time. */
  resets: number;
  fits: number;
  /** Why the numbers are not believed any more, in words. */
  distrusted?: string;
  /** The server refuses `$events`. */
  noEvents?: boolean;
}

const number = z
  .string()
  .regex(/^\d{1,30}$/)
  .transform(BigInt);
const time = z.number().optional();
const kept = z.object({
  upTo: number,
  top: number,
  heard: z.array(z.tuple([number, z.string()])),
  recovered: z.array(z.tuple([number, number])),
  low: number.optional(),
  due: time,
  heardAt: z.number(),
  askedAt: time,
  resets: z.number(),
  fits: z.number(),
  distrusted: z.string().optional(),
  noEvents: z.boolean().optional(),
});

/** undefined: nothing is kept, or something of another version: then one begins anew. */
export function parseState(text: string | undefined): GapState | undefined {
  try {
    const { low, due, askedAt, distrusted, noEvents, heard, ...rest } = kept.parse(JSON.parse(text ?? ''));
    return {
      ...rest,
      heard: new Map(heard),
      ...(low !== undefined && { low }),
      ...(due !== undefined && { due }),
      ...(askedAt !== undefined && { askedAt }),
      ...(distrusted !== undefined && { distrusted }),
      ...(noEvents && { noEvents }),
    };
  } catch {
    return undefined;
  }
}

export function formatState(state: GapState): string {
  const { heard, ...rest } = state;
  return JSON.stringify({ ...rest, heard: [...heard] }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

/** With `upTo` moved over everything that was heard, and only the latest numbers remembered. */
export function settled(state: GapState): GapState {
  let { upTo } = state;
  while (state.heard.has(upTo + 1n)) {
    upTo += 1n;
  }
  const order = (a: readonly [bigint, string], b: readonly [bigint, string]) => (a[0] < b[0] ? -1 : 1);
  const heard = new Map([...state.heard].sort(order).slice(-REMEMBERED));
  const { due, ...rest } = state;
  const missing = upTo < state.top;
  return { ...rest, upTo, heard, top: missing ? state.top : upTo, ...(missing && due !== undefined && { due }) };
}
