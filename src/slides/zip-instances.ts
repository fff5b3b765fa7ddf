/** The DICOM files of a zip file, with what each of them is. */
import { promisify } from 'node:util';
import { constants, inflateRaw } from 'node:zlib';
import { isVolume } from './dicom-facts.ts';
import { type DicomHead, readDicomHead } from './dicom-head.ts';
import { type Bytes, partOf } from './read-ahead.ts';
import { noSlide, unsupported } from './refusals.ts';
import { sniffSlide } from './sniff.ts';
import { DEFLATED, STORED, type ZipEntry } from './zip-directory.ts';

/** A DICOM file of the zip file. */
export interface Instance {
  entry: ZipEntry;
  head: DicomHead;
}

const inflate = promisify(inflateRaw);
const ENCRYPTED = 0x0001;
/** Of a packed file only the beginning is unpacked: pixels hardly shrink, so that this much is more than a header. */
const PACKED_BEGINNING = 256 * 1024;
const LARGEST_BEGINNING = 16 * 1024 * 1024;

/**
 * Those entries that are DICOM files; others, a DICOMDIR too, are passed over. Throws `input-unsupported` where one is
 * protected or packed in a rare way, and where none is a slide.
 */
export async function readInstances(bytes: Bytes, entries: readonly ZipEntry[]): Promise<Instance[]> {
  const instances: Instance[] = [];
  for (const entry of entries) {
    const content = await contentOf(bytes, entry);
    const head = content.size > 132 ? await content.read(0, 132) : new Uint8Array();
    if (sniffSlide(head) === 'dicom' && !(await isDirectory(content))) {
      instances.push({ entry, head: await readDicomHead(content) });
    }
  }
  if (!instances.some(({ head }) => isVolume(head))) {
    throw noSlide('the zip file holds no DICOM file of a slide');
  }
  return instances;
}

/** The entry's bytes; where it is packed, of the beginning alone. */
async function contentOf(bytes: Bytes, entry: ZipEntry): Promise<Bytes> {
  if (entry.flags & ENCRYPTED) {
    throw unsupported('The zip file of the slide is protected by a password.');
  }
  if (entry.method === STORED) {
    return partOf(bytes, entry.dataAt, entry.packed);
  }
  if (entry.method !== DEFLATED) {
    throw unsupported('The zip file of the slide is packed in a way that is not supported.');
  }
  const packed = await bytes.read(entry.dataAt, Math.min(entry.packed, PACKED_BEGINNING));
  const beginning = await inflate(packed, {
    finishFlush: constants.Z_SYNC_FLUSH,
    maxOutputLength: LARGEST_BEGINNING,
  }).catch((cause: unknown) => {
    throw unsupported('The zip file of the slide is damaged and cannot be read.', cause);
  });
  return { ...partOf(wholeOf(beginning), 0, beginning.length) };
}

const wholeOf = (beginning: Uint8Array): Bytes => ({
  size: beginning.length,
  read: async (offset, length) => beginning.subarray(offset, offset + length),
});

/** Media Storage Directory Storage, the class of a DICOMDIR, in the file's own header. */
const DIRECTORY_CLASS = /1\.2\.840\.10008\.1\.3\.10(?![.\d])/;

async function isDirectory(content: Bytes): Promise<boolean> {
  const head = Buffer.from(await content.read(0, Math.min(512, content.size))).toString('latin1');
  return DIRECTORY_CLASS.test(head);
}
