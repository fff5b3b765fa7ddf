/** Elements built from text; nothing is ever parsed as HTML. */

/** The element with this id; the page has it. */
export function byId(id) {
  return document.getElementById(id);
}

/** An element with properties and children; a string becomes text. */
export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/** A table from headings and rows of texts or elements; a paragraph where there are no rows. */
export function table(caption, headings, rows, none) {
  if (rows.length === 0) {
    return make('p', { className: 'hint' }, none);
  }
  return make(
    'table',
    {},
    make('caption', { className: 'hidden-text' }, caption),
    make('thead', {}, make('tr', {}, ...headings.map((heading) => make('th', { scope: 'col' }, heading)))),
    make('tbody', {}, ...rows.map((cells) => make('tr', {}, ...cells.map(cell)))),
  );
}

/** A table's cell. */
export function cell(content) {
  return content instanceof HTMLTableCellElement ? content : make('td', {}, content);
}

/** An instant in the reader's own time zone, with the exact one in `datetime`. */
export function time(instant, seconds = false) {
  const text = new Date(instant).toLocaleString([], { dateStyle: 'medium', timeStyle: seconds ? 'medium' : 'short' });
  return make('time', { dateTime: instant, title: instant }, text);
}

/** An instant that people agree upon with others elsewhere, to the minute, in UTC. */
export function utc(instant) {
  return make('time', { dateTime: instant }, `${instant.slice(0, 16).replace('T', ' ')} UTC`);
}

/** A status as a pill; the word itself says it, colour only helps. */
export function status(name) {
  return make('span', { className: `status status-${name}` }, name);
}

/**
 * Puts new children in place only if they would differ, so that a refresh moves neither the focus nor the selection.
 */
export function show(parent, ...children) {
  const fresh = make(parent.tagName, {}, ...children);
  if (fresh.innerHTML !== parent.innerHTML) {
    const focused = parent.contains(document.activeElement) ? document.activeElement.id : '';
    parent.replaceChildren(...fresh.childNodes);
    if (focused) {
      byId(focused)?.focus();
    }
  }
}
