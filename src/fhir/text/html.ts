/** Text of HTML and XHTML notes, by html-to-text: what a reader sees, nothing hidden, boundaries of lists and tables kept. */
import { compile, type DomNode, type FormatCallback, type HtmlToTextOptions } from 'html-to-text';
import { declaredInside, decodeText } from './charset.ts';
import { tidy } from './normalise.ts';

/** Never shown, or retracted by its author (struck text must not come back as a finding). */
const DROPPED = [
  ...['script', 'style', 'template', 'title', 'noscript', 'iframe', 'object', 'svg', 'audio', 'video', 'img', 'option'],
  ...['del', 's', 'strike', '[hidden]', 'input[type="hidden"]'],
  ...[
    'display:none',
    'display: none',
    'display :none',
    'display : none',
    'visibility:hidden',
    'visibility: hidden',
    'visibility :hidden',
    'visibility : hidden',
    'mso-hide:all',
  ].map((style) => `[style*="${style}" i]`),
  ...['text-decoration:line-through', 'text-decoration: line-through'].map((style) => `[style*="${style}" i]`),
];

function blank(node: DomNode): boolean {
  return node.type === 'comment' || (node.type === 'text' && (node.data ?? '').trim() === '');
}

/** What stands before and behind the node within its parent, as far as it shows. */
function neighbours(node: DomNode): { before: boolean; behind: boolean } {
  const all = node.parent?.children ?? [];
  const at = all.indexOf(node);
  return {
    before: all.slice(0, at).some((sibling) => !blank(sibling)),
    behind: all.slice(at + 1).some((sibling) => !blank(sibling)),
  };
}

/** A cell stays on its row's line, a tab before it. */
const cell: FormatCallback = (element, walk, builder) => {
  if (neighbours(element).before) {
    builder.addLiteral('\t');
  }
  walk(element.children, builder);
};

/** A block in a cell breaks the line only towards a neighbour: word processors wrap every cell's text in a paragraph. */
const cellBlock: FormatCallback = (element, walk, builder) => {
  const { before, behind } = neighbours(element);
  if (before) {
    builder.addLineBreak();
  }
  walk(element.children, builder);
  if (behind) {
    builder.addLineBreak();
  }
};

function textOf(node: DomNode): string {
  return node.type === 'text' ? (node.data ?? '') : (node.children ?? []).slice(0, 3).map(textOf).join('');
}

/** 10<sup>9</sup> must not be read as 109. */
const superscript: FormatCallback = (element, walk, builder) => {
  if (/^\s*[+−-]?\d/.test(textOf(element))) {
    builder.addLiteral('^');
  }
  walk(element.children, builder);
};

/** A form's boxes: without them what nobody ticked would read as a list of findings. */
const box: FormatCallback = (element, _walk, builder) => {
  builder.addInline('checked' in (element.attribs ?? {}) ? '[x] ' : '[ ] ', {});
};

const block = { leadingLineBreaks: 2, trailingLineBreaks: 2 };
const line = { leadingLineBreaks: 1, trailingLineBreaks: 1 };

const OPTIONS: HtmlToTextOptions = {
  wordwrap: false,
  // The library would cut the text in silence; sizes are limited before.
  limits: { maxInputLength: undefined },
  // Everything that is shown, also what stands outside a body in broken documents.
  baseElements: { selectors: ['no-such-element'], returnDomByDefault: true },
  formatters: { box, cell, cellBlock, superscript },
  selectors: [
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({
      selector,
      format: 'heading',
      options: { ...block, uppercase: false },
    })),
    ...['p', 'blockquote', 'table', 'dl', 'fieldset', 'pre'].map((selector) => ({
      selector,
      format: selector === 'pre' ? 'pre' : 'block',
      options: block,
    })),
    ...['tr', 'caption', 'dt', 'dd', 'legend', 'hr', 'textarea'].map((selector) => ({
      selector,
      format: 'block',
      options: line,
    })),
    { selector: 'ul', format: 'unorderedList', options: { ...block, itemPrefix: '- ' } },
    { selector: 'ol', format: 'orderedList', options: block },
    { selector: 'a', format: 'inline' },
    { selector: 'sup', format: 'superscript' },
    { selector: 'td', format: 'cell' },
    { selector: 'th', format: 'cell' },
    ...['td > p', 'th > p', 'td > div', 'th > div', 'td > div > p', 'li > p'].map((selector) => ({
      selector,
      format: 'cellBlock',
    })),
    { selector: 'input[type="checkbox" i]', format: 'box' },
    { selector: 'input[type="radio" i]', format: 'box' },
    { selector: 'option[selected]', format: 'inline' },
    ...DROPPED.map((selector) => ({ selector, format: 'skip' })),
  ],
};

const convert = compile(OPTIONS);

/** The text of markup that is decoded already. Throws RangeError for markup nested too deeply for the stack. */
export function htmlText(markup: string): string {
  return tidy(convert(markup));
}

export function readHtml(bytes: Uint8Array, charset?: string): string {
  return htmlText(decodeText(bytes, charset, declaredInside(bytes)));
}
