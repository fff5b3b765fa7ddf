/** Copies the slides to where the platform can fetch them, a part a step, one slide after the other. */
import { AdapterError } from '../../errors.ts';
import type { Step } from '../contract.ts';
import type { Ctx } from './documents.ts';
import { WAITS } from './facts.ts';
import type { Result, Slide, State } from './state.ts';

const FULL = "The site's storage is full; the slides are copied on by themselves when there is room again.";

/** The slides of the present run that are not staged yet. */
export function unstaged({ slides, open }: Pick<State, 'slides' | 'open'>): Slide[] {
  return slides.filter(({ input, crc32c }) => crc32c === undefined && open.includes(input));
}

export async function stage(state: State, context: Ctx): Promise<Step<State, Result>> {
  const [slide, ...others] = unstaged(state);
  if (!slide) {
    return { next: { ...state, phase: 'create' }, status: 'slides copied' };
  }
  try {
    const staging = await context.slides.stage(slide.input);
    const number = state.open.indexOf(slide.input) + 1;
    const of = `slide ${number} of ${state.open.length}`;
    if (!staging.done) {
      const percent = staging.of > 0 ? Math.floor((staging.bytes / staging.of) * 100) : 0;
      return { next: state, status: `${of}: ${percent} % copied` };
    }
    const { crc32c } = staging;
    const slides = state.slides.map((one) => (one.input === slide.input ? { ...one, crc32c } : one));
    return { next: { ...state, slides, ...(others.length === 0 && { phase: 'create' }) }, status: `${of}: copied` };
  } catch (thrown) {
    if (!(thrown instanceof AdapterError) || thrown.code !== 'storage-full') {
      throw thrown;
    }
    const until = new Date(context.now().getTime() + WAITS.full * 1000);
    return { hold: { code: 'storage-full', text: FULL }, until };
  }
}
