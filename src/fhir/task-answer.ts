/**
 * A person's answer to an order's question, in the order's Task: an input whose type names the question by its id, with an
 * Annotation of who says what (R4 allows any data type there). Pure.
 */
import type { Task } from '@medplum/fhirtypes';
import { z } from 'zod';
import type { Question } from '../vendors/contract.ts';
import { lenientList } from './lenient-list.ts';
import { localReference } from './references.ts';
import { OUR_SYSTEMS } from './terminology.ts';

/** Why what stands there is no answer. Whether the value is allowed, nobody has looked at here. */
export type NoAnswer = 'several-answers' | 'unreadable' | 'not-allowed';

export type TaskAnswer =
  /** `by`: one of the question's `inEhr`; `at`: an instant, never in the future. */
  | { value: string | number; by: string; at: string }
  | { refused: NoAnswer }
  /** It answers other questions alone: their ids, as whoever wrote them says. */
  | { otherwise: string[] };

/** The words of an answer, as the API takes them: one line. */
const words = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u);
/** So few that no two amounts are one number. */
const DIGITS = /^\d{1,9}(?:\.\d{1,4})?$/;

const answers = lenientList(
  z.object({
    type: z.object({ coding: lenientList(z.object({ system: z.string(), code: z.string() })) }),
    valueAnnotation: z
      .object({ text: words, authorReference: z.object({ reference: z.string() }) })
      .optional()
      .catch(undefined),
  }),
).transform((inputs) =>
  inputs.flatMap(({ type, valueAnnotation }) => {
    const ids = type.coding.flatMap(({ system, code }) => (system === OUR_SYSTEMS.answer ? code : []));
    return ids.length > 0 ? [{ ids, said: valueAnnotation }] : [];
  }),
);

/** One of the choices by name, else the number that the digits say, else the words. */
function valueIn(text: string, { choices, number }: Question): string | number {
  const isChoice = choices !== undefined && Object.hasOwn(choices, text);
  return number !== undefined && !isChoice && DIGITS.test(text) ? Number(text) : text;
}

/** When the server says that the Task was last changed; a clock ahead of ours, or none: now. */
function instantOf(lastUpdated: string | undefined, now: Date): string {
  const changed = Date.parse(lastUpdated ?? '');
  return changed <= now.getTime() ? new Date(changed).toISOString() : now.toISOString();
}

/** What the Task says to the question; undefined: nobody has answered there. */
export function answerIn(
  task: Task,
  question: Question,
  { baseUrl, now }: { baseUrl: string; now: Date },
): TaskAnswer | undefined {
  const given = answers.parse(task.input);
  const [mine, another] = given.filter(({ ids }) => ids.includes(question.id));
  if (mine === undefined) {
    const otherwise = given.flatMap(({ ids }) => ids);
    return otherwise.length > 0 ? { otherwise } : undefined;
  }
  if (another !== undefined) {
    return { refused: 'several-answers' };
  }
  if (mine.said === undefined) {
    return { refused: 'unreadable' };
  }
  const by = localReference(baseUrl, mine.said.authorReference)?.reference;
  if (by === undefined || !question.inEhr?.includes(by)) {
    return { refused: 'not-allowed' };
  }
  return { value: valueIn(mine.said.text, question), by, at: instantOf(task.meta?.lastUpdated, now) };
}
