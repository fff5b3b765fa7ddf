/** Takes the addresses of a new batch and uploads the photos to them. */
import { z } from 'zod';
import type { Context, Step } from '../contract.ts';
import { LIMITS, PICTURES } from './facts.ts';
import { processMemory } from './process-memory.ts';
import type { Options, Settings } from './settings.ts';
import type { Result, State } from './state.ts';
import { photoTooLarge, putPhoto } from './storage.ts';
import { subjectKey } from './subject.ts';

type Ctx = Context<Settings, Options>;

const opened = z.union([z.object({ batch: z.guid() }), z.object({ gone: z.literal(true) })]);

const NOT_TAKEN = 'The photos could not be handed over to the AI service; please order again.';

export const openingKey = ({ opening }: Pick<State, 'opening'>): string => `batch/${opening}`;

/** Another batch for the same photos, while there may be one. */
export function anotherBatch(state: State, batch: string | undefined): Step<State, Result> {
  if (state.opening >= LIMITS.openings) {
    return { fail: { code: 'vendor-rejected', text: NOT_TAKEN } };
  }
  const { batch: _, ...rest } = state;
  const earlier = batch === undefined ? state.earlier : [...state.earlier, batch];
  return { next: { ...rest, phase: 'open', opening: state.opening + 1, earlier }, status: 'upload begins anew' };
}

/**
 * All photos in the one step that the batch was opened in, by the process that opened it: another one does not have the
 * addresses. What fails for the moment is tried again here, from the photo that failed on.
 */
export async function open(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { answer } = context;
  if (answer?.to !== 'effect' || answer.key !== openingKey(state)) {
    return { effect: 'open-batch', key: openingKey(state) };
  }
  const taken = opened.parse(answer.value);
  if ('gone' in taken) {
    return subjectGone(state, context);
  }
  const { batch } = taken;
  if (!(await uploadAll(state, batch, context))) {
    return anotherBatch(state, batch);
  }
  processMemory(context.http).batches.delete(batch);
  return { next: { ...state, phase: 'compute', batch }, status: 'photos uploaded' };
}

async function subjectGone(state: State, context: Ctx): Promise<Step<State, Result>> {
  if (state.subjects >= LIMITS.subjects) {
    return { fail: { code: 'vendor-rejected', text: NOT_TAKEN } };
  }
  await context.memory.forget(subjectKey(context));
  const { subject: _, ...rest } = state;
  return { next: { ...rest, phase: 'subject', subjects: state.subjects + 1, opening: state.opening + 1 } };
}

/** False where the addresses are gone, or storage does not take them any more. */
async function uploadAll(state: State, batch: string, context: Ctx): Promise<boolean> {
  const known = processMemory(context.http).batches.get(batch);
  for (const { side, input } of state.photos) {
    const slot = known?.slots.get(side);
    if (!known || !slot) {
      return false;
    }
    if (known.done.has(side)) {
      continue;
    }
    const picture = await context.picture(input);
    if (picture.size > PICTURES.largest) {
      picture.body.destroy();
      throw photoTooLarge();
    }
    await context.disclose([`photo (${side}), without its metadata`], input);
    const { timeout } = context.settings;
    const request = { signal: context.signal, ...(timeout === undefined ? {} : { timeout }) };
    if (!(await putPhoto(context.http, slot, picture, request))) {
      return false;
    }
    known.done.add(side);
  }
  return true;
}
