/** Where readers find a file: in a Binary, within the resource that refers to it, or where we serve it ourselves. Pure. */
import type { Attachment } from '@medplum/fhirtypes';
import { EXTENSIONS } from './terminology.ts';
import { cleanText, shorten } from './tidy.ts';
import type { PublishedFile } from './types.ts';

/** Where a file stands: what refers to it holds this Attachment; or why it stands nowhere, in words. */
export type FilePlace = { attachment: Attachment } | { why: string };

/** Characters of base64 of one file that may stand inline: servers limit a body to 1 MB. */
export const MOST_INLINE = 700_000;
/** `Attachment.size` is an unsignedInt of 32 bits: from 2 GiB on there is none. */
const MOST_SIZE = 0x7fffffff;
const TITLE = 300;

export const TOO_LARGE_INLINE =
  'its file is too large to stand within a resource, and this system takes no Binary resources';
export const NO_ADDRESS = 'its file is too large for this system, and the adapter is not set up to hand it out itself';

/** The Attachment of a file that stands at `where`; the checksum by which it came is kept beside FHIR's own. */
export function attachmentOf({ contentType, title, size, sha1, kept }: PublishedFile, where: Attachment): FilePlace {
  return {
    attachment: {
      ...(kept && { extension: [{ url: EXTENSIONS.crc32c, valueString: kept.crc32c }] }),
      contentType: contentType.trim(),
      ...where,
      ...(size <= MOST_SIZE && { size }),
      hash: sha1,
      title: shorten(cleanText(title).trim(), TITLE) || 'File',
    },
  };
}

/** At our own address; undefined where the file is not in the site's storage, or nobody could reach it there. */
export function linkTo(file: PublishedFile): FilePlace | undefined {
  const url = file.kept?.url;
  return url === undefined ? undefined : attachmentOf(file, { url });
}

/** Whether a file stays in the site's storage rather than become a Binary. */
export function isLarge({ size, kept }: PublishedFile, binaryLimit: number): boolean {
  return kept !== undefined && size > binaryLimit;
}
