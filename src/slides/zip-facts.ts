/** Format, size and resolution of a slide whose DICOM files stand in a zip file. */
import { isVolume } from './dicom-facts.ts';
import type { Bytes } from './read-ahead.ts';
import { noSlide } from './refusals.ts';
import type { SlideFacts } from './types.ts';
import { readZipDirectory } from './zip-directory.ts';
import { readInstances } from './zip-instances.ts';

/** By the largest of its images. Throws `input-unsupported`, `input-too-large`. */
export async function zipFacts(bytes: Bytes): Promise<SlideFacts> {
  const { entries } = await readZipDirectory(bytes);
  const heads = (await readInstances(bytes, entries)).map(({ head }) => head).filter(isVolume);
  const [largest] = heads.sort((a, b) => (b.width ?? 0) * (b.height ?? 0) - (a.width ?? 0) * (a.height ?? 0));
  if (!largest?.width || !largest.height) {
    throw noSlide('none of its DICOM files says how large its image is');
  }
  return {
    format: 'dicom-zip',
    mediaType: 'application/zip',
    size: bytes.size,
    width: largest.width,
    height: largest.height,
    ...(largest.resolution !== undefined && { resolution: largest.resolution }),
  };
}
