/** Which characters the bytes of an RTF font stand for. */

/** `\fcharset` numbers as WHATWG labels (RTF 1.9.1, font table). 0 and 1 are the document's own code page. */
const CHARSETS: Record<number, string> = {
  77: 'macintosh',
  128: 'shift_jis',
  129: 'euc-kr',
  134: 'gbk',
  136: 'big5',
  161: 'windows-1253',
  162: 'windows-1254',
  163: 'windows-1258',
  177: 'windows-1255',
  178: 'windows-1256',
  186: 'windows-1257',
  204: 'windows-1251',
  222: 'windows-874',
  238: 'windows-1250',
};

const CODE_PAGES: Record<number, string> = {
  866: 'ibm866',
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  10000: 'macintosh',
  10007: 'x-mac-cyrillic',
  28591: 'iso-8859-1',
  28592: 'iso-8859-2',
  28605: 'iso-8859-15',
  65001: 'utf-8',
};

/** The label of a Windows code page number; windows-1252 for one that no decoder here knows (DOS 437 and 850). */
export function codePageLabel(page: number): string {
  return CODE_PAGES[page] ?? (page >= 1250 && page <= 1258 ? `windows-${page}` : 'windows-1252');
}

export interface RtfFont {
  charset?: number;
  codePage?: number;
  name: string;
}

export type ByteDecoder = (bytes: Uint8Array) => string;

/** The Symbol font: letters are Greek, and the signs that clinical notes use. */
const SYMBOL: Record<number, string> = Object.fromEntries([
  ...[...'ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ'].map((character, index) => [0x41 + index, character]),
  ...[...'αβχδεφγηιϕκλμνοπθρστυϖωξψζ'].map((character, index) => [0x61 + index, character]),
  ...Object.entries({ 163: '≤', 165: '∞', 171: '↔', 172: '←', 173: '↑', 174: '→', 175: '↓', 176: '°', 177: '±' }),
  ...Object.entries({ 179: '≥', 180: '×', 183: '•', 184: '÷', 185: '≠', 187: '≈', 188: '…', 214: '√', 219: '⇔' }),
  ...Object.entries({ 222: '⇒' }),
]);

/** Wingdings: bullets, ticks and boxes; a ticked box is content. */
const WINGDINGS: Record<number, string> = {
  108: '•',
  110: '▪',
  111: '☐',
  113: '☐',
  159: '•',
  167: '▪',
  168: '☐',
  216: '➢',
  224: '→',
  251: '✗',
  252: '✓',
  253: '☒',
  254: '☑',
};

/** One character of a symbol font, by its byte; also for the private-use code points that `\u` names them by. */
export function symbolCharacter(font: RtfFont | undefined, byte: number): string {
  const table = /wingdings/i.test(font?.name ?? '') ? WINGDINGS : SYMBOL;
  return table[byte] ?? (byte >= 0x20 && byte < 0x7f && table === SYMBOL ? String.fromCharCode(byte) : '•');
}

export function isSymbolFont(font: RtfFont | undefined): boolean {
  return font?.charset === 2 || /^(symbol|wingdings)/i.test(font?.name ?? '');
}

/** How the bytes of a run in this font become characters. */
export function fontDecoder(font: RtfFont | undefined, documentPage: number): ByteDecoder {
  if (isSymbolFont(font)) {
    return (bytes) => Array.from(bytes, (byte) => symbolCharacter(font, byte)).join('');
  }
  const own = font?.codePage === undefined ? CHARSETS[font?.charset ?? 0] : codePageLabel(font.codePage);
  const label = own ?? codePageLabel(documentPage);
  const decoder = new TextDecoder(label);
  return (bytes) => decoder.decode(bytes);
}
