/** How far a batch is: nothing, a growing part of the parameters, or all, over the simulator's time. */
import type { Simulator } from './simulator.ts';
import type { Computation } from './world.ts';

/** 0 to 1: the share of the parameters that are there; undefined: not even the application's key is. */
export type Progress = number | undefined;

/** Before this share of the time nothing of a batch can be seen. */
const VISIBLE_FROM = 0.25;
/** Where `partial-forever` stops. */
const STUCK_AT = 0.6;

export function progressOf({ at, faults }: Computation, { now, options, lasts }: Simulator): Progress {
  const elapsed = now().getTime() - at;
  const whole = options.secondsUntilReady * 1000;
  const share = elapsed >= whole ? 1 : elapsed / whole;
  const held = (fault: 'never-done' | 'partial-forever') => faults.has(fault) && lasts(fault);
  if (held('never-done') || share < VISIBLE_FROM) {
    return undefined;
  }
  return held('partial-forever') ? Math.min(share, STUCK_AT) : share;
}
