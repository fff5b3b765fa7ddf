/** The page of one order. */
import { ask } from './api.js';
import { confirmed } from './confirm.js';
import { byId, make, show, status, table, time, utc } from './dom.js';
import { showQuestion } from './question.js';

/** Reads the order and shows it. `did` is told what was asked of it, or why it was refused. */
export async function showOrder(id, isCurrent, did) {
  const order = await ask(`/orders/${encodeURIComponent(id)}`);
  if (!isCurrent()) {
    return;
  }
  document.title = `${order.resource} · FHIR AI adapter`;
  show(byId('order-title'), order.resource, ' ', status(order.status));
  show(byId('facts'), ...facts(order));
  showQuestion(order, (body) => tell(order, 'answer', body, did));
  showActions(order, did);
  show(
    byId('written'),
    table(
      'Resources written',
      ['Part', 'Resource', 'Version'],
      order.written.map(({ part, reference, version }) => [part, make('code', {}, reference), version ?? '']),
      'Nothing yet.',
    ),
  );
  show(
    byId('calls'),
    table(
      'Calls',
      ['Call', 'State', 'Tries', 'Doubts', 'Billed units', 'Run', 'Begun'],
      order.calls.map((call) => [
        call.key,
        call.state,
        String(call.attempts),
        String(call.doubts),
        String(call.bills),
        String(call.run),
        time(call.startedAt, true),
      ]),
      'None yet.',
    ),
  );
  show(
    byId('timeline'),
    table(
      'Timeline, oldest first',
      ['When', 'What', 'Who', 'Details'],
      order.timeline.map(({ at, event, who, detail }) => [
        make('td', { className: 'time' }, time(at, true)),
        event,
        who,
        details(detail),
      ]),
      'Nothing yet.',
    ),
  );
}

function details(detail) {
  return Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => (name === 'text' ? value : `${name} ${value}`))
    .join(', ');
}

function facts(order) {
  const others = order.generations.filter(({ id }) => id !== order.id);
  const rows = [
    ['Status', order.meaning],
    ['Why', order.reason?.text],
    ['What to do', order.advice],
    ['Asked for', order.pending.length > 0 ? `${order.pending.join(', ')}: about to be done` : ''],
    ['Last error', order.lastError && `${order.lastError.text} (${order.lastError.code})`],
    ['The EHR said', order.outcome.map(({ code, expression }) => [code, ...expression].join(' ')).join('; ')],
    ['At the vendor', order.vendorStatus],
    ['Until', order.deadline && make('span', {}, utc(order.deadline.at), `: ${order.deadline.what}`)],
    ['Site, route, vendor', `${order.site}, ${order.route}, ${order.vendor}`],
    ['Task', order.task && make('code', {}, order.task)],
    ['Key', make('code', {}, order.key)],
    ['Came', time(order.createdAt)],
    ['Ended', order.endedAt && time(order.endedAt)],
    ['Looked at next', order.nextAt && time(order.nextAt, true)],
    ['Notes', order.notes.join(' ')],
    [
      'Other generations',
      others.length > 0 &&
        make(
          'span',
          {},
          ...others.flatMap(({ id, generation, status: name }) => [
            make('a', { href: `#/orders/${id}` }, `${generation} (${name})`),
            ' ',
          ]),
        ),
    ],
  ];
  return rows.filter(([, value]) => value).flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]);
}

const QUESTIONS = {
  retry: {
    title: 'Try this order again?',
    text: 'It goes on from where it failed or is held. If the vendor’s run itself failed, the vendor may charge again.',
    yes: 'Try again',
  },
  cancel: {
    title: 'Stop this order?',
    text: 'It ends here, at the vendor too where that is possible. The clinician who ordered reads the reason.',
    yes: 'Stop the order',
    reason: true,
  },
};
const LABELS = { retry: 'Try again…', cancel: 'Stop the order…' };

function showActions(order, did) {
  const box = byId('actions');
  const possible = order.actions.filter((action) => action in LABELS);
  box.hidden = possible.length === 0;
  if (box.dataset.of === `${order.id} ${possible}`) {
    return;
  }
  box.dataset.of = `${order.id} ${possible}`;
  box.replaceChildren(
    ...possible.map((action) => {
      const button = make('button', { type: 'button', id: `do-${action}` }, LABELS[action]);
      button.classList.toggle('plain', action === 'cancel');
      button.addEventListener('click', async () => {
        const given = await confirmed(QUESTIONS[action]);
        if (given) {
          await tell(order, action, action === 'cancel' && given.reason ? { reason: given.reason } : {}, did);
        }
      });
      return button;
    }),
  );
}

async function tell(order, action, body, did) {
  try {
    await ask(`/orders/${encodeURIComponent(order.id)}/${action}`, body);
    did({ good: true, text: 'Asked; the adapter does it at once.' });
  } catch (refused) {
    did({ good: false, text: refused.message });
  }
}
