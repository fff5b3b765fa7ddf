/** A finished order is asked for once more: what it has becomes parts again, because the old ones may be gone. */
import type { Step } from '../contract.ts';
import type { Ctx } from './access.ts';
import { taskName, uploadName } from './parts.ts';
import type { Result, State, TaskPart, UploadPart } from './state.ts';

export async function restore(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { earlier, ...rest } = state;
  const study = state.study ?? '';
  const uploads = (earlier?.files ?? []).map(({ input, fileIds }) => ({
    name: uploadName(input),
    data: { sha256: '', size: 0, fileIds, study } satisfies UploadPart,
  }));
  const tasks = (earlier?.tasks ?? []).map((part, index) => ({
    name: taskName(index),
    data: { ...part, status: 'ready' } satisfies TaskPart,
  }));
  await context.parts.put([...uploads, ...tasks]);
  return { next: { ...rest, phase: 'report' }, status: 'looking for a later report' };
}
