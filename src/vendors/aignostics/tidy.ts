/** The last step: copies of slides are removed, and results at the platform too where the site wants it. */
import type { Step } from '../contract.ts';
import { deleteArtifacts } from './api.ts';
import { type Ctx, callerOf } from './documents.ts';
import { ended, release } from './ended.ts';
import { WAITS } from './facts.ts';
import { resultOf } from './result-of.ts';
import { readSlides } from './slide-parts.ts';
import type { Result, State } from './state.ts';

export async function tidy(state: State, context: Ctx): Promise<Step<State, Result>> {
  const parts = await readSlides(context.parts);
  if (!parts.some(({ outcome }) => outcome === 'succeeded')) {
    return ended(state, context);
  }
  await release(state, context);
  const result = resultOf(state, parts, true);
  // What could not be fetched may be fetched by a person yet.
  const whole = parts.every(({ artifacts }) => artifacts.every(({ lost }) => lost === undefined));
  if (context.settings.deleteArtifacts && whole) {
    for (const run of result.runs) {
      if (!(await deleteArtifacts(callerOf(context), run))) {
        return { next: state, after: WAITS.replica, status: 'results fetched' };
      }
    }
  }
  return { done: result };
}
