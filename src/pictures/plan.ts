/** What of a file leaves, as a list: so that it is known when it is inspected, and needs no parser when it is sent. */
import type { Emit } from './pieces.ts';
import type { Plan } from './types.ts';

/** A plan that is longer is not kept: it lies with the order in the database, and no camera's file needs it. */
const MOST_ENTRIES = 200;
const MOST_OWN_BYTES = 4096;

export interface Planner {
  /** What a cleaner emits, in its order. */
  add: Emit;
  /** Undefined where it has become too long. */
  plan(): Plan | undefined;
}

/** Makes a plan of what a cleaner emits. */
export function openPlanner(): Planner {
  const plan: ([from: number, to: number] | string)[] = [];
  let own = 0;
  const isShort = () => plan.length <= MOST_ENTRIES && own <= MOST_OWN_BYTES;
  return {
    add(bytes, from) {
      const last = plan.at(-1);
      if (from !== undefined && typeof last === 'object' && last[1] === from) {
        last[1] += bytes.length;
      } else if (bytes.length > 0 && isShort()) {
        own += from === undefined ? bytes.length : 0;
        plan.push(from === undefined ? Buffer.from(bytes).toString('base64') : [from, from + bytes.length]);
      }
    },
    plan: () => (isShort() ? plan : undefined),
  };
}

/** Takes a file as it comes and hands on what of it leaves: parts of its pieces, uncopied, and the bytes of the plan's own. */
export function openPlanned(plan: Plan, emit: (bytes: Uint8Array) => void): (piece: Uint8Array) => void {
  let index = 0;
  let before = 0;
  return (piece) => {
    const end = before + piece.length;
    for (; index < plan.length; index++) {
      const next = plan[index] ?? '';
      if (typeof next === 'string') {
        emit(Buffer.from(next, 'base64'));
        continue;
      }
      const [from, to] = next;
      if (from < end && to > before) {
        emit(piece.subarray(Math.max(from - before, 0), to - before));
      }
      if (to > end) {
        break;
      }
    }
    before = end;
  };
}
