/** What a file is, by its first bytes: names and declared types of pictures are often wrong. */
import { PICTURE_TYPES, type PictureType } from './types.ts';

/** Bytes of the beginning that are enough to tell; fewer where the file has no more. */
export const SNIFFED_BYTES = 16 * 1024;

/** `other` goes on a sentence that begins with "The picture is": `a TIFF file`. */
export type Sniffed = { type: PictureType } | { other: string };

/** Names for people, of what is sent by mistake; whole slides are TIFF inside and said to be such. */
const NAMES: Record<string, string> = {
  'application/dicom': 'a DICOM file',
  'application/pdf': 'a PDF file',
  'application/xml': 'an XML file',
  'application/x-cfb': 'an old Office file',
  'application/gzip': 'a gzip file',
  'application/x-tar': 'a tar file',
  'application/x-rar-compressed': 'a RAR file',
  'application/x-7z-compressed': 'a 7-Zip file',
  'application/postscript': 'a PostScript file',
  'application/rtf': 'an RTF file',
  'image/avif': 'an AVIF file',
  'image/bmp': 'a BMP file',
  'image/gif': 'a GIF file',
  'image/heic': 'a HEIC file',
  'image/heic-sequence': 'a HEIC file',
  'image/heif': 'a HEIF file',
  'image/heif-sequence': 'a HEIF file',
  'image/icns': 'an icon file',
  'image/jls': 'a JPEG-LS file',
  'image/jp2': 'a JPEG 2000 file',
  'image/jpm': 'a JPEG 2000 file',
  'image/jpx': 'a JPEG 2000 file',
  'image/mj2': 'a JPEG 2000 film',
  'image/jxl': 'a JPEG XL file',
  'image/jxr': 'a JPEG XR file',
  'image/svg+xml': 'an SVG file',
  'image/tiff': 'a TIFF file',
  'image/vnd.adobe.photoshop': 'a Photoshop file',
  'image/webp': 'a WebP file',
  'image/x-icon': 'an icon file',
};

/** Families of types that have no name of their own above. */
const FAMILIES: readonly [begin: string, name: string][] = [
  ['image/', 'in a camera or drawing format'],
  ['video/', 'a film'],
  ['audio/', 'a sound recording'],
  ['application/vnd.openxmlformats', 'an Office document'],
  ['application/vnd.ms-', 'an Office document'],
  ['application/vnd.oasis', 'an Office document'],
];

const UNKNOWN = 'a file of an unknown type';
const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The type of a file from its first SNIFFED_BYTES. Never throws: what cannot be told has a name that says so. */
export async function sniffPicture(head: Uint8Array): Promise<Sniffed> {
  // An animation's first frame is a picture; and the library looks past the beginning for the frames, which may be far.
  if (PNG_SIGNATURE.every((byte, index) => head[index] === byte)) {
    return { type: 'image/png' };
  }
  // Loaded by the first picture: most adapters that idle see none.
  const { fileTypeFromBuffer } = await import('file-type');
  // It throws on some damaged files.
  const mime = await fileTypeFromBuffer(head).then(
    (found) => found?.mime,
    () => undefined,
  );
  const type = PICTURE_TYPES.find((one) => one === mime);
  return type ? { type } : { other: nameOf(mime) };
}

function nameOf(mime: string | undefined): string {
  const plain = mime?.split(';')[0] ?? '';
  return NAMES[plain] ?? FAMILIES.find(([begin]) => plain.startsWith(begin))?.[1] ?? UNKNOWN;
}
