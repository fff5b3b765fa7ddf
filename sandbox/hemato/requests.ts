/** The JSON bodies of calls, checked as far as the documents say anything of them. */
import { z } from 'zod';
import { badRequest, type Refusal } from './envelope.ts';

const tags = z.record(z.string(), z.string());
const wrapped = z.strictObject({ tags });
const tasks = z.object({
  diagnostic_tasks: z.array(z.string().min(1)).min(1),
  callback_url: z.url({ protocol: /^https?$/ }).optional(),
});

export interface TasksRequest {
  tasks: string[];
  callbackUrl?: string;
}

/** The tags of a new study: none, `{"tags": {…}}`, or, as the vendor's own client sends them, the map alone. */
export function readTags(body: unknown): { tags?: Record<string, string> } | { refusal: Refusal } {
  if (body === undefined) {
    return {};
  }
  const flat = tags.safeParse(body);
  if (flat.success && 'list_url' in flat.data) {
    return { refusal: badRequest('studies by list_url are not served here') };
  }
  const given = wrapped.safeParse(body).data?.tags ?? flat.data;
  return given ? { tags: given } : { refusal: badRequest('tags have to be a map of strings') };
}

/** The tasks asked for, each once; `offered` are those that there are. */
export function readTasks(body: unknown, offered: readonly string[]): TasksRequest | { refusal: Refusal } {
  const parsed = tasks.safeParse(body);
  if (!parsed.success) {
    return { refusal: badRequest('expected diagnostic_tasks, and callback_url as a URL if at all') };
  }
  const { diagnostic_tasks, callback_url } = parsed.data;
  if (!diagnostic_tasks.every((task) => offered.includes(task))) {
    return { refusal: badRequest('unknown diagnostic task') };
  }
  return { tasks: [...new Set(diagnostic_tasks)], ...(callback_url !== undefined && { callbackUrl: callback_url }) };
}

/** Pixels across a red cell: `85`, `85.00`; undefined where it is no such number. */
export function readDiameter(said: string | undefined): number | undefined {
  const value = /^\d{1,5}(?:\.\d+)?$/.test(said ?? '') ? Number(said) : 0;
  return value > 0 ? value : undefined;
}
