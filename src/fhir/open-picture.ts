/** Opens a picture of an order: to check it when the order is read, and once more, de-identified, when it is sent. */
import type { Readable } from 'node:stream';
import type { Attachment, Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { openClean } from '../pictures/open-clean.ts';
import { type CleanPicture, PICTURE_TYPES } from '../pictures/types.ts';
import type { OrderInput } from '../vendors/contract.ts';
import { openAttachment } from './attachments.ts';
import { attachmentAt, mayBePicture } from './picture-holders.ts';
import { localReference } from './references.ts';
import type { FhirClient } from './types.ts';

/** Where a picture is: the resource, and the place in it. */
export interface PicturePlace {
  reference: string;
  place: string;
}

export interface OpenedPicture {
  body: Readable;
  /** Nothing in the EHR says that it is a picture, and the server that has it says that it is something else. */
  isSomethingElse: boolean;
}

/** Resources that hold a picture, or contain one that does. */
const HOLDERS = ['Media', 'DocumentReference', 'ServiceRequest', 'Task'] as const;

const GONE = 'A picture of the order is no longer where it was in the EHR.';

/** The attachment as its resource has it now; undefined: it is not there any more. */
export async function attachmentNow(
  client: FhirClient,
  { reference, place }: PicturePlace,
): Promise<Attachment | undefined> {
  const local = localReference(client.baseUrl, { reference });
  if (!local) {
    return undefined;
  }
  if (local.type === 'Binary') {
    return place === 'data' ? { url: local.reference } : undefined;
  }
  const type = HOLDERS.find((one) => one === local.type);
  const resource = type && (await client.read<Resource>(type, local.id));
  return resource && attachmentAt(resource, place);
}

/** What a server's refusal means to who ordered: whom to ask. */
function whyNot(status: number | undefined): string {
  switch (status) {
    case undefined:
      return '';
    case 401:
    case 403:
      return ': its server does not let this service read it';
    case 404:
    case 410:
      return ': it is not where the order says it is';
    default:
      return ': its server refused to give it';
  }
}

/** In words for the clinician; our own server that forbids a file, or does not have it, is no matter of its load. */
export function inWords(error: unknown, what: 'picture' | 'slide' = 'picture'): unknown {
  const isUnavailable =
    error instanceof AdapterError && (error.code === 'ehr-forbidden' || error.code === 'input-unavailable');
  if (!isUnavailable) {
    return error;
  }
  const { status } = error;
  return new AdapterError('input-unavailable', error.message, {
    cause: error,
    ...(status !== undefined && { status }),
    orderer: `The ${what} cannot be fetched${whyNot(status)}.`,
  });
}

/**
 * The bytes of a picture as the EHR has them. Throws input-unavailable, input-too-large and input-unsupported, with words
 * for the clinician, and the client's `ehr-…` codes.
 */
export async function openHeld(
  client: FhirClient,
  at: PicturePlace & { attachment: Attachment },
  limits: { largest: number },
): Promise<OpenedPicture> {
  const { attachment } = at;
  const wish = { limit: limits.largest, what: 'picture', accept: PICTURE_TYPES.join(', ') };
  try {
    const { body, contentType } = await openAttachment(client, attachment, () => attachmentNow(client, at), wish);
    return { body, isSomethingElse: attachment.contentType === undefined && !mayBePicture(contentType) };
  } catch (error) {
    throw inWords(error);
  }
}

/**
 * A picture of an order as it may leave: found again where it was when the order was read, streamed, de-identified on the
 * way. Throws input-unavailable where it is gone, or (before its last byte) not the one that was read.
 */
export async function openPicture(client: FhirClient, input: OrderInput): Promise<CleanPicture> {
  const { reference, place, picture, size } = input;
  if (place === undefined || picture?.blocks === undefined) {
    throw new AdapterError('input-unavailable', `The input ${input.name} is no picture`);
  }
  const at = { reference, place };
  const attachment = await attachmentNow(client, at);
  if (!attachment) {
    throw new AdapterError('input-unavailable', GONE);
  }
  // What its resource says of its size need not be true: whether it is the same file, its checksums say.
  const { body } = await openHeld(client, { ...at, attachment }, { largest: Number.POSITIVE_INFINITY });
  const { blocks, turned = false } = picture;
  return openClean(body, { ...picture, blocks, turned, size });
}
