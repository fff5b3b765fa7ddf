/** An upright picture on its way out: what was inspected, of that what may leave, and no more in memory than a block. */
import type { Readable } from 'node:stream';
import { through } from '../streams.ts';
import { type Known, openSame } from './blocks.ts';
import { openPlanned } from './plan.ts';
import type { Plan } from './types.ts';

/**
 * What of a file leaves, by the plan that its inspection has made. Each block of it is held until it is known to be the one
 * that was inspected, so that nothing leaves that was not. Fails with `input-unavailable` at the first that is not, and with
 * what the source fails with; destroying it lets the source go.
 */
export const cleanStream = (source: Readable, known: Known, plan: Plan): Readable =>
  through(source, (emit) => openSame(known, openPlanned(plan, emit)));
