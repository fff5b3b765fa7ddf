import type { Question } from '../vendors/contract.ts';

/** Why an answer does not fit its question, in words for who gave it; undefined: it does. */
export function wrongAnswer(
  question: Question,
  answer: { question: string; value: string | number },
): string | undefined {
  if (answer.question !== question.id) {
    return 'The order asks another question now.';
  }
  const { value } = answer;
  if (question.choices && !(question.number && typeof value === 'number')) {
    return Object.hasOwn(question.choices, String(value))
      ? undefined
      : `value must be one of: ${Object.keys(question.choices).join(', ')}${question.number ? `, or a number (${question.number.unit})` : ''}.`;
  }
  if (question.number) {
    const { unit, minimum, maximum } = question.number;
    if (question.number.exactly !== undefined && value !== question.number.exactly) {
      return `value must be exactly ${question.number.exactly} (${unit}), the amount that is asked for.`;
    }
    const outside = typeof value === 'number' && (value < (minimum ?? value) || value > (maximum ?? value));
    if (typeof value !== 'number' || outside) {
      const bounds = [
        ...(minimum === undefined ? [] : [`at least ${minimum}`]),
        ...(maximum === undefined ? [] : [`at most ${maximum}`]),
      ];
      return `value must be a number (${unit})${bounds.length > 0 ? `, ${bounds.join(', ')}` : ''}.`;
    }
  }
  return undefined;
}
