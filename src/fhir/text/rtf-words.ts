/** What the control words of RTF mean for its text; RTF 1.9.1. Words that are not here change only the looks. */

/** Groups whose content is no text of the note. Groups that begin with `\*` are skipped too, but for ENTERED. */
export const SKIPPED: ReadonlySet<string> = new Set([
  ...['fonttbl', 'colortbl', 'stylesheet', 'info', 'pict', 'nonshppict', 'object', 'objdata', 'fldinst', 'filetbl'],
  ...['header', 'headerl', 'headerr', 'headerf', 'footer', 'footerl', 'footerr', 'footerf', 'listtable', 'revtbl'],
  ...['ftnsep', 'ftnsepc', 'ftncn', 'aftnsep', 'aftnsepc', 'aftncn', 'xe', 'tc', 'sp', 'shprslt', 'themedata'],
  ...['listoverridetable', 'rsidtbl', 'generator', 'datastore', 'bkmkstart', 'bkmkend', 'annotation', 'template'],
]);

/** Groups that are text although an older or a starred group is around them: text boxes, shown results. */
export const ENTERED: ReadonlySet<string> = new Set(['shpinst', 'shptxt', 'result', 'fldrslt']);

/** Words that stand for characters. */
export const CHARACTERS: Record<string, string> = {
  par: '\n',
  line: '\n',
  row: '\n',
  nestrow: '\n',
  lbr: '\n',
  sect: '\n\n',
  page: '\n\n',
  column: '\n',
  softline: '\n',
  cell: '\t',
  nestcell: '\t',
  tab: '\t',
  emdash: '—',
  endash: '–',
  emspace: ' ',
  enspace: ' ',
  qmspace: ' ',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  bullet: '•',
};

/** Control symbols that stand for characters; braces and backslash are themselves. */
export const SYMBOLS: Record<string, string> = {
  '{': '{',
  '}': '}',
  '\\': '\\',
  '~': ' ',
  _: '-',
  '\n': '\n',
  '\r': '\n',
  '\t': '\t',
};

/** Character formats that hide text or say that its author took it back; with 0 behind them they end. */
export const HIDING: ReadonlySet<string> = new Set(['v', 'deleted', 'strike', 'striked', 'htmlrtf']);
