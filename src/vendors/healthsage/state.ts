/** What is stored of an order between steps: a small state, and a part for each chunk. No text of the note in either. */
import { z } from 'zod';
import { answerSchema, extraction, taskId } from './answers.ts';

/** Where the note's date came from; one of the record's last change is too weak to count years from. */
const note = z.object({
  input: z.string(),
  sha256: z.string(),
  letterDate: z.iso.date(),
  dateFrom: z.enum(['note', 'order', 'last-change']),
  /** The date as the EHR states it, for the report. */
  stated: z.string().optional(),
});
export type Note = z.infer<typeof note>;

export const state = z.object({
  phase: z.enum(['plan', 'asked', 'quota', 'submit', 'poll', 'finish']),
  notes: z.array(note),
  specialty: z.string(),
  /** Chunks in all, once planned. */
  chunks: z.number().int().optional(),
  /** Where among the pending tasks the next poll begins, and seconds to wait after a round without news. */
  cursor: z.number().int().default(0),
  wait: z.number().default(0),
  /** When a task of the order last ended (ISO instant). */
  newsAt: z.string().optional(),
});
export type State = z.infer<typeof state>;

/** A chunk's part. `submission` counts the requests made or due for it; each has an effect key of its own. */
export const chunkPart = z.object({
  input: z.string(),
  /** Code points of the note's text. */
  base: z.number().int(),
  length: z.number().int(),
  /** Of the chunk's text in UTF-8, lower-case hex. */
  sha256: z.string(),
  section: z.string().optional(),
  submission: z.number().int(),
  status: z.enum(['waiting', 'pending', 'done', 'failed']),
  task: taskId.optional(),
  /** Tasks of earlier submissions. */
  earlier: z.array(z.string()),
  submittedAt: z.string().optional(),
  bundleTries: z.number().int().default(0),
  /** Why it failed, in words for a clinician. */
  failed: z.string().optional(),
  answer: answerSchema.optional(),
  /** The vendor's Bundle as it came. */
  bundle: z.unknown().optional(),
});
export type ChunkPart = z.infer<typeof chunkPart>;

export const CERTAINTIES = ['differential', 'provisional', 'confirmed'] as const;
/** From weak to strong, as the text states it; never a clinician's confirmation. */
export type Certainty = (typeof CERTAINTIES)[number];

export type ConceptKind = 'disorder' | 'finding' | 'procedure' | 'other';

const evidence = z.object({
  input: z.string(),
  quote: z.string(),
  start: z.number().int().optional(),
  end: z.number().int().optional(),
  verified: z.boolean(),
});

/** An extraction with its words found in the note and their context judged: so that mapping needs no text. */
export const placed = z.object({
  extraction,
  evidence,
  /** How the words were found; `found`: not where the vendor said. */
  how: z.enum(['stated', 'utf16', 'found', 'unverified']),
  contexts: z.array(
    z.object({
      kind: z.enum(['negated', 'family', 'other-person', 'hypothetical', 'uncertain', 'planned', 'past', 'allergy']),
      by: z.enum(['section', 'sentence']),
    }),
  ),
});
export type Placed = z.infer<typeof placed>;

const place = {
  index: z.number().int(),
  input: z.string(),
  base: z.number().int(),
  length: z.number().int(),
  section: z.string().optional(),
  /** All tasks of the chunk, failed ones included. */
  jobs: z.array(z.string()),
};
const doneChunk = z.object({
  ...place,
  task: z.string(),
  found: z.array(placed),
  unreadable: z.number().int(),
  snomedVersion: z.string().optional(),
  bundle: z.unknown().optional(),
});
const failedChunk = z.object({ ...place, failed: z.string() });
export type DoneChunk = z.infer<typeof doneChunk>;

export const result = z.object({
  notes: z.array(note.extend({ characters: z.number().int() })),
  chunks: z.array(z.union([doneChunk, failedChunk])),
});
export type Result = z.infer<typeof result>;
