/** Slides in memory, and what becomes of them when patches are written over them. */
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Patch, ReadAt } from '../../src/slides/types.ts';
import { coded, type DicomSet, type DicomWish, ul, us, writeDicom } from '../support/write-dicom.ts';

/** Stands in every place of a DICOM file where something about a person could. */
export const SECRET = 'Doe^Jane';

export interface Counted {
  readAt: ReadAt;
  reads: number;
  bytes: number;
}

/** Bytes by their place, and how many were asked for. */
export function counted(file: Uint8Array): Counted {
  const counts: Counted = {
    reads: 0,
    bytes: 0,
    readAt: async (offset, length) => {
      counts.reads++;
      counts.bytes += length;
      return new Uint8Array(file.subarray(offset, offset + length));
    },
  };
  return counts;
}

export const readAtOf = (file: Uint8Array): ReadAt => counted(file).readAt;

/** Patches written over the whole file at once. */
export function patched(file: Uint8Array, patches: readonly Patch[]): Buffer {
  const copy = Buffer.from(file);
  for (const patch of patches) {
    if ('zeros' in patch) {
      copy.fill(0, patch.offset, patch.offset + patch.zeros);
    } else {
      copy.set(patch.bytes, patch.offset);
    }
  }
  return copy;
}

/** Ends as JPEG does. */
export const FRAME = Buffer.from('ffd8ffdb00431234567890ffd9', 'hex');

const code = (meaning: string): DicomSet => ({
  '0008,0100': ['SH', '12710003'],
  '0008,0102': ['SH', 'SCT'],
  '0008,0104': ['LO', meaning],
});

/** A slide's data set with names in all sorts of places. */
export function slideSet({
  flavor = 'VOLUME',
  width = 5000,
  height = 4000,
  more = {},
}: {
  flavor?: string;
  width?: number;
  height?: number;
  more?: DicomSet;
} = {}): DicomSet {
  return {
    '0008,0008': ['CS', `ORIGINAL\\PRIMARY\\${flavor}\\NONE`],
    '0008,0018': ['UI', '1.2.826.0.1.3680043.8.498.1'],
    '0008,0020': ['DA', '20261121'],
    '0008,0030': ['TM', '143307.25'],
    '0008,002a': ['DT', '20261121143307.123456+0100'],
    '0008,0050': ['SH', SECRET],
    '0008,0060': ['CS', 'SM'],
    '0008,0070': ['LO', 'Acme Scanners'],
    '0008,0080': ['LO', `${SECRET} Hospital`],
    '0008,0082': ['SQ', [code(SECRET)]],
    '0008,0090': ['PN', SECRET],
    '0009,0010': ['LO', SECRET],
    '0009,1001': ['SQ', [{ '0008,0104': ['LO', SECRET] }], true],
    '0009,1002': ['UN', [{ '0008,0104': ['UN', SECRET] }]],
    '0010,0010': ['PN', SECRET],
    '0010,0020': ['LO', SECRET],
    '0010,0030': ['DA', '19700101'],
    '0010,0040': ['CS', 'F'],
    '0018,1000': ['LO', SECRET],
    '0018,1020': ['LO', '4.2'],
    '0020,0010': ['SH', SECRET],
    '0028,0301': ['CS', 'NO'],
    '0040,0512': ['LO', SECRET],
    '0040,0560': [
      'SQ',
      [
        {
          '0040,0551': ['LO', SECRET],
          '0040,0600': ['LO', SECRET],
          '0040,0610': [
            'SQ',
            [{ '0040,0612': ['SQ', [{ '0040,a043': ['SQ', [code('Eosin')], true], '0040,a160': ['UT', SECRET] }]] }],
          ],
        },
      ],
      true,
    ],
    '0048,0006': ['UL', ul(width)],
    '0048,0007': ['UL', ul(height)],
    '0048,0105': ['SQ', [{ '0048,0106': ['SH', 'A'], '0048,0107': ['ST', SECRET] }]],
    '0088,0200': ['SQ', [{ '0028,0010': ['US', us(2)], '7fe0,0010': ['OW', Buffer.from(SECRET)] }]],
    '5200,9229': [
      'SQ',
      [{ '0028,9110': ['SQ', [{ '0018,0050': ['DS', '0.001'], '0028,0030': ['DS', '0.00025\\0.00025'] }]] }],
    ],
    '5200,9230': [
      'SQ',
      [
        {
          '0020,9111': [
            'SQ',
            [{ '0018,9074': ['DT', '20261121143307'], '0020,9157': ['UL', ul(1, 1)], '0020,4000': ['LT', SECRET] }],
          ],
        },
      ],
    ],
    ...more,
  };
}

/** A DICOM slide with names behind its pixels and in its file header as well. */
export const slideFile = (wish: Parameters<typeof slideSet>[0] = {}, file: Partial<DicomWish> = {}): Buffer =>
  writeDicom({
    meta: { '0002,0016': ['AE', SECRET] },
    set: slideSet(wish),
    pixels: coded([FRAME, FRAME, FRAME]),
    preamble: `II*\0 ${SECRET}`,
    ...file,
  });

/** Files with comments and times that say too much; with checksums and sizes before the data or behind them. */
export async function zipOf(
  files: Readonly<Record<string, Uint8Array>>,
  { compress = false, streamed = false, zip64 = false } = {},
): Promise<Buffer> {
  const zip = new ZipFile();
  const options = { compress, fileComment: SECRET, mtime: new Date(2026, 10, 21), forceZip64Format: zip64 };
  for (const [name, bytes] of Object.entries(files)) {
    if (streamed) {
      zip.addReadStream(Readable.from([Buffer.from(bytes)]), name, options);
    } else {
      zip.addBuffer(Buffer.from(bytes), name, options);
    }
  }
  zip.end({ comment: SECRET, forceZip64Format: zip64 });
  const pieces: Buffer[] = [];
  for await (const piece of zip.outputStream) {
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}
