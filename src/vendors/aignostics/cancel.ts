/** Stops an order's run: what has not begun is not billed. */
import { cancelRun } from './api.ts';
import { findRun } from './create.ts';
import { type Ctx, callerOf } from './documents.ts';
import { release } from './ended.ts';
import type { State } from './state.ts';

export async function cancel(state: State, context: Ctx): Promise<undefined> {
  // A run that was sent without an answer may stand all the same.
  const run = state.phase === 'create' ? (await findRun(state, context))?.run_id : state.run;
  if (run !== undefined && !state.terminated) {
    await cancelRun(callerOf(context), run);
  }
  await release(state, context);
}
