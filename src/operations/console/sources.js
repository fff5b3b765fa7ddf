/** How orders reach us: each site's pushes, sweeps, Subscriptions and backlog; and what was set aside. */
import { ask, askText } from './api.js';
import { confirmed } from './confirm.js';
import { byId, make, show, table, time } from './dom.js';

const PUSH = { unknown: 'none seen yet', works: 'works', silent: 'silent: only the sweep brings orders' };

/** Reads and shows both; `did` is told what was done, or why it was refused. */
export async function showSources(isCurrent, did) {
  const { sites } = await ask('/sites');
  const isAside = sites.some(({ aside }) => aside > 0);
  const { notifications } = isAside ? await ask('/notifications') : { notifications: [] };
  if (!isCurrent()) {
    return;
  }
  show(
    byId('sites-table'),
    table(
      'Sites',
      ['Site', 'Last push', 'Last sweep', 'Subscriptions', 'Backlog'],
      sites.map((site) => [site.name, push(site), sweep(site), subscriptions(site), backlog(site)]),
      'No sites.',
    ),
  );
  byId('aside').hidden = notifications.length === 0;
  show(
    byId('aside-table'),
    table(
      'Notifications that were set aside, newest first',
      ['When', 'Site', 'Request', 'Size', 'Why', 'What to do'],
      notifications.map((one) => [
        make('td', { className: 'time' }, time(one.receivedAt, true)),
        one.site,
        make('code', {}, `${one.method} ${one.path}`),
        `${one.size} bytes`,
        one.why ?? '',
        actions(one, did),
      ]),
      '',
    ),
  );
}

/** Lines of a cell, without those that say nothing. */
function lines(...texts) {
  const said = texts.filter(Boolean);
  return make('div', {}, ...said.map((text, index) => make('div', { className: index > 0 ? 'hint' : '' }, text)));
}

function push({ push: { last, state } }) {
  return lines(last ? time(last, true) : 'never', PUSH[state]);
}

function sweep({ sweep: last }) {
  if (last === null) {
    return 'never';
  }
  const made = last.orders === 1 ? '1 order' : `${last.orders} orders`;
  const pause = last.pausedUntil && make('span', {}, 'The FHIR server wants a pause until ', time(last.pausedUntil));
  return lines(time(last.at, true), last.advice ?? last.problem ?? `brought ${made}`, pause);
}

function subscriptions({ subscriptions: ours }) {
  if (ours === null) {
    return 'not looked at yet';
  }
  const { subscriptions: all, manner, problem } = ours;
  const wrong = all.filter((one) => one.problem !== null);
  const good = all.length - wrong.length;
  const summary = all.length === 0 ? 'none of ours' : `${good} of ${all.length} as they should be`;
  const words = [problem, ...wrong.map((one) => `${one.criteria} ${one.problem}`)].filter(Boolean).join('; ');
  return lines(manner ? `${summary} (${manner})` : summary, words);
}

function backlog({ waiting, aside }) {
  return lines(`${waiting} waiting`, aside > 0 ? `${aside} set aside` : '');
}

const QUESTIONS = {
  retry: {
    title: 'Read this notification again?',
    text: 'It is dealt with as if it had just come. Do this once its dialect is configured or the adapter can read it.',
    yes: 'Read it again',
  },
  dismiss: {
    title: 'Forget this notification?',
    text: 'It is not read any more. If an order was in it, only the sweep can still find it.',
    yes: 'Forget it',
  },
};

function actions(one, did) {
  const button = (name, text, act) => {
    const made = make('button', { type: 'button', id: `aside-${name}-${one.id}`, className: 'plain' }, text);
    made.addEventListener('click', async () => {
      try {
        await act();
      } catch (refused) {
        did({ good: false, text: refused.message });
      }
    });
    return made;
  };
  const tell = (name, text) => async () => {
    if (await confirmed(QUESTIONS[name])) {
      await ask(`/notifications/${encodeURIComponent(one.id)}/${name}`, {});
      did({ good: true, text });
    }
  };
  return make(
    'div',
    { className: 'actions' },
    button('show', 'Show the body', () => showBody(one)),
    button('retry', 'Read again…', tell('retry', 'It is read again.')),
    button('dismiss', 'Forget…', tell('dismiss', 'It is forgotten.')),
  );
}

async function showBody({ id, size }) {
  const text = await askText(`/notifications/${encodeURIComponent(id)}/body`);
  byId('body-text').value = size === 0 ? '(empty)' : text;
  byId('body-dialog').showModal();
}

/** Closes it; what it held is gone from the page. */
export function hideBody() {
  byId('body-dialog').close();
  byId('body-text').value = '';
}

byId('body-dialog').addEventListener('close', () => {
  byId('body-text').value = '';
});
