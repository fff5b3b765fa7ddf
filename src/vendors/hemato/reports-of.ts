/** The reports of a study's tasks, read. Pure. */
import { type Report, reportOf } from './report-shape.ts';
import type { TaskPart } from './state.ts';

/** Those that are there and say something. */
export function reportsOf(tasks: readonly TaskPart[]): { task: string; report: Report }[] {
  return tasks.flatMap(({ task, raw }) => {
    const report = raw === undefined ? undefined : reportOf(raw, task);
    return report === undefined || report === 'not-a-report' ? [] : [{ task, report }];
  });
}
