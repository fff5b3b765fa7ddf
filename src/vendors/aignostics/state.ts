/** What is stored of an order between steps. No signed URL and no token: they are made when they are needed. */
import { z } from 'zod';

export const slide = z.object({
  /** Name of the order's input. */
  input: z.string(),
  /** What it shows, in the platform's words; absent: nothing that is known. */
  disease: z.string().optional(),
  tissue: z.string().optional(),
  /** Micrometres a pixel. */
  resolution: z.number().optional(),
  /** CRC-32C of the staged file, base64; known once it is staged. */
  crc32c: z.string().optional(),
});
export type Slide = z.infer<typeof slide>;

const artifact = z.object({
  id: z.string(),
  /** `tissue_qc:segmentation_map_image` */
  name: z.string(),
  contentType: z.string(),
  crc32c: z.string().optional(),
  /** The map's colours by class: red, green, blue. */
  legend: z.array(z.object({ label: z.string(), color: z.tuple([z.number(), z.number(), z.number()]) })),
  /** The order's file that holds it. */
  file: z.string().optional(),
  /** Why it could not be copied. */
  lost: z.string().optional(),
  /** How often it was fetched in vain. */
  tries: z.number().int(),
});
export type Artifact = z.infer<typeof artifact>;

const readouts = z.object({
  /** By column, only those that a table names; NaN and blanks are null. */
  values: z.record(z.string(), z.number().nullable()),
  /** Columns in all. */
  columns: z.number().int(),
});
export type Readouts = z.infer<typeof readouts>;

export const OUTCOMES = ['succeeded', 'user-error', 'system-error', 'skipped', 'unknown'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What became of one slide in the run that ended it: a part of the order. */
export const slidePart = z.object({
  input: z.string(),
  /** Which of the order's runs. */
  attempt: z.number().int(),
  outcome: z.enum(OUTCOMES),
  /** The platform's words, made clean. */
  why: z.string().optional(),
  artifacts: z.array(artifact),
  readouts: readouts.optional(),
  /** Why the readouts could not be read. */
  unreadable: z.string().optional(),
  /** The previews that stand in the order's files, by the artifact's name. */
  previews: z.array(z.object({ artifact: z.string(), file: z.string() })),
  /** Maps of which no preview could be made. */
  unpreviewed: z.array(z.string()),
  /** Everything is fetched and read. */
  done: z.boolean(),
});
export type SlidePart = z.infer<typeof slidePart>;

const application = z.object({
  id: z.string(),
  name: z.string(),
  /** Pinned, also where the route says latest. */
  version: z.string(),
  /** `RUO`, `IVDR`, `FDA`. */
  classes: z.array(z.string()),
});
export type Application = z.infer<typeof application>;

export const result = z.object({
  application,
  /** The platform's ids, in their order. */
  runs: z.array(z.string()),
  /** Every slide of the order; without a part: it is still being worked on, or was never. */
  slides: z.array(z.object({ slide, part: slidePart.optional() })),
  /** The last word: nothing follows. */
  complete: z.boolean(),
});
export type Result = z.infer<typeof result>;

export const state = z.object({
  phase: z.enum(['plan', 'asked', 'stage', 'create', 'run', 'collect', 'ended', 'tidy']),
  slides: z.array(slide),
  application: application.optional(),
  /** How many runs were made for this order, or are about to be. */
  attempt: z.number().int(),
  /** Inputs of the present run. */
  open: z.array(z.string()),
  /** Runs before it. */
  earlier: z.array(z.string()),
  run: z.string().optional(),
  /** When the present run was sent, and when the platform gives it up (ISO instants). */
  since: z.string().optional(),
  deadline: z.string().optional(),
  /** What the last look showed, in short; seconds until the next of the order's own; looks that found no run. */
  seen: z.string(),
  wait: z.number(),
  lost: z.number().int(),
  /** Why the run ended before its items had, and whether a person of the vendor's account did it. */
  stopped: z.enum(['user', 'system']).optional(),
  why: z.string().optional(),
  /** The run has ended at the platform: nothing more comes. */
  terminated: z.boolean(),
});
export type State = z.infer<typeof state>;
