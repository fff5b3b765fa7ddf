/** What every reader of a note's format is given and gives. */
import { AdapterError } from '../../errors.ts';

export const FORMATS = ['plain', 'html', 'ccda', 'rtf', 'pdf'] as const;
export type Format = (typeof FORMATS)[number];

/** Text longer than this many bytes of UTF-8 is refused: no clinical note is, and every chunk of it would be billed. */
export const TEXT_LIMIT = 10 * 1024 * 1024;

/** One document as it came, before anybody has looked inside. */
export interface SourceDocument {
  bytes: Uint8Array;
  /** The declared media type with its parameters; often wrong, generic or absent. */
  contentType?: string;
}

/** A document whose format is known, with the charset that its media type declares. */
export interface KnownDocument {
  format: Format;
  bytes: Uint8Array;
  charset?: string;
}

/** The words clinicians know a format by. */
export const FORMAT_TITLES: Record<Format, string> = {
  plain: 'plain text',
  html: 'HTML',
  ccda: 'C-CDA',
  rtf: 'RTF',
  pdf: 'PDF',
};

/** A format that no reader here takes, or a document that breaks its format's rules. */
export function unsupported(message: string, cause?: unknown): AdapterError {
  return new AdapterError('input-unsupported', message, { cause });
}
