/** Format, size and resolution of a slide in one DICOM file. */
import { type DicomHead, readDicomHead } from './dicom-head.ts';
import type { Bytes } from './read-ahead.ts';
import { noSlide } from './refusals.ts';
import type { SlideFacts } from './types.ts';

/** Throws `input-unsupported`: damaged, of another modality, or a slide's label or overview alone. */
export async function dicomFacts(bytes: Bytes): Promise<SlideFacts> {
  const head = await readSlideHead(bytes);
  if (!head.width || !head.height) {
    throw noSlide('it is a DICOM file that does not say how large its image is');
  }
  return {
    format: 'dicom',
    mediaType: 'application/dicom',
    size: bytes.size,
    width: head.width,
    height: head.height,
    ...(head.resolution !== undefined && { resolution: head.resolution }),
  };
}

/** The head of a file that is a slide by itself; throws as dicomFacts does. */
export async function readSlideHead(bytes: Bytes): Promise<DicomHead> {
  const head = await readDicomHead(bytes);
  const why = whyNoSlide(head);
  if (why) {
    throw noSlide(why);
  }
  return head;
}

const SLIDE_MICROSCOPY = 'SM';

/** The rest of the sentence "The file is no slide: …"; undefined where it is one. */
function whyNoSlide({ modality, imageType }: DicomHead): string | undefined {
  if (modality !== SLIDE_MICROSCOPY) {
    return `it is a DICOM file of another modality than slide microscopy${/^[A-Z]{2}$/.test(modality) ? ` (${modality})` : ''}`;
  }
  return isSlide(imageType) ? undefined : 'it is the label, overview or thumbnail that belongs to one';
}

/** The third value of ImageType says which image of a slide it is. Older files lack it. */
function isSlide(imageType: readonly string[]): boolean {
  return !['LABEL', 'OVERVIEW', 'THUMBNAIL', 'LOCALIZER'].some((flavor) => imageType.includes(flavor));
}

/** An image of the tissue, of any size: it may leave with the slide. */
export function isTissue({ modality, imageType }: DicomHead): boolean {
  return modality === SLIDE_MICROSCOPY && ['VOLUME', 'THUMBNAIL'].some((flavor) => imageType.includes(flavor));
}

/** One of the slide's own resolutions. */
export const isVolume = (head: DicomHead): boolean => isTissue(head) && isSlide(head.imageType);
