/** What an upload says of its own type, and whether its bytes agree. */
import type { Habits } from './profiles.ts';

export const FILE_TYPES = ['image/jpeg', 'image/png', 'application/zip'] as const;
export type FileType = (typeof FILE_TYPES)[number];

const EXTENSIONS = new Map<string, FileType>([
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['png', 'image/png'],
  ['zip', 'application/zip'],
]);

/** The first bytes of each; a zip that is empty or in volumes begins otherwise, and is none here. */
const SIGNATURES: Record<FileType, Buffer> = {
  'image/jpeg': Buffer.from('ffd8ff', 'hex'),
  'image/png': Buffer.from('89504e470d0a1a0a', 'hex'),
  'application/zip': Buffer.from('504b0304', 'hex'),
};

/** The most bytes that `beginsAs` looks at. */
export const SIGNATURE_LENGTH = 8;

export interface Said {
  header: string | undefined;
  file_name: string | undefined;
  content_type: string | undefined;
}

/**
 * The type by the ways that this generation looks at, the strongest first; a way that says nothing it knows is passed
 * over. A form is never the bytes of a file, whatever else says so.
 */
export function typeOf(said: Said, from: Habits['typeFrom']): FileType | undefined {
  if (/^(?:multipart\/|application\/x-www-form-urlencoded)/i.test(said.header ?? '')) {
    return undefined;
  }
  const told: Record<Habits['typeFrom'][number], FileType | undefined> = {
    header: byMime(said.header),
    content_type: byMime(said.content_type),
    file_name: byName(said.file_name),
  };
  return from.map((way) => told[way]).find((type) => type !== undefined);
}

export const beginsAs = (type: FileType, first: Buffer) =>
  first.subarray(0, SIGNATURES[type].length).equals(SIGNATURES[type]);

function byMime(mime = ''): FileType | undefined {
  const essence = mime.split(';', 1)[0]?.trim().toLowerCase();
  return FILE_TYPES.find((type) => type === essence);
}

/** By the extension of a name, or of a zip's entry. */
export function byName(name = ''): FileType | undefined {
  return EXTENSIONS.get(/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '');
}
