/** The question that an order asks, and the form that answers it. */
import { byId, make } from './dom.js';

/** Shows the question once; a refresh leaves a form alone in which somebody may be typing. */
export function showQuestion({ id, question, actions, pending }, answer) {
  const box = byId('question');
  const open = question !== null && actions.includes('answer') && !pending.includes('answer');
  box.hidden = !open;
  const of = open ? `${id} ${question.id}` : '';
  if (box.dataset.of === of) {
    return;
  }
  box.dataset.of = of;
  if (!open) {
    box.replaceChildren();
    return;
  }
  const form = make('form', {}, fields(question), make('button', { type: 'submit' }, 'Answer'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const value = new FormData(form).get('value');
    answer({ question: question.id, value: question.number ? Number(value) : value });
  });
  box.replaceChildren(form);
}

function fields(question) {
  const role = `Needs the role ${question.role ?? 'operator'}.`;
  const legend = make('legend', {}, question.text, ' ', make('small', {}, role));
  if (question.choices) {
    const choices = Object.entries(question.choices).map(([value, meaning], index) =>
      make(
        'label',
        { className: 'choice' },
        make('input', { type: 'radio', name: 'value', value, required: true, id: `choice-${index}` }),
        ` ${meaning} `,
        make('small', {}, value),
      ),
    );
    return make('fieldset', {}, legend, ...choices);
  }
  const { unit = '', minimum, maximum } = question.number ?? {};
  const input = make('input', { name: 'value', id: 'answer', required: true, maxLength: 200, autocomplete: 'off' });
  if (question.number) {
    Object.assign(input, { type: 'number', step: 'any', min: minimum ?? '', max: maximum ?? '' });
  }
  return make('fieldset', {}, legend, make('label', { htmlFor: 'answer' }, `Answer${unit && ` in ${unit}`}`), input);
}
