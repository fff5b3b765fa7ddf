/** The list of orders: filters in the page's address, newest first. */
import { ask } from './api.js';
import { byId, make, show, status, time, utc } from './dom.js';

const PAGE = 50;
let pages = 1;
const seenSites = new Set();

/** The filters as the address has them: `#/?site=general&status=held`. */
export function filtersOf(hash) {
  const words = new URLSearchParams(hash.split('?')[1] ?? '');
  return { site: words.get('site') ?? '', status: words.get('status') ?? '' };
}

/** Makes the filters work; `statuses` are those of the API's description. */
export function prepareList(statuses, refresh) {
  const select = byId('filter-status');
  select.append(...statuses.map((name) => make('option', { value: name }, name)));
  const form = byId('filters');
  const apply = () => {
    if (!form.reportValidity()) {
      return;
    }
    const given = { site: byId('filter-site').value.trim(), status: select.value };
    const words = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== ''));
    pages = 1;
    location.hash = words.size > 0 ? `#/?${words}` : '#/';
  };
  form.addEventListener('change', apply);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    apply();
  });
  byId('more').addEventListener('click', () => {
    pages += 1;
    refresh();
  });
}

/** Reads the pages that are open and shows them; `isCurrent` says whether the reader is still here. */
export async function showList(hash, isCurrent) {
  const filters = filtersOf(hash);
  const orders = [];
  let before;
  for (let page = 0; page < pages; page += 1) {
    const words = { ...filters, limit: String(PAGE), ...(before && { before }) };
    const query = new URLSearchParams(Object.entries(words).filter(([, value]) => value !== ''));
    const answer = await ask(`/orders?${query}`);
    orders.push(...answer.orders);
    before = answer.before;
    if (!before) {
      break;
    }
  }
  if (!isCurrent()) {
    return;
  }
  if (document.activeElement !== byId('filter-site')) {
    byId('filter-site').value = filters.site;
  }
  byId('filter-status').value = filters.status;
  for (const { site } of orders) {
    if (!seenSites.has(site)) {
      seenSites.add(site);
      byId('sites').append(make('option', { value: site }));
    }
  }
  show(byId('rows'), ...orders.map(row));
  byId('none').hidden = orders.length > 0;
  byId('more').hidden = before === undefined;
}

/** Said in the list so long before. */
const NEAR_MS = 2 * 86_400_000;

/** A sign for an order with something to be done within two days. */
function deadlineSign({ deadline }) {
  const left = deadline ? Date.parse(deadline.at) - Date.now() : -1;
  const isNear = left > 0 && left <= NEAR_MS;
  return isNear ? [make('span', { className: 'near', title: deadline.what }, 'until ', utc(deadline.at)), ' '] : [];
}

function row(order) {
  const generation = order.generation > 1 ? ` (generation ${order.generation})` : '';
  return make(
    'tr',
    {},
    make('td', {}, status(order.status)),
    make('td', {}, make('a', { href: `#/orders/${order.id}`, id: `row-${order.id}` }, order.resource), generation),
    make('td', {}, order.site),
    make('td', {}, order.route),
    make('td', {}, order.vendor),
    make('td', { className: 'time' }, time(order.createdAt)),
    make('td', {}, ...deadlineSign(order), order.reason?.text ?? order.vendorStatus ?? ''),
  );
}
