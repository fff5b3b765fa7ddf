/** The console: which view the address asks for, kept fresh every few seconds. */
import { ask, token } from './api.js';
import { byId } from './dom.js';
import { prepareList, showList } from './list.js';
import { showOrder } from './order.js';
import { hideBody, showSources } from './sources.js';

const EVERY = 5000;
/** What is to be seen of the page, by view. */
const VIEWS = { enter: ['enter'], list: ['sources', 'list'], order: ['order'] };
/** Where something of the API's answers stands. */
const SHOWN = [
  ...['rows', 'sites', 'sites-table', 'aside-table'],
  ...['facts', 'written', 'calls', 'timeline', 'question', 'actions', 'order-title'],
];
let turn = 0;
let timer;
let shown = '';

function view(name) {
  for (const [one, sections] of Object.entries(VIEWS)) {
    for (const section of sections) {
      byId(section).hidden = one !== name;
    }
  }
  byId('leave').hidden = token.get() === null;
}

function say(text, kind = 'bad') {
  const message = byId('message');
  message.hidden = text === '';
  message.className = kind;
  if (message.textContent !== text) {
    message.textContent = text;
  }
}

/** Shows what the address asks for, and again after a while. Only the newest of several runs gets to show something. */
async function refresh() {
  clearTimeout(timer);
  turn += 1;
  const mine = turn;
  const isCurrent = () => mine === turn;
  if (token.get() === null) {
    enter('');
    return;
  }
  const { hash } = location;
  const id = /^#\/orders\/([\w-]{1,40})$/.exec(hash)?.[1];
  try {
    if (id) {
      await showOrder(id, isCurrent, done);
    } else {
      await Promise.all([showList(hash, isCurrent), showSources(isCurrent, done)]);
    }
    if (!isCurrent()) {
      return;
    }
    arrive(id ? 'order' : 'list', id ?? '');
    byId('freshness').textContent = `As of ${new Date().toLocaleTimeString()}`;
    if (byId('message').dataset.trouble) {
      trouble('');
    }
  } catch (refused) {
    if (!isCurrent()) {
      return;
    }
    if (refused.status === 401) {
      token.forget();
      enter('This token is not known.');
      return;
    }
    trouble(refused.message);
  }
  timer = setTimeout(refresh, EVERY);
}

/** Trouble goes away by itself with the next refresh that works; the outcome of an action stays. */
function trouble(text) {
  byId('message').dataset.trouble = text;
  say(text);
}

function arrive(name, id) {
  view(name);
  const here = `${name} ${id}`;
  if (shown !== here) {
    if (shown !== '') {
      byId('main').focus();
      scrollTo(0, 0);
    }
    shown = here;
  }
  if (name === 'list') {
    document.title = 'Orders · FHIR AI adapter';
  }
}

function done({ good, text }) {
  byId('message').dataset.trouble = '';
  say(text, good ? 'good' : 'bad');
  refresh();
}

function enter(why) {
  clearTimeout(timer);
  turn += 1;
  shown = '';
  byId('freshness').textContent = '';
  // What a person without a token may not see must not stay in the page.
  for (const id of SHOWN) {
    byId(id).replaceChildren();
    delete byId(id).dataset.of;
  }
  hideBody();
  view('enter');
  say(why);
  byId('token').focus();
}

byId('enter-form').addEventListener('submit', (event) => {
  event.preventDefault();
  token.set(byId('token').value.trim());
  byId('token').value = '';
  say('');
  refresh();
});
byId('leave').addEventListener('click', () => {
  token.forget();
  enter('');
});
addEventListener('hashchange', () => {
  say('');
  refresh();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearTimeout(timer);
  } else {
    refresh();
  }
});

/** The statuses come from the API's own description, so that the two cannot differ. */
async function statuses() {
  try {
    const { paths } = await ask('/openapi.json');
    return paths['/orders'].get.parameters.find(({ name }) => name === 'status').schema.enum;
  } catch {
    return [];
  }
}

prepareList(await statuses(), refresh);
refresh();
