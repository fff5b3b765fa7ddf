/** The narrative block of a C-CDA section (CDA R2 narrative block schema) as text. */
import type { Element, Node } from '@xmldom/xmldom';
import { tidy } from './normalise.ts';

/** Elements that begin and end on a line of their own, with a blank line around them. */
const PARAGRAPHS: ReadonlySet<string> = new Set([
  'paragraph',
  'list',
  'table',
  'footnote',
  'p',
  'div',
  'ul',
  'ol',
  'pre',
]);
/** Elements that begin and end on a line of their own. */
const LINES: ReadonlySet<string> = new Set(['item', 'li', 'tr', 'caption']);
const CELLS: ReadonlySet<string> = new Set(['td', 'th']);

function nameOf(node: Node): string {
  return node.nodeName.replace(/^.*:/, '');
}

function isElement(node: Node): node is Element {
  return node.nodeType === 1;
}

/** Collects words; breaks and blanks are decided when the next word comes. */
class Lines {
  private readonly parts: string[] = [];
  private breaks = 0;
  private space = false;

  word(text: string): void {
    const words = text.replace(/[ \t\r\n]+/g, ' ');
    const body = words.trimStart();
    this.space ||= words.length > body.length;
    if (body === '') {
      return;
    }
    this.parts.push('\n'.repeat(this.breaks), this.space && this.breaks === 0 && this.parts.length > 0 ? ' ' : '');
    this.breaks = 0;
    this.parts.push(body.trimEnd());
    this.space = body.endsWith(' ');
  }

  exact(text: string): void {
    this.parts.push('\n'.repeat(this.breaks), text);
    this.breaks = 0;
    this.space = false;
  }

  breakLine(count: number): void {
    this.breaks = this.parts.length === 0 ? 0 : Math.max(this.breaks, count);
  }

  /** A forced break; two of them make a blank line. */
  forceBreak(): void {
    this.breaks = this.parts.length === 0 ? 0 : Math.min(this.breaks + 1, 2);
  }

  text(): string {
    return tidy(this.parts.join(''));
  }
}

function previousElement(element: Element): Element | undefined {
  for (let node = element.previousSibling; node; node = node.previousSibling) {
    if (isElement(node)) {
      return node;
    }
  }
  return undefined;
}

function itemPrefix(item: Element): string {
  const parent = item.parentNode;
  const list = parent && isElement(parent) ? parent : undefined;
  const ordered = list?.getAttribute('listType') === 'ordered' || (list !== undefined && nameOf(list) === 'ol');
  if (!ordered) {
    return '- ';
  }
  const items = Array.from(list?.childNodes ?? []).filter((node) => isElement(node) && nameOf(node) === nameOf(item));
  return `${items.indexOf(item) + 1}. `;
}

function walkChildren(element: Element, lines: Lines): void {
  for (const child of Array.from(element.childNodes)) {
    if (isElement(child)) {
      walk(child, lines);
    } else if (child.nodeType === 3 || child.nodeType === 4) {
      lines.word(child.nodeValue ?? '');
    }
  }
}

function walk(element: Element, lines: Lines): void {
  const name = nameOf(element);
  // What its author took back must not be read.
  if (element.getAttribute('revised') === 'delete' || name === 'renderMultiMedia' || name === 'col') {
    return;
  }
  if (name === 'br') {
    lines.forceBreak();
    return;
  }
  if (CELLS.has(name)) {
    const before = previousElement(element);
    if (before && CELLS.has(nameOf(before))) {
      lines.exact('\t');
    }
    walkChildren(element, lines);
    return;
  }
  const breaks = PARAGRAPHS.has(name) ? 2 : LINES.has(name) ? 1 : 0;
  // Within a cell or an item a paragraph is only a line; its first does not leave the line of the tab or the dash.
  const parent = element.parentNode;
  const tight = breaks > 0 && parent && isElement(parent) && [...CELLS, 'item', 'li'].includes(nameOf(parent));
  const first = tight && !previousElement(element);
  if (breaks > 0 && !first) {
    lines.breakLine(tight ? 1 : breaks);
  }
  if (name === 'item' || name === 'li') {
    lines.exact(itemPrefix(element));
  }
  if (name === 'sup' && /^\s*[+−-]?\d/.test(element.textContent ?? '')) {
    // 10<sup>9</sup> must not be read as 109.
    lines.exact('^');
  }
  walkChildren(element, lines);
  if (breaks > 0) {
    lines.breakLine(tight ? (first ? 0 : 1) : breaks);
  }
}

/** The text of a section's `text` element. Text without any markup keeps its own lines. */
export function narrativeText(narrative: Element): string {
  const plain = Array.from(narrative.childNodes).every((node) => !isElement(node));
  if (plain) {
    return tidy((narrative.textContent ?? '').replace(/\r\n?/g, '\n').replace(/^[ \t]+/gm, ''));
  }
  const lines = new Lines();
  walkChildren(narrative, lines);
  return lines.text();
}
