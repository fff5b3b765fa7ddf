/** What is stored of an order between steps. No signed URL, no token, no picture: those are the process's alone. */
import { z } from 'zod';
import { SIDES, VARIANTS } from './facts.ts';

const side = z.enum(SIDES);

const photo = z.object({
  side,
  /** Name of the order's input. */
  input: z.string(),
  /** When it was taken, as the EHR states it (FHIR dateTime). */
  date: z.string().optional(),
});
export type Photo = z.infer<typeof photo>;

export const VALUE_KINDS = [
  'score',
  'grade',
  'age',
  'eyes_age',
  'amount',
  'number_of_moles',
  'density',
  'ita',
  'length',
] as const;
/** Under which names the vendor gives numbers. */
export type ValueKind = (typeof VALUE_KINDS)[number];

const values = z.partialRecord(z.enum(VALUE_KINDS), z.number());
export type Values = z.infer<typeof values>;

/** One parameter of the vendor's answer without its addresses. */
export const parameter = z.object({
  name: z.string(),
  values,
  /** The vendor's class in its own words: "Good". */
  tag: z.string().optional(),
  areas: z.array(z.object({ name: z.string(), values })),
});
export type Parameter = z.infer<typeof parameter>;

/** What an analysis has brought. */
export const found = z.object({
  /** All algorithms have ended; else it is what there was when we stopped waiting. */
  complete: z.boolean(),
  /** Scores came as 0 to 1 and were brought to 0 to 100. */
  rescaled: z.boolean(),
  parameters: z.array(parameter),
  /** Sides that could not be used, with the vendor's words made clean. */
  unusable: z.array(z.object({ side, why: z.string() })),
});
export type Found = z.infer<typeof found>;

const mask = z.object({ side, parameter: z.string(), variant: z.enum(VARIANTS) });
export type Mask = z.infer<typeof mask>;

/** A parameter's latest earlier value. */
const before = z.object({ name: z.string(), date: z.string(), values, tag: z.string().optional() });
export type Before = z.infer<typeof before>;

export const result = z.object({
  subject: z.string(),
  batch: z.string(),
  /** Batches of the order that came to nothing. */
  earlier: z.array(z.string()),
  photos: z.array(photo),
  found,
  masks: z.array(mask.extend({ file: z.string() })),
  /** Masks that could not be copied. */
  lost: z.array(z.string()),
  trend: z.array(before),
  /** The vendor's history of the patient could not be read. */
  trendMissing: z.boolean(),
});
export type Result = z.infer<typeof result>;

export const state = z.object({
  phase: z.enum(['subject', 'open', 'compute', 'poll', 'reread', 'masks', 'history']),
  photos: z.array(photo),
  /** The vendor's id of our patient; known from phase `open` on. */
  subject: z.string().optional(),
  /** The vendor's id of the photos; known from phase `compute` on. */
  batch: z.string().optional(),
  /** Subjects looked up or made, batches opened, analyses asked for: each is part of an effect's key or a bound. */
  subjects: z.number().int(),
  opening: z.number().int(),
  analysis: z.number().int(),
  /** When the analysis was taken (ISO instant), and how often we have looked since. */
  since: z.string().optional(),
  looks: z.number().int(),
  /** Batches that came to nothing. */
  earlier: z.array(z.string()),
  found: found.optional(),
  /** Masks whose first download failed, and those that are given up; by file name. */
  retry: z.array(z.string()),
  lost: z.array(z.string()),
  /** Masks that stand in the order's files. */
  masks: z.array(mask.extend({ file: z.string() })).optional(),
  /** What an operator's second look falls back on. */
  previous: result.optional(),
});
export type State = z.infer<typeof state>;
