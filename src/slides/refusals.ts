/** What is said of a slide that cannot be sent, in words for the clinician who ordered. */
import { AdapterError } from '../errors.ts';

/** How sentences begin. No name, number or place of a file is ever in them. */
const THE_SLIDE = 'The slide';
const KINDS = 'SVS, TIFF and DICOM slides (single files, or several in a zip file)';

/** Any other reason than those below; the sentence has to stand alone. */
export function unsupported(sentence: string, cause?: unknown): AdapterError {
  return new AdapterError('input-unsupported', sentence, { cause });
}

export const empty = () => unsupported(`${THE_SLIDE} is an empty file (0 bytes).`);

export const truncated = () => unsupported(`${THE_SLIDE} is incomplete: the file ends before the slide does.`);

export const damaged = (cause?: unknown) => unsupported(`${THE_SLIDE} is damaged: its header cannot be read.`, cause);

/** `name` with its article: `a JPEG file`. */
export const wrongKind = (name: string) => unsupported(`${THE_SLIDE} is ${name}; only ${KINDS} can be sent.`);

export const noSlide = (why: string) => unsupported(`The file is no slide: ${why}.`);

/** There is more in the header than any slide has: it is not read on. */
export const tooMuch = (what: string) => new AdapterError('input-too-large', `${THE_SLIDE} has ${what}.`);

/** It can be read, but not be made anonymous as it passes. */
export const notCleanable = (why: string) => unsupported(`${THE_SLIDE} cannot be made anonymous: ${why}.`);
