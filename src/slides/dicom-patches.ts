/** Plans what of a DICOM slide is overwritten: identifying values, in their places, at their lengths. */
import { readSlideHead } from './dicom-facts.ts';
import type { DicomHead } from './dicom-head.ts';
import { endOfPixels } from './dicom-pixels.ts';
import { insteadOf, treatmentOf } from './dicom-rules.ts';
import { type Attribute, walkDataSet } from './dicom-walk.ts';
import { joinPatches } from './join-patches.ts';
import type { Bytes } from './read-ahead.ts';
import { notCleanable, truncated } from './refusals.ts';
import type { Patch } from './types.ts';

/** Throws `input-unsupported`: no slide, damaged, or it cannot be made anonymous in place. */
export async function dicomPatches(bytes: Bytes): Promise<Patch[]> {
  return patchesOf(bytes, await readSlideHead(bytes));
}

/** Free for any use: such files often begin with the directory of a TIFF. */
const PREAMBLE = 128;
const DATA_SET_AT = PREAMBLE + 4;

/** Without VRs, or byte by byte the other way round: no coded pixels are stored in these, and slides hardly ever. */
const UNREAD_SYNTAXES = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.2'];
const EXTENDED_OFFSETS = 0x7fe00001;

/** For any image of a slide, of which the head is known. Throws as dicomPatches does. */
export async function patchesOf(bytes: Bytes, { transferSyntax, burnedIn }: DicomHead): Promise<Patch[]> {
  if (UNREAD_SYNTAXES.includes(transferSyntax)) {
    throw notCleanable(
      'it is stored in a transfer syntax that is rare for slides (only explicit VR, little endian is known)',
    );
  }
  if (burnedIn) {
    throw notCleanable('it says that words are burned into its image');
  }
  const patches: Patch[] = [{ offset: 0, zeros: PREAMBLE }];
  let offsets: Attribute | undefined;
  const pixels = await walkDataSet(bytes, DATA_SET_AT, (attribute) => {
    offsets = attribute.tag === EXTENDED_OFFSETS && attribute.within.length === 0 ? attribute : offsets;
    patches.push(...patchFor(attribute));
  });
  if (!pixels) {
    throw truncated();
  }
  patches.push(...trailing(await endOfPixels(bytes, pixels, offsets), bytes.size));
  return joinPatches(patches);
}

function patchFor({ tag, vr, at, length, within }: Attribute): Patch[] {
  const instead = length > 0 ? insteadOf(treatmentOf(tag, vr, within), vr, length) : undefined;
  if (instead === undefined) {
    return [];
  }
  return [instead === 'zeros' ? { offset: at, zeros: length } : { offset: at, bytes: instead }];
}

/** Tag, VR, two bytes, and the length in four. */
const PADDING_HEAD = 12;

/** Signatures and what programs add behind the pixels become one DataSetTrailingPadding, which means nothing. */
function trailing(start: number, end: number): Patch[] {
  const length = end - start;
  if (length < PADDING_HEAD) {
    // The shortest element has eight bytes, which then hold no value.
    return length > 8 ? [{ offset: start + 8, zeros: length - 8 }] : [];
  }
  const head = Buffer.from('fcfffcff4f42000000000000', 'hex');
  head.writeUInt32LE(Math.min(length - PADDING_HEAD, 0xfffffffe), 8);
  return [
    { offset: start, bytes: head },
    { offset: start + PADDING_HEAD, zeros: length - PADDING_HEAD },
  ];
}
