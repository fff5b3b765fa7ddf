/**
 * The vendor's answers, read leniently: it is a beta, leaves fields out or sends null, and its sets are open. Unknown
 * fields are dropped; one unreadable extraction does not spoil the others.
 */
import { z } from 'zod';

/** A value that may be absent, null or of a wrong type: then it counts as absent. */
const maybe = <T extends z.ZodType>(schema: T) =>
  schema
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined);

const text = z.string().trim().min(1);
const words = z.string().min(1);

export const taskId = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/);

export const accepted = z.object({ task_id: taskId });

export const usage = z.object({
  total_requests: maybe(z.number()),
  tokens_used: maybe(z.number()),
  token_limit: maybe(z.number()),
  /** May be negative: the budget is soft. */
  remaining_tokens: z.number(),
});
export type Usage = z.infer<typeof usage>;

export const extraction = z.object({
  id: maybe(text),
  snomed_ct_code: maybe(z.union([text, z.number().int().transform(String)])),
  snomed_ct_term: text,
  concept_type: text.transform((type) => type.toLowerCase()),
  status: maybe(text.transform((status) => status.toLowerCase())),
  date: maybe(text),
  end_date: maybe(text),
  relative_date: maybe(text),
  relative_end_date: maybe(text),
  source: maybe(words),
  start: maybe(z.number().int()),
  end: maybe(z.number().int()),
});
export type Extraction = z.infer<typeof extraction>;

const extracted = z.object({
  extractions: z.array(z.unknown()),
  snomed_ct_version: maybe(text),
});

export const task = z.object({
  task_id: maybe(text),
  status: text.transform((status) => status.toUpperCase()),
  json_data: maybe(extracted),
});
export type Task = z.infer<typeof task>;

/** What is kept of a successful task. */
export const answerSchema = z.object({
  extractions: z.array(extraction),
  /** Extractions that could not be read. */
  unreadable: z.number().int(),
  snomedVersion: z.string().optional(),
});
export type ChunkAnswer = z.infer<typeof answerSchema>;

/** The extractions of a task; undefined where it brought none at all (not even an empty list). */
export function answerOf(found: Task): ChunkAnswer | undefined {
  if (!found.json_data) {
    return undefined;
  }
  const { extractions, snomed_ct_version } = found.json_data;
  const read = extractions.map((item) => extraction.safeParse(item));
  const good = read.flatMap((item) => (item.success ? [item.data] : []));
  return {
    extractions: good,
    unreadable: read.length - good.length,
    ...(snomed_ct_version === undefined ? {} : { snomedVersion: snomed_ct_version }),
  };
}
