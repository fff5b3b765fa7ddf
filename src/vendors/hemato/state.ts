/** What is stored of an order between steps: a small state, and a part for each upload and each task's report. */
import { z } from 'zod';

/** Part `upload/{input}`: a file that the vendor has. */
export const uploadPart = z.object({
  /** Of the file as the EHR has it, lower-case hex; and its bytes as it left. */
  sha256: z.string(),
  size: z.number().int(),
  fileIds: z.array(z.string()),
  /** The study it was sent to: another one begins anew. */
  study: z.string(),
});
export type UploadPart = z.infer<typeof uploadPart>;

/** Part `task/{n}`: what became of one diagnostic task. `raw`: the vendor's `results` as they came. */
export const taskPart = z.object({
  task: z.string(),
  status: z.enum(['waiting', 'ready', 'reported', 'missing']),
  raw: z.unknown().optional(),
  /** Why it is missing, in words for a clinician. */
  why: z.string().optional(),
});
export type TaskPart = z.infer<typeof taskPart>;

export const result = z.object({
  study: z.string(),
  tasks: z.array(taskPart),
  /** Which of the vendor's files each picture became. */
  files: z.array(z.object({ input: z.string(), fileIds: z.array(z.string()) })),
  drawn: z.array(z.object({ input: z.string(), file: z.string(), outside: z.number().int() })),
  undrawn: z.array(z.object({ input: z.string(), why: z.string() })),
  /** Which edition the vendor's codes are of, as the site had it configured. */
  icd10: z.enum(['icd-10', 'icd-10-cm']).optional(),
});
export type Result = z.infer<typeof result>;

export const state = z.object({
  phase: z.enum(['plan', 'asked', 'create', 'upload', 'tasks', 'poll', 'report', 'draw', 'restore']),
  /** Diagnostic tasks, once they are settled. */
  tasks: z.array(z.string()).default([]),
  /** Pixels across a red cell, of pictures that say nothing of it: the route's, else a person's answer. */
  diameter: z.number().optional(),
  /** The vendor's study, and how many were made for this order. */
  study: z.string().optional(),
  studies: z.number().int().default(1),
  /** When the tasks were taken (ISO instant), seconds to wait after a look without news, looks that found no study. */
  since: z.string().optional(),
  wait: z.number().default(0),
  lost: z.number().int().default(0),
  /** Index of the input whose drawing is next, and what became of those before. */
  draw: z.number().int().default(0),
  drawn: z.array(z.object({ input: z.string(), file: z.string(), outside: z.number().int() })).default([]),
  undrawn: z.array(z.object({ input: z.string(), why: z.string() })).default([]),
  /** A finished order whose report is fetched once more: what it had. Only until it has been put into parts. */
  earlier: result.optional(),
  /** From then on: nothing new is no reason to wait. */
  again: z.boolean().default(false),
});
export type State = z.infer<typeof state>;
