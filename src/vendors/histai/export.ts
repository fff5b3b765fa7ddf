/** Waits until the vendor has prepared the files of what was bought. */
import type { Step } from '../contract.ts';
import { readExportStatus, refreshExport } from './api-export.ts';
import { nextWait } from './build.ts';
import { type Ctx, callerOf, cohortOf } from './ctx.ts';
import { LIMITS } from './facts.ts';
import type { Result, State } from './state.ts';

const BOUGHT = 'The cohort is bought and paid for;';
const FAILED = `${BOUGHT} HistAI could not prepare its files. The order waits for the operator of the adapter.`;
const NOT_THERE = `${BOUGHT} HistAI knows nothing of its files. The order waits for the operator of the adapter.`;

const fetching = (state: State): Step<State, Result> => ({
  next: { ...state, phase: 'fetch', wait: 0, tries: 0 },
  status: 'files ready',
});

/** After two weeks slides may be gone; the rest can still be had, once its links are renewed. */
async function renewed(state: State, context: Ctx): Promise<Step<State, Result>> {
  await refreshExport(callerOf(context), cohortOf(state).id);
  return fetching(state);
}

export async function awaitExport(state: State, context: Ctx): Promise<Step<State, Result>> {
  const answer = await readExportStatus(callerOf(context), cohortOf(state).id);
  if ('refused' in answer) {
    if (answer.refused === 'EXPORT_WINDOW_EXPIRED') {
      return renewed(state, context);
    }
    if (answer.refused === 'NOT_FOUND' && state.tries >= LIMITS.looks) {
      return { hold: { code: 'vendor-rejected', text: NOT_THERE } };
    }
    const wait = nextWait(state.wait);
    const tries = state.tries + (answer.refused === 'NOT_FOUND' ? 1 : 0);
    return { next: { ...state, wait, tries }, after: wait };
  }
  const { status, downloadWindowEndsAt: until } = answer;
  const known: State = { ...state, ...(state.purchase && until && { purchase: { ...state.purchase, until } }) };
  switch (status) {
    case 'READY':
      return fetching(known);
    case 'EXPIRED':
      return renewed(known, context);
    case 'FAILED':
      return { hold: { code: 'vendor-rejected', text: FAILED } };
    default: {
      const wait = nextWait(state.wait);
      return { next: { ...known, wait }, after: wait, status };
    }
  }
}
