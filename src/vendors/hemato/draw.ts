/** The last steps: the pictures with what was found circled, one a step, and the vendor's own report as a file. */
import { AdapterError } from '../../errors.ts';
import { drawCircles } from '../../pictures/draw-circles.ts';
import type { Step } from '../contract.ts';
import type { Ctx } from './access.ts';
import { REPORT_FILE } from './facts.ts';
import { type Mark, marksOn } from './geometry.ts';
import { readTasks, readUploads } from './parts.ts';
import { reportsOf } from './reports-of.ts';
import type { Result, State, TaskPart } from './state.ts';

const BEYOND = 'the site limits how many pictures are drawn';
const FAILED = 'the picture could not be drawn';

export const heatMapName = (input: string): string => `heat-map/${input.replaceAll('/', '-')}.png`;

async function drawOne(state: State, context: Ctx, input: string, marks: readonly Mark[]): Promise<State> {
  if (state.drawn.length >= context.order.options.heatMaps) {
    return { ...state, undrawn: [...state.undrawn, { input, why: BEYOND }] };
  }
  try {
    const { png, outside } = await drawCircles(await context.picture(input), marks);
    const name = heatMapName(input);
    await context.files.put({ name, contentType: 'image/png', title: 'Smear with the findings circled', bytes: png });
    return { ...state, drawn: [...state.drawn, { input, file: name, outside }] };
  } catch (thrown) {
    // The analysis is done and paid for: a picture that has gone since does not spoil it.
    if (thrown instanceof AdapterError && thrown.kind !== 'permanent') {
      throw thrown;
    }
    return { ...state, undrawn: [...state.undrawn, { input, why: FAILED }] };
  }
}

/** The vendor's words as they came, by task, for people and programs. */
function reportFile(tasks: readonly TaskPart[]): Uint8Array {
  const raw = tasks.flatMap((part) => (part.raw === undefined ? [] : [[part.task, part.raw] as const]));
  return new TextEncoder().encode(`${JSON.stringify(Object.fromEntries(raw), null, 2)}\n`);
}

export async function draw(state: State, context: Ctx): Promise<Step<State, Result>> {
  const study = state.study ?? '';
  const tasks = (await readTasks(context.parts)).map(({ data }) => data);
  const uploads = await readUploads(context.parts, study);
  const files = [...uploads].map(([input, { fileIds }]) => ({ input, fileIds }));
  const { on } = marksOn(
    reportsOf(tasks).map(({ report }) => report),
    files,
    context.order.inputs,
  );
  const marked = [...on].sort(([a], [b]) => (a < b ? -1 : 1));
  const next = marked[state.draw];
  if (next && context.order.options.heatMaps > 0) {
    const drawn = await drawOne(state, context, ...next);
    return { next: { ...drawn, draw: state.draw + 1 }, status: `drawing ${state.draw + 1} of ${marked.length}` };
  }
  const bytes = reportFile(tasks);
  await context.files.put({ name: REPORT_FILE, contentType: 'application/json', title: 'Report of Hemato.AI', bytes });
  const { icd10 } = context.settings;
  const { drawn, undrawn } = state;
  return { done: { study, tasks, files, drawn, undrawn, ...(icd10 === undefined ? {} : { icd10 }) } };
}
