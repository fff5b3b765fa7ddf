/** What a slide is, by its own header: what the order says of it has to agree. */
import { dicomFacts } from './dicom-facts.ts';
import { type Bytes, readAhead } from './read-ahead.ts';
import { empty, wrongKind } from './refusals.ts';
import { type Kind, sniffSlide } from './sniff.ts';
import { tiffFacts } from './tiff-facts.ts';
import type { ReadAt, SlideFacts } from './types.ts';
import { zipFacts } from './zip-facts.ts';

const FACTS: Record<Kind, (bytes: Bytes) => Promise<SlideFacts>> = {
  tiff: tiffFacts,
  dicom: dicomFacts,
  zip: zipFacts,
};

/**
 * Reads the header ranges alone, of a slide of `size` bytes.
 *
 * Throws `input-unsupported` (another kind of file, no slide, damaged, truncated, empty) and `input-too-large` (a header
 * with more in it than any slide has), with sentences for the clinician who ordered; and what `readAt` throws.
 */
export async function inspectSlide(readAt: ReadAt, size: number): Promise<SlideFacts> {
  const bytes = readAhead(readAt, size);
  return FACTS[await kindOf(bytes)](bytes);
}

/** Throws `input-unsupported` for what is none of the kinds. */
export async function kindOf(bytes: Bytes): Promise<Kind> {
  if (bytes.size === 0) {
    throw empty();
  }
  const kind = sniffSlide(await bytes.read(0, Math.min(132, bytes.size)));
  if (typeof kind === 'object') {
    throw wrongKind(kind.other);
  }
  return kind;
}
