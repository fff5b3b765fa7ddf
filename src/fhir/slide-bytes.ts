/** The bytes of a slide by ranges, wherever the EHR has them: inline, as a file of a server or storage host, in DICOMweb. */
import type { Readable } from 'node:stream';
import type { Attachment, ImagingStudy } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { streamOfBytes } from '../streams.ts';
import { addressOf, withFreshAddress } from './attachments.ts';
import { INSTANCE, instanceAddress } from './dicomweb.ts';
import { boundaryOf, firstPart } from './multipart.ts';
import { attachmentNow, inWords, type PicturePlace } from './open-picture.ts';
import { localReference } from './references.ts';
import type { FhirClient } from './types.ts';

export interface LocatedSlide {
  at: PicturePlace;
  /** As its resource has it now; of DICOMweb, one made of the instance's address. */
  attachment: Attachment;
  isDicomWeb: boolean;
}

/** Bytes of a slide from `start` on. */
export interface OpenedSlide {
  body: Readable;
  /** Exclusive; undefined: to the end of the file, which is not known. */
  end: number | undefined;
  /** Bytes of the file. */
  size: number | undefined;
  /** The server gave the part that was asked for; else `body` is the whole file. */
  isPart: boolean;
  version: string | undefined;
  contentType: string | undefined;
}

interface Range {
  start: number;
  end: number;
}

/** Where a slide is now; undefined: it is not there any more, or no Endpoint gives it. */
export async function locateSlide(client: FhirClient, at: PicturePlace): Promise<LocatedSlide | undefined> {
  const local = localReference(client.baseUrl, { reference: at.reference });
  if (local?.type !== 'ImagingStudy') {
    const attachment = await attachmentNow(client, at);
    return attachment && { at, attachment, isDicomWeb: false };
  }
  const study = await client.read<ImagingStudy>('ImagingStudy', local.id);
  const url = study && (await instanceAddress(client, study, at.place));
  return url === undefined ? undefined : { at, attachment: { url }, isDicomWeb: true };
}

/** What the slide is known by from the outside: signed addresses of one file differ in their query alone. */
export const slideAddress = ({ attachment }: LocatedSlide): string => addressOf(attachment) ?? attachment.data ?? '';

function inline(data: string, { start, end }: Range): OpenedSlide {
  const bytes = Buffer.from(data, 'base64');
  const size = bytes.length;
  const body = streamOfBytes(bytes.subarray(start, end));
  return { body, end: Math.min(end, size), size, isPart: true, version: undefined, contentType: undefined };
}

async function openOnce(
  client: FhirClient,
  { attachment: { data, url, contentType }, isDicomWeb }: Pick<LocatedSlide, 'attachment' | 'isDicomWeb'>,
  range: Range,
): Promise<OpenedSlide> {
  if (data !== undefined) {
    return inline(data, range);
  }
  if (url === undefined) {
    throw new AdapterError('input-unavailable', 'The slide has neither data nor an address.');
  }
  // Of an answer of several parts, parts would be of no use.
  const wish = isDicomWeb ? { token: 'origin' as const } : { range };
  const fetched = await client.fetchBytes(url, isDicomWeb ? INSTANCE : contentType?.split(';')[0]?.trim(), wish);
  const boundary = isDicomWeb ? boundaryOf(fetched.contentType) : undefined;
  const { body, size } = boundary === undefined ? fetched : await firstPart(fetched.body, boundary);
  const of = fetched.range?.of ?? size;
  return {
    body,
    size: of,
    end: fetched.range?.end ?? of,
    isPart: fetched.range !== undefined,
    version: fetched.version,
    contentType: boundary === undefined ? fetched.contentType : 'application/dicom',
  };
}

/**
 * Opens the bytes of `range`, or the whole file where its server gives no parts of files. An address that storage refuses
 * is renewed from the resource, at most twice.
 *
 * Throws `input-unavailable` in words for the clinician, and the client's `ehr-…` codes.
 */
export async function openSlideBytes(client: FhirClient, located: LocatedSlide, range: Range): Promise<OpenedSlide> {
  const again = async () => (await locateSlide(client, located.at))?.attachment;
  try {
    return await withFreshAddress(located.attachment, again, (attachment) =>
      openOnce(client, { ...located, attachment }, range),
    );
  } catch (error) {
    throw inWords(error, 'slide');
  }
}
