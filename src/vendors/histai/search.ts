/** Searches page by page until there are cases enough, and chooses the slides that are to be bought. */
import type { Step } from '../contract.ts';
import { searchCases } from './api.ts';
import { chooseSlides, USUAL_CASES } from './choose-slides.ts';
import { type Ctx, callerOf } from './ctx.ts';
import { criteriaIn } from './explore.ts';
import { LIMITS, SALES } from './facts.ts';
import { filterBody } from './filter-body.ts';
import { fits } from './fits.ts';
import { putChoice, putPage, readChosen, readPages } from './parts.ts';
import type { Result, State } from './state.ts';
import { many } from './words.ts';

export async function search(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { parts } = context;
  const chosen = await readChosen(parts);
  const answer = await searchCases(callerOf(context), { ...filterBody(chosen) }, { page: state.page });
  const before = await readPages(parts);
  const known = new Set(before.map(({ caseId }) => caseId));
  // A filter that the vendor passes over finds everything: what does not fit is not bought.
  const fitting = answer.items.filter((one) => fits(one, chosen) && !known.has(one.caseId));
  await putPage(parts, state.page, fitting);
  const { cases: most = USUAL_CASES, slidesPerCase } = criteriaIn(context);
  const all = [...before, ...fitting];
  const choice = chooseSlides(all, chosen, { cases: most, slidesPerCase });
  const after: State = { ...state, page: state.page + 1, seen: state.seen + answer.items.length, fitting: all.length };
  const isEnd = answer.rows === 0 || after.page >= LIMITS.pages;
  if (choice.cases.length < most && !isEnd) {
    return { next: after, status: `searching for cases: ${many(all.length, 'case')} so far` };
  }
  if (choice.cases.length === 0) {
    return { refuse: { code: 'order-incomplete', text: nothing(choice.without) } };
  }
  await putChoice(parts, choice.cases);
  const others = after.seen - all.length;
  const { counts, byStain, assumed, without } = choice;
  return {
    next: {
      ...after,
      phase: 'create',
      selection: {
        ...{ cases: choice.cases.length, counts, byStain, without },
        ...(assumed && { assumed }),
        fitting: all.length,
      },
    },
    status: 'cases chosen',
    tell: [
      `${many(choice.cases.length, 'case')} chosen of ${all.length} that fit, with ${many(counts.he + counts.other, 'slide')}`,
      ...(without > 0 ? [`${many(without, 'case')} left out: a stain that is wanted is lacking`] : []),
      ...(others > 0 ? [`${many(others, 'case')} that came with the search did not fit, and were left out`] : []),
    ],
  };
}

function nothing(without: number): string {
  const why =
    without > 0
      ? `HistAI's Datahub has ${many(without, 'case')} that fit the order, none of them with slides in the stains wanted.`
      : "HistAI's Datahub has no case that fits the order.";
  return `${why} More than the Datahub lists can be asked for at ${SALES}.`;
}
