/**
 * The Task of an order whose results are withdrawn. Pure.
 *
 * It keeps the state it ended in. In R4 `completed` is terminal, and `entered-in-error` would say that the work was never
 * to be found here, while it was done, and may have been billed. That the results no longer hold is its `businessStatus`;
 * why, and what could not be withdrawn, are its notes; its outputs stay, so that whoever has read a result finds what
 * became of it. A `statusReason` would explain a status that has not changed.
 */
import type { Task } from '@medplum/fhirtypes';
import type { Stored } from './standing.ts';
import { buildTask, mergeTask } from './task.ts';
import { OUR_SYSTEMS } from './terminology.ts';
import type { TaskView } from './types.ts';

const ENDED: readonly Task['status'][] = ['completed', 'failed', 'rejected', 'cancelled', 'entered-in-error'];

/** How far the withdrawal went, and what the Task says of it. */
const SAYS = {
  wholly: { businessStatus: 'results withdrawn', note: 'The results are withdrawn.' },
  partly: { businessStatus: 'results withdrawn in part', note: 'The results are withdrawn in part.' },
  'not at all': {
    businessStatus: 'results to be withdrawn by a person',
    note: 'The results no longer hold, but could not be withdrawn: a person has to.',
  },
} as const;

export type Extent = keyof typeof SAYS;

/** `left`: what stays although it no longer holds, a sentence each; `extent` is absent where there were no results. */
export function retractedView(
  view: TaskView,
  { extent, reason, left, now }: { extent: Extent | undefined; reason: string; left: string[]; now: string },
): TaskView {
  if (extent === undefined) {
    return { ...view, lastModified: now };
  }
  const { businessStatus, note } = SAYS[extent];
  return { ...view, businessStatus, notes: [...view.notes, `${note} ${reason}`, ...left], lastModified: now };
}

/** The results that the Task names already, under the names it gives them. */
function outputsOf({ output = [] }: Task): TaskView['outputs'] {
  return output.flatMap(({ type, valueReference }) => {
    const ours = type.coding?.some(({ system, code }) => system === OUR_SYSTEMS.output && code === 'result');
    const reference = valueReference?.reference;
    return ours && reference !== undefined ? [{ label: type.text ?? '', reference }] : [];
  });
}

/** The Task as it shall be: one that has not ended yet gets the state of the view. */
export function retractedTask(task: Stored & Task, view: TaskView): Stored & Task {
  const outputs = outputsOf(task);
  const merged = mergeTask(task, buildTask({ ...view, outputs: outputs.length > 0 ? outputs : view.outputs }));
  if (!ENDED.includes(task.status)) {
    return merged;
  }
  const { status, statusReason, executionPeriod, contained, output } = task;
  return { ...merged, status, statusReason, executionPeriod, contained, output };
}
