/** One document of a known format to its normalised text. Runs in the worker, but for plain text. */
import { AdapterError } from '../../errors.ts';
import { charsetParameter } from './charset.ts';
import { FORMAT_TITLES, type KnownDocument, TEXT_LIMIT, unsupported } from './document.ts';
import { normalise } from './normalise.ts';
import { readPlain } from './plain.ts';
import { readRtf } from './rtf.ts';
import { sniff } from './sniff.ts';

// The readers of markup and PDF stand on libraries: each is loaded only where such a document is read.
async function readKnown({ format, bytes, charset }: KnownDocument, nested: boolean): Promise<string> {
  switch (format) {
    case 'plain':
      return readPlain(bytes, charset);
    case 'html': {
      const { readHtml } = await import('./html.ts');
      return readHtml(bytes, charset);
    }
    case 'rtf':
      return readRtf(bytes);
    case 'pdf': {
      const { readPdf } = await import('./pdf.ts');
      return readPdf(bytes);
    }
    case 'ccda': {
      const { readCcda } = await import('./ccda.ts');
      return readCcda(bytes, charset, (inner, contentType) => {
        const inside = sniff(inner, contentType);
        if (nested || inside === 'ccda') {
          throw unsupported('The C-CDA document is packed into another one.');
        }
        if (typeof inside !== 'string') {
          throw unsupported(`The C-CDA document holds a file of type ${inside.other}, which cannot be read.`);
        }
        return readKnown({ format: inside, bytes: inner, charset: charsetParameter(contentType) }, true);
      });
    }
  }
}

/**
 * The text of a document, normalised. Throws nothing but AdapterError: input-unsupported for what cannot be read,
 * input-too-large for too much text, order-incomplete for none.
 */
export async function parseDocument(document: KnownDocument): Promise<string> {
  const title = FORMAT_TITLES[document.format];
  let text: string;
  try {
    text = normalise(await readKnown(document, false));
  } catch (error) {
    if (error instanceof AdapterError) {
      throw error;
    }
    throw unsupported(
      error instanceof RangeError
        ? `The ${title} document is nested too deeply to be read.`
        : `The ${title} document is damaged and cannot be read.`,
      error,
    );
  }
  if (text.trim() === '') {
    throw new AdapterError('order-incomplete', 'The note contains no text.');
  }
  if (Buffer.byteLength(text) > TEXT_LIMIT) {
    throw new AdapterError('input-too-large', `The note's text is longer than ${TEXT_LIMIT / 1024 / 1024} MB.`);
  }
  return text;
}
