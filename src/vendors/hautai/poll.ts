/** Asks for the results: every two seconds at first, then every five, then every thirty, for a quarter of an hour. */
import type { Context, Step } from '../contract.ts';
import { sentence } from '../plain-words.ts';
import { blockOf, foundOf } from './answers.ts';
import { hautaiApi } from './api.ts';
import { LIMITS, type Side, WAITS } from './facts.ts';
import type { Options, Settings } from './settings.ts';
import type { Found, Result, State } from './state.ts';
import { anotherBatch } from './upload.ts';

type Ctx = Context<Settings, Options>;

const ADVICE = 'Please retake the photo: the whole face, neutral light, no glasses, nobody else in the picture.';
const NEVER = 'The AI service did not finish the skin analysis, also when asked once more; please order again later.';

/** Seconds until the next look. */
export function pauseAfter(looks: number): number {
  let seen = 0;
  for (const round of WAITS.poll) {
    seen += round.looks;
    if (looks < seen) {
      return round.pause;
    }
  }
  return WAITS.pollLast;
}

async function look({ batch, photos }: State, context: Ctx): Promise<Found | undefined> {
  const api = hautaiApi(context.http, context.settings, () => context.now(), context.signal);
  const results = await api.results(batch ?? '');
  const block = results === undefined ? undefined : blockOf(results, context.settings.application);
  return (
    block &&
    foundOf(
      block,
      photos.map(({ side }) => side),
    )
  );
}

/** What makes photos useless, in words; undefined where there is something to report. */
function unusable(found: Found, sides: readonly Side[]): Step<State, Result> | undefined {
  const bad = found.unusable.map(({ side }) => side);
  if (found.parameters.length > 0 && sides.some((side) => !bad.includes(side))) {
    return undefined;
  }
  const told = [...new Set(found.unusable.map(({ why }) => why))].map((why) => ` ${sentence(why)}`).join('');
  const vendor = told === '' ? '' : ` The vendor says:${told}`;
  return { fail: { code: 'input-unsupported', text: `The photo could not be analysed. ${ADVICE}${vendor}` } };
}

/** Masks first, then history; each is passed over quickly where the route does not want it. */
const goOn = (state: State, found: Found): Step<State, Result> => ({
  next: { ...state, phase: 'masks', found },
  status: 'analysed',
});

export async function poll(state: State, context: Ctx): Promise<Step<State, Result>> {
  const found = await look(state, context);
  const sides = state.photos.map(({ side }) => side);
  if (found?.complete) {
    return unusable(found, sides) ?? goOn(state, found);
  }
  const waited = (context.now().getTime() - Date.parse(state.since ?? '')) / 1000;
  if (waited < WAITS.giveUp) {
    return { next: { ...state, looks: state.looks + 1 }, after: pauseAfter(state.looks + 1), status: 'being analysed' };
  }
  if (found && (found.parameters.length > 0 || found.unusable.length > 0)) {
    return unusable(found, sides) ?? goOn(state, found);
  }
  if (state.analysis >= LIMITS.analyses) {
    return { fail: { code: 'vendor-timeout', text: NEVER } };
  }
  return anotherBatch({ ...state, analysis: state.analysis + 1 }, state.batch);
}

/** One look at a finished order's results, for an operator; what stands is kept where the vendor has nothing any more. */
export async function reread(state: State, context: Ctx): Promise<Step<State, Result>> {
  const found = await look(state, context);
  if (found && found.parameters.length > 0) {
    return goOn(state, found);
  }
  return state.previous
    ? { done: state.previous }
    : { fail: { code: 'vendor-rejected', text: 'The AI service has no results of this order any more.' } };
}
