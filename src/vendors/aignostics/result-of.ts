import { AdapterError } from '../../errors.ts';
import type { Result, SlidePart, State } from './state.ts';

/** What an order has brought so far, or as the last word (`complete`). */
export function resultOf(state: State, parts: readonly SlidePart[], complete: boolean): Result {
  const { application, earlier, run } = state;
  if (!application) {
    throw new AdapterError('unexpected', 'There is a result before its application is known', { kind: 'permanent' });
  }
  return {
    application,
    runs: [...earlier, ...(run === undefined ? [] : [run])],
    slides: state.slides.map((slide) => {
      const part = parts.find(({ input }) => input === slide.input);
      return { slide, ...(part && { part }) };
    }),
    complete,
  };
}
