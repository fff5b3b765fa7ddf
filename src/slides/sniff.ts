/** What a file is by its first bytes, whatever its name says. */
import { layoutOf } from './tiff-layout.ts';

export type Kind = 'tiff' | 'dicom' | 'zip';

/** Beginnings that people take for slides, with what a refusal calls them. */
const OTHERS: [start: string, name: string][] = [
  ['\xff\xd8\xff', 'a JPEG picture'],
  ['\x89PNG', 'a PNG picture'],
  ['%PDF', 'a PDF document'],
  ['\x1f\x8b', 'a file packed with gzip'],
  ['7z\xbc\xaf', 'a 7-Zip file'],
  ['Rar!', 'a RAR file'],
  ['\0\0\0\x0cjP  ', 'a JPEG 2000 picture'],
  ['\x89HDF', 'an HDF5 file'],
  ['<', 'a web page or another text'],
  ['{', 'a JSON text'],
];

/** A name with its article where it is something else. `head`: the first 132 bytes, fewer where the file has fewer. */
export function sniffSlide(head: Uint8Array): Kind | { other: string } {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
  // Such a file may begin like a TIFF as well: its first 128 bytes are free.
  if (text.startsWith('DICM', 128)) {
    return 'dicom';
  }
  if (layoutOf(head)) {
    return 'tiff';
  }
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) {
    return 'zip';
  }
  return { other: OTHERS.find(([start]) => text.startsWith(start))?.[1] ?? 'a file of an unknown kind' };
}
