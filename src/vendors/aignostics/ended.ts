/** The run is over and all of it is here: what it comes to, and whether a person wants another run for what failed. */
import type { Question, Reason, Step } from '../contract.ts';
import { sentence } from '../plain-words.ts';
import type { Ctx } from './documents.ts';
import { resultOf } from './result-of.ts';
import { readSlides } from './slide-parts.ts';
import type { Result, SlidePart, State } from './state.ts';
import { many } from './words.ts';

export const againId = ({ attempt }: Pick<State, 'attempt'>): string => `another-run/${attempt}`;

function question(state: State, failed: number): Question {
  return {
    id: againId(state),
    text: `The platform failed on ${many(failed, 'slide')}, through no fault of ${failed === 1 ? 'that slide' : 'theirs'}. Another run of ${failed === 1 ? 'it' : 'them'} is billed again. Shall there be one?`,
    choices: { again: 'Run the failed slides once more, which is billed', stop: 'Go on without them' },
    role: 'approver',
  };
}

/** The failed slides alone, in a run of their own. */
function anotherRun(
  { run, since: _s, deadline: _d, stopped: _t, why: _w, ...state }: State,
  failed: SlidePart[],
): State {
  return {
    ...state,
    phase: 'stage',
    attempt: state.attempt + 1,
    open: failed.map(({ input }) => input),
    earlier: [...state.earlier, ...(run === undefined ? [] : [run])],
    seen: '',
    wait: 0,
    lost: 0,
    terminated: false,
  };
}

const told = (why: string | undefined): string => (why === undefined ? '' : ` The vendor says: ${sentence(why)}`);

/** Why no slide was analysed, slide by slide where the slides are the reason. */
function failure(state: State, parts: readonly SlidePart[]): Reason {
  const numbered = parts.map((part) => ({
    ...part,
    number: state.slides.findIndex(({ input }) => input === part.input) + 1,
  }));
  const bad = numbered.filter(({ outcome }) => outcome === 'user-error');
  if (bad.length > 0) {
    const each = bad.map(({ number, why }) => `Slide ${number} could not be analysed.${told(why)}`);
    const rest = parts.length - bad.length;
    const others = rest > 0 ? [`${many(rest, 'other slide')} ${rest === 1 ? 'was' : 'were'} not analysed either.`] : [];
    return { code: 'input-unsupported', text: [...each, ...others].join(' ') };
  }
  if (state.stopped === 'user') {
    return {
      code: 'vendor-rejected',
      text: "The analysis was cancelled by a person of the vendor's account; it gave no result.",
    };
  }
  const why = state.why ?? parts.find((part) => part.why !== undefined)?.why;
  const what =
    state.stopped === 'system'
      ? 'The AI service has stopped the analysis before it was done; it gave no result.'
      : 'The AI service could not analyse the slides; it gave no result.';
  return { code: 'vendor-rejected', text: `${what}${told(why)}` };
}

export async function ended(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { answer } = context;
  const parts = await readSlides(context.parts);
  const failed = parts.filter(({ outcome, attempt }) => outcome === 'system-error' && attempt === state.attempt);
  const said = answer?.to === 'question' && answer.id === againId(state) ? answer.value : undefined;
  if (failed.length > 0 && said === undefined) {
    return { ask: question(state, failed.length), next: state };
  }
  if (failed.length > 0 && said === 'again') {
    return { next: anotherRun(state, failed), status: 'another run' };
  }
  if (parts.some(({ outcome }) => outcome === 'succeeded')) {
    const next: State = { ...state, phase: 'tidy' };
    // What is deleted at the platform has to stand in the EHR first.
    return context.settings.deleteArtifacts
      ? { publish: resultOf(state, parts, true), next }
      : { next, status: 'results fetched' };
  }
  await release(state, context);
  return { fail: failure(state, parts) };
}

/** The copies of the slides are not needed any more; the platform has read them. */
export async function release({ slides }: Pick<State, 'slides'>, context: Ctx): Promise<void> {
  for (const { input } of slides) {
    await context.slides.release(input);
  }
}
