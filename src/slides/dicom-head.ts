/** The facts of a DICOM file's header, as far as they say what slide it is. */
import dicomParser, { type DataSet } from 'dicom-parser';
import type { Bytes } from './read-ahead.ts';
import { damaged, unsupported } from './refusals.ts';
import { resolutionOf } from './resolution.ts';

/** What tells a slide from its label, and large from small. */
export interface DicomHead {
  /** UID: how the data set and its pixels are coded. */
  transferSyntax: string;
  modality: string;
  /** Values of ImageType, upper case: `ORIGINAL`, `PRIMARY`, `VOLUME`, `NONE`. */
  imageType: readonly string[];
  /** Pixels of the whole image, all tiles together; absent where it does not say. */
  width?: number;
  height?: number;
  /** Micrometres a pixel. */
  resolution?: number;
  /** Words are burned into its pixels. */
  burnedIn: boolean;
}

const LEAST_PREFIX = 64 * 1024;
/** Colour profiles stand before what is looked for, and have some hundred kilobytes. */
const LARGEST_PREFIX = 8 * 1024 * 1024;
const DEFLATED = '1.2.840.10008.1.2.1.99';

/**
 * What is looked for stands before PerFrameFunctionalGroupsSequence, which may have megabytes, ExtendedOffsetTable, whose VR
 * the parser does not know, and PixelData.
 */
const ENDS = ['x52009230', 'x7fe00001', 'x7fe00010'];

/** Reads as much of the file's beginning as it takes. Throws `input-unsupported`. */
export async function readDicomHead(bytes: Bytes): Promise<DicomHead> {
  for (let length = LEAST_PREFIX; ; length *= 4) {
    const isLast = length >= Math.min(bytes.size, LARGEST_PREFIX);
    const prefix = await bytes.read(0, Math.min(length, bytes.size, LARGEST_PREFIX));
    const found = parse(prefix, isLast);
    if (found) {
      return headOf(found);
    }
  }
}

/** Undefined where more of the file is needed. */
function parse(prefix: Uint8Array, isLast: boolean): DataSet | undefined {
  for (const untilTag of ENDS) {
    const found = parseUntil(prefix, untilTag);
    if (found && (isLast || found.elements[untilTag])) {
      return found;
    }
  }
  if (isLast) {
    throw damaged();
  }
  return undefined;
}

/** The parser throws strings, errors and objects alike, all for one reason: the bytes end or make no sense. */
function parseUntil(prefix: Uint8Array, untilTag: string): DataSet | undefined {
  let meta: DataSet;
  try {
    meta = dicomParser.readPart10Header(prefix);
    if (meta.string('x00020010') !== DEFLATED) {
      return dicomParser.parseDicom(prefix, { untilTag });
    }
  } catch {
    return undefined;
  }
  throw unsupported('The slide is a DICOM file whose header is compressed; such files cannot be sent.');
}

/** A value that reaches beyond the bytes shows only when it is asked for. */
function headOf(found: DataSet): DicomHead {
  try {
    return factsOf(found);
  } catch (cause) {
    throw damaged(cause);
  }
}

function factsOf(found: DataSet): DicomHead {
  const width = found.uint32('x00480006');
  const height = found.uint32('x00480007');
  const resolution = spacingOf(found) ?? fromVolume(found, width);
  return {
    transferSyntax: found.string('x00020010') ?? '',
    modality: found.string('x00080060') ?? '',
    imageType: (found.string('x00080008') ?? '').toUpperCase().split('\\'),
    ...(width && height && { width, height }),
    ...(resolution !== undefined && { resolution }),
    burnedIn: found.string('x00280301') === 'YES',
  };
}

/** PixelSpacing, millimetres, of the measures that all frames share. */
function spacingOf(found: DataSet): number | undefined {
  const shared = found.elements.x52009229?.items?.[0]?.dataSet;
  const measures = shared?.elements.x00289110?.items?.[0]?.dataSet;
  return resolutionOf(1000 * ((measures ?? found).floatString('x00280030', 1) ?? Number.NaN));
}

/** ImagedVolumeWidth, millimetres. */
const fromVolume = (found: DataSet, width = 0): number | undefined =>
  resolutionOf((1000 * (found.float('x00480001') ?? Number.NaN)) / width);
