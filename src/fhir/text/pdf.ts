/** The text layer of PDF notes, by pdf.js (unpdf). Runs in a worker: pdf.js trusts its input less than we do, but still. */
import { getDocumentProxy } from 'unpdf';
import { unsupported } from './document.ts';
import { tidy } from './normalise.ts';

interface TextItem {
  str: string;
  /** Where the item begins: [a, b, c, d, x, y] in points, y upwards. */
  transform: number[];
  width: number;
  height: number;
}

function isTextItem(item: object): item is TextItem {
  return 'str' in item && 'transform' in item;
}

function positionOf(item: TextItem): { y: number; size: number } {
  const [, , c = 0, d = 0, , y = 0] = item.transform;
  return { y, size: Math.hypot(c, d) || item.height || 10 };
}

/**
 * The items of one page as lines: a line break where the baseline moves, a blank line where it moves by more than a line
 * and a half (a paragraph), a tab over a gap of two characters or more within a line (a table's column).
 */
export function pageText(items: readonly object[]): string {
  let text = '';
  let baseline: { y: number; size: number } | undefined;
  for (const item of items) {
    if (!isTextItem(item)) {
      continue;
    }
    if (item.str.trim() === '') {
      text += item.str === '' || text.endsWith('\n') ? '' : item.width > positionOf(item).size * 1.5 ? '\t' : ' ';
      continue;
    }
    const here = positionOf(item);
    if (baseline && Math.abs(baseline.y - here.y) > Math.min(baseline.size, here.size) * 0.6) {
      const drop = baseline.y - here.y;
      text += drop > Math.max(baseline.size, here.size) * 1.7 ? '\n\n' : '\n';
    }
    text += item.str;
    // A raised exponent is no new baseline for what follows it.
    baseline = here;
  }
  return text;
}

/** Text of fonts without a mapping to Unicode comes out as private-use and replacement characters. */
function isGarbled(text: string): boolean {
  const letters = text.replace(/\s/g, '');
  const unknown = letters.match(/[\p{Co}\p{Cc}\ufffd]/gu)?.length ?? 0;
  return unknown > letters.length / 4;
}

/**
 * The text of all pages. Throws input-unsupported for a PDF that needs a password, has no text layer or no readable one.
 */
export async function readPdf(bytes: Uint8Array): Promise<string> {
  // pdf.js takes the buffer over, so it gets its own; verbosity 0: its warnings quote the document.
  const document = await getDocumentProxy(bytes.slice(), { verbosity: 0, isEvalSupported: false }).catch((error) => {
    if (error instanceof Error && error.name === 'PasswordException') {
      throw unsupported('The PDF is encrypted: it needs a password to be opened.');
    }
    throw unsupported('The PDF is damaged and cannot be read.', error);
  });
  try {
    const pages: string[] = [];
    for (let number = 1; number <= document.numPages; number++) {
      const page = await document.getPage(number);
      const { items } = await page.getTextContent();
      pages.push(pageText(items));
      page.cleanup();
    }
    const text = tidy(pages.join('\n\n'));
    if (text.trim() === '') {
      throw unsupported('The PDF is scanned or a picture: it has no text that could be read.');
    }
    if (isGarbled(text)) {
      throw unsupported('The text of the PDF cannot be read: its fonts do not say which characters they show.');
    }
    return text;
  } finally {
    await document.destroy();
  }
}
