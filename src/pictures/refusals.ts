/** What is said of a picture that cannot be sent, in words for the clinician who ordered. */
import { AdapterError } from '../errors.ts';
import type { PictureType } from './types.ts';

/** How sentences begin for a picture that is a file of its own; one in a zip file has its place there. */
export const THE_PICTURE = 'The picture';

const MB = 1024 * 1024;
const IN_WORDS: Record<PictureType, string> = {
  'image/jpeg': 'JPEG',
  'image/png': 'PNG',
  'application/zip': 'zip files of such',
};

/** Any other reason than those below; the sentence has to stand alone. */
export function unsupported(sentence: string, cause?: unknown): AdapterError {
  return new AdapterError('input-unsupported', sentence, { cause });
}

/** Types as a list for people: `JPEG, PNG and zip files of such`. */
function inWords(types: readonly PictureType[]): string {
  const single = types.filter((type) => type !== 'application/zip').map((type) => IN_WORDS[type]);
  const words = types.includes('application/zip') ? [...single, IN_WORDS['application/zip']] : single;
  const list = words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
  return types.includes('application/zip') ? list : `${list} files`;
}

/** `name` is what sniffPicture says: `a TIFF file`. */
export function wrongType(called: string, name: string, types: readonly PictureType[]): AdapterError {
  return unsupported(`${called} is ${name}; only ${inWords(types)} can be sent.`);
}

export function empty(called: string): AdapterError {
  return unsupported(`${called} is empty (0 bytes).`);
}

export function truncated(called: string): AdapterError {
  return unsupported(`${called} is incomplete: the file ends before the picture does.`);
}

export function damaged(called: string, cause?: unknown): AdapterError {
  return unsupported(`${called} is damaged and cannot be read.`, cause);
}

export function rareKind(called: string, format: 'JPEG' | 'PNG'): AdapterError {
  return unsupported(`${called} is a ${format} file of a rare kind that most programs cannot read.`);
}

/** `bytes` is the limit, said in whole megabytes where it is such. */
export function tooLarge(called: string, bytes: number): AdapterError {
  const megabytes = bytes % MB === 0 ? bytes / MB : Number((bytes / 1e6).toPrecision(3));
  return new AdapterError('input-too-large', `${called} is larger than ${megabytes} MB.`);
}

export function tooMany(pictures: number, most: number): AdapterError {
  return new AdapterError(
    'input-too-large',
    `The order has ${pictures} pictures; at most ${most === 1 ? 'one' : most} can be sent.`,
  );
}

export function tooManyPixels(called: string, most: number): AdapterError {
  return new AdapterError(
    'input-too-large',
    `${called} lies on its side and has more than ${most / 1e6} million pixels: it is too large to be turned upright.`,
  );
}

/** The EHR has changed the file since it was checked. */
export function replaced(): AdapterError {
  return new AdapterError('input-unavailable', 'A picture in the EHR is no longer the one that was read.');
}
