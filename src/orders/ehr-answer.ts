/** A question that people answer in the EHR, in the order's Task: which it is, and what becomes of what they say there. */
import type { TaskSight } from '../fhir/save-task.ts';
import type { NoAnswer, TaskAnswer } from '../fhir/task-answer.ts';
import type { Question } from '../vendors/contract.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order } from './order.ts';
import { readTimeline } from './store/timeline.ts';
import { withNote } from './transitions.ts';
import { isOlder } from './versions.ts';
import { wrongAnswer } from './wrong-answer.ts';

/** The event of an answer that counts, unless somebody answers elsewhere in the same moment. */
const HEARD = 'answer-in-ehr';

/** Why an answer does not count: a code for the timeline, and words for whoever gave it. */
interface Refused {
  code: NoAnswer | 'other-question' | 'wrong-value';
  why: string;
}

const WHY: Record<Exclude<Refused['code'], 'wrong-value'>, string> = {
  'several-answers': 'there is more than one. Leave the one that counts.',
  unreadable: 'it has to be an annotation with a text and the reference of its author.',
  'not-allowed': 'its author is none of those who may answer here.',
  'other-question': 'it names another question.',
};

/** The question that the order waits for, where it may be answered in its Task. */
export function askedInEhr({ status, question }: Order): Question | undefined {
  return status === 'waiting' && question?.inEhr !== undefined ? question : undefined;
}

/**
 * What was found in the Task, as the step that deals with it: the answer is put beside the order as the API does it, or
 * the Task says why it does not count, once for each reason. Undefined: what was found is older than what we know.
 */
export async function hearAnswer(
  order: Order,
  question: Question,
  { answer, version }: Extract<TaskSight, { closed: false }>,
  hand: Hand,
): Promise<StepDone | undefined> {
  if (isOlder(version, order.taskVersion)) {
    // A replica lags behind: what it shows may have been taken back since.
    return undefined;
  }
  const seen: Order = { ...order, taskVersion: version ?? null };
  if (answer === undefined || order.answer !== null || (await wereHeard(order, answer, hand))) {
    return { order: seen, events: [] };
  }
  const now = hand.clock.now();
  const judged = judge(question, answer);
  if ('by' in judged) {
    return {
      order: { ...seen, answer: { id: question.id, ...judged }, nextAt: now },
      events: [{ event: HEARD, who: judged.by, detail: { question: question.id } }],
    };
  }
  const told = withNote(seen, `The answer to the question ${question.id} was not taken: ${judged.why}`, now);
  const detail = { code: judged.code, question: question.id };
  return { order: told, events: told === seen ? [] : [{ event: 'answer-refused', who: 'ehr', detail }] };
}

function judge(question: Question, answer: TaskAnswer): Extract<TaskAnswer, { by: string }> | Refused {
  if ('by' in answer) {
    const why = wrongAnswer(question, { question: question.id, value: answer.value });
    return why === undefined ? answer : { code: 'wrong-value', why };
  }
  const code = 'refused' in answer ? answer.refused : 'other-question';
  return { code, why: WHY[code] };
}

/** Whether it only answers questions that it has answered: an answer stays on its Task when the next question comes. */
async function wereHeard(order: Order, answer: TaskAnswer, { database }: Hand): Promise<boolean> {
  if (!('otherwise' in answer)) {
    return false;
  }
  const timeline = await readTimeline(database, order.id);
  const heard = timeline.flatMap(({ event, detail }) => (event === HEARD ? detail.question : []));
  return answer.otherwise.every((id) => heard.includes(id));
}
