/** A note's text out of whatever document the EHR keeps it in. */
import { AdapterError } from '../../errors.ts';
import { charsetParameter } from './charset.ts';
import { type Format, type SourceDocument, unsupported } from './document.ts';
import { type IsolationLimits, parseIsolated } from './isolate.ts';
import { parseDocument } from './parse.ts';
import { sniff } from './sniff.ts';

export interface ExtractedText {
  /** In NFC, with `\n` line ends: the reference of all offsets, which count its Unicode code points. */
  text: string;
  /** What the document turned out to be. */
  format: Format;
}

/**
 * The text of a document, whatever its declared media type says. Throws AdapterError:
 * input-unsupported (no format of ours, encrypted, scanned, damaged), order-incomplete (no text in it), input-too-large.
 */
export async function extractText(document: SourceDocument, limits?: IsolationLimits): Promise<ExtractedText> {
  if (document.bytes.length === 0) {
    throw new AdapterError('order-incomplete', 'The note contains no text.');
  }
  const format = sniff(document.bytes, document.contentType);
  if (typeof format !== 'string') {
    throw unsupported(`The note is of type ${format.other}, which cannot be read as text.`);
  }
  const charset = charsetParameter(document.contentType);
  const known = { format, bytes: document.bytes, ...(charset === undefined ? {} : { charset }) };
  const text = format === 'plain' ? await parseDocument(known) : await parseIsolated(known, limits);
  return { text, format };
}
