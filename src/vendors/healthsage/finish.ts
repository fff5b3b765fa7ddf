/** The last step: every extraction gets its place in the note and the context of its words, while the text is at hand. */
import type { Context, Step } from '../contract.ts';
import type { Extraction } from './answers.ts';
import { type NamedChunk, readChunks } from './chunks.ts';
import { type PointText, pointText } from './code-points.ts';
import { contextsOf } from './context-check.ts';
import { type Located, locate } from './offsets.ts';
import { findSections, type Section } from './sections.ts';
import type { Options, Settings } from './settings.ts';
import type { Placed, Result, State } from './state.ts';

interface ReadNote {
  text: PointText;
  sections: Section[];
}

/**
 * The context of an extraction's words. Words that stand in several places are judged at each, so that one denial among
 * them is not overlooked; words that stand nowhere are judged by themselves, under the chunk's heading.
 */
function contextOf(note: ReadNote, located: Located, term: string, base: number): Placed['contexts'] {
  const at = (start: number, end: number) =>
    contextsOf(note.text.text, { start: note.text.toUnits(start), end: note.text.toUnits(end), term }, note.sections);
  if (located.how !== 'unverified') {
    return at(located.start, located.end);
  }
  if (located.hits.length > 0) {
    return located.hits.flatMap(({ start, end }) => at(start, end));
  }
  const alone = contextsOf(located.quote, { start: 0, end: located.quote.length, term }, []);
  const section = note.sections.find(({ start, end }) => {
    const unit = note.text.toUnits(base);
    return start < unit && unit < end;
  });
  return section?.kind === 'family' ? [...alone, { kind: 'family', by: 'section' }] : alone;
}

/** One extraction with its words found and judged. Pure. */
export function place(
  note: ReadNote,
  chunk: { input: string; base: number; length: number },
  extraction: Extraction,
): Placed {
  const located = locate(note.text, chunk, extraction);
  const found = located.how === 'unverified' ? {} : { start: located.start, end: located.end };
  return {
    extraction,
    evidence: { input: chunk.input, quote: located.quote, ...found, verified: located.how !== 'unverified' },
    how: located.how,
    contexts: contextOf(note, located, extraction.snomed_ct_term, chunk.base),
  };
}

/** A text made ready for `place`. */
export function readNote(text: string): ReadNote {
  return { text: pointText(text), sections: findSections(text) };
}

function jobsOf({ data }: NamedChunk): string[] {
  return data.task === undefined ? data.earlier : [...data.earlier, data.task];
}

export async function finish(state: State, context: Context<Settings, Options>): Promise<Step<State, Result>> {
  const chunks = await readChunks(context.parts);
  if (chunks.every(({ data }) => data.status === 'failed')) {
    const text = 'HealthSage could not process any part of the note.';
    return { fail: { code: 'vendor-error', text } };
  }
  const notes = new Map<string, ReadNote>();
  for (const { input } of state.notes) {
    notes.set(input, readNote(await context.text(input)));
  }
  const done = chunks.map((chunk, index): Result['chunks'][number] => {
    const { input, base, length, section, task, answer, bundle, failed } = chunk.data;
    const where = { index, input, base, length, ...(section === undefined ? {} : { section }), jobs: jobsOf(chunk) };
    const note = notes.get(input);
    if (!answer || !note || task === undefined) {
      return { ...where, failed: failed ?? 'it was not processed' };
    }
    return {
      ...where,
      task,
      found: answer.extractions.map((extraction) => place(note, chunk.data, extraction)),
      unreadable: answer.unreadable,
      ...(answer.snomedVersion === undefined ? {} : { snomedVersion: answer.snomedVersion }),
      ...(bundle === undefined ? {} : { bundle }),
    };
  });
  const read = state.notes.map((note) => ({ ...note, characters: notes.get(note.input)?.text.length ?? 0 }));
  return { done: { notes: read, chunks: done } };
}
