/** What is stored of a cohort order between steps. No link of an export and no key of the account: only ids and figures. */
import { z } from 'zod';

const slideCounts = z.object({ he: z.number().int(), other: z.number().int() });

/** One of the Datahub's own values that a criterion was matched to, and why. */
const chosenValue = z.object({ value: z.string(), why: z.string() });

/** What the cohort is defined by, in the Datahub's own words: never the order's. */
const definition = z.object({
  /** By the field of the search: `organ`, `primaryDiagnosis`, `stainName`, `ihc_markers`. One of each line's values is enough. */
  fields: z.array(z.object({ field: z.string(), values: z.array(chosenValue) })),
  /** Years, both ends included. */
  age: z.tuple([z.number(), z.number()]).optional(),
  gender: z.enum(['m', 'f']).optional(),
  malignant: z.boolean().optional(),
});
export type Definition = z.infer<typeof definition>;

const selection = z.object({
  cases: z.number().int(),
  counts: slideCounts,
  /** As the Datahub spells the stains. */
  byStain: z.array(z.object({ stain: z.string(), slides: z.number().int() })),
  /** Nobody named a stain: these were taken. */
  assumed: z.enum(['H&E', 'every-stain']).optional(),
  /** Cases that fit, as far as was looked: no further than needed. */
  fitting: z.number().int(),
  /** Fitting cases without the slides that are wanted. */
  without: z.number().int(),
});
export type Selection = z.infer<typeof selection>;

/** What the vendor asks for the cohort, as it stands in the open question. */
const offer = z.object({
  /** Of the cohort's content and price: see content-hash.ts. An approval is bound to it. */
  hash: z.string(),
  cents: z.number().int(),
  /** An instant; then nobody has answered. */
  expires: z.string(),
});
export type Offer = z.infer<typeof offer>;

const approval = z.object({
  by: z.string(),
  /** When it was given, and until when it is good; instants. */
  at: z.string(),
  expires: z.string(),
  hash: z.string(),
  cents: z.number().int(),
  /** The payment's Idempotency-Key: a UUID, stored before the first try, this approval's alone. */
  key: z.string(),
});
export type Approval = z.infer<typeof approval>;

const purchase = z.object({
  /** When the cohort was paid for, as the vendor says, else when it was seen to be. */
  at: z.string(),
  /** Until when slides can be downloaded. */
  until: z.string(),
  /** Somebody has paid for it at the vendor's: no approval of ours. */
  elsewhere: z.boolean(),
  /** What was paid. */
  cents: z.number().int(),
});

/** One file of the export, a part of the order. */
export const slideFile = z.object({
  fileId: z.string(),
  caseId: z.string().optional(),
  slideId: z.string().optional(),
  stain: z.string().optional(),
  fileName: z.string().optional(),
  /** Bytes, as the vendor says. */
  size: z.number().optional(),
  /** The order's file that holds it. */
  file: z.string().optional(),
  /** Why it could not be copied, in words. */
  lost: z.string().optional(),
  /** How often it was fetched in vain. */
  tries: z.number().int(),
});
export type SlideFile = z.infer<typeof slideFile>;

const study = z.object({ marker: z.string(), result: z.string() });

/** A bought case of somebody else's, of the metadata that came with it; what it does not say is absent. */
export const boughtCase = z.object({
  caseId: z.string(),
  organ: z.array(z.string()),
  primaryDiagnosis: z.array(z.string()),
  cancerType: z.array(z.string()),
  isCancer: z.boolean().optional(),
  /** Years. */
  age: z.number().optional(),
  gender: z.enum(['m', 'f']).optional(),
  icd10: z.string().optional(),
  studies: z.array(study),
  slides: z.array(z.object({ slideId: z.string(), stain: z.string() })),
  /** The vendor's protocols; kept only where the site wants a resource for each case. */
  macro: z.string().optional(),
  micro: z.string().optional(),
  conclusion: z.string().optional(),
});
export type BoughtCase = z.infer<typeof boughtCase>;

const cohort = z.object({ id: z.string(), name: z.string() });

export const result = z.object({
  cohort,
  definition,
  selection,
  purchase,
  /** Absent where somebody else has paid. */
  approval: z.object({ by: z.string(), at: z.string() }).optional(),
  cases: z.array(boughtCase),
  /** The order's files; absent: the vendor has none, or it could not be read. */
  manifest: z.string().optional(),
  metadata: z.string().optional(),
  chart: z.string().optional(),
  slides: z.array(slideFile),
  /** The site copies slides. */
  copies: z.boolean(),
  /** The site wants a resource for each case. */
  caseResources: z.boolean(),
  /** What could not be had, in words. */
  missing: z.array(z.string()),
});
export type Result = z.infer<typeof result>;

export const state = z.object({
  phase: z.enum([
    'explore',
    'search',
    'create',
    'build',
    'offer',
    'pay',
    'settle',
    'export',
    'fetch',
    'copy',
    'finish',
  ]),
  definition: definition.optional(),
  /** The next page of the search, and what it has found so far. */
  page: z.number().int(),
  seen: z.number().int(),
  fitting: z.number().int(),
  selection: selection.optional(),
  /** How many cohorts were made for this order, or are about to be: one that could not be built is followed by another. */
  made: z.number().int(),
  cohort: cohort.optional(),
  /** How often a person was asked about the cohort; why they are asked again. */
  asked: z.number().int(),
  again: z.string().optional(),
  offer: offer.optional(),
  approval: approval.optional(),
  /** An approval was given for this cohort: a payment may have been sent, whatever became of it. */
  approved: z.boolean(),
  purchase: purchase.optional(),
  /** All slides are copied that can be. */
  copied: z.boolean(),
  /** Seconds until the next look. */
  wait: z.number(),
  /** How often something was looked for in vain in this phase. */
  tries: z.number().int(),
  missing: z.array(z.string()),
  manifest: z.string().optional(),
  metadata: z.string().optional(),
});
export type State = z.infer<typeof state>;
