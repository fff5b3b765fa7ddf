/** The bytes of an attachment: inline, from the server, or from where the EHR stores them; and what identifies it. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Attachment } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { tooLarge } from '../pictures/refusals.ts';
import { gathered, through } from '../streams.ts';
import type { Fetched, FhirClient } from './types.ts';

/** No note is larger, and every byte of it is held in memory while it is read. */
export const DOWNLOAD_LIMIT = 30 * 1024 * 1024;

/** Readings of the resource for a fresh address, after storage has refused the one we had. */
const FRESH_ADDRESSES = 2;

export interface AttachmentBytes {
  bytes: Uint8Array;
  /** The declared media type: the attachment's, else the answer's. */
  contentType: string | undefined;
}

/** What an attachment is opened for. */
export interface AttachmentWish {
  /** Bytes at most. What says beforehand that it is larger is not fetched; the reader of the stream judges the rest. */
  limit: number;
  /** As the clinician knows it: `attachment`, `picture`. */
  what: string;
  /** Media types to ask for where the attachment declares none. */
  accept?: string;
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

/** The address without query and fragment: presigned addresses of one file differ only there. */
export function addressOf(attachment: Attachment): string | undefined {
  return attachment.url?.replace(/[?#].*$/s, '');
}

/** What makes two attachments the same file, known without fetching it. Keys are in the order of JSON.stringify. */
export function attachmentIdentity(attachment: Attachment): Record<string, unknown> {
  const { contentType, size, hash, title, creation, data } = attachment;
  return {
    contentType,
    size,
    hash,
    title,
    creation,
    url: addressOf(attachment),
    data: data === undefined ? undefined : sha256(data),
  };
}

const isTooLarge = ({ limit, what }: AttachmentWish) => tooLarge(`The ${what}`, limit);

/** Characters of base64 that are decoded at once; a multiple of four. */
const SLICE = 256 * 1024;

/** Inline data as a stream: the text is in memory already, its bytes need not be there a second time. */
function inlineStream(data: string, wish: AttachmentWish): Readable {
  // Judged before it is decoded: four characters make three bytes.
  if (data.length / 4 > wish.limit / 3 + 1) {
    throw isTooLarge(wish);
  }
  const packed = data.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(packed)) {
    throw new AdapterError('input-unsupported', `The inline data of the ${wish.what} is not base64.`);
  }
  return Readable.from(decodedSlices(packed), { objectMode: false });
}

function* decodedSlices(packed: string): Generator<Uint8Array> {
  for (let at = 0; at < packed.length; at += SLICE) {
    yield Buffer.from(packed.slice(at, at + SLICE), 'base64');
  }
}

async function readCapped(body: Readable, wish: AttachmentWish): Promise<Uint8Array> {
  const bytes = await gathered(body, wish.limit);
  if (!bytes) {
    throw isTooLarge(wish);
  }
  return new Uint8Array(bytes);
}

/** Attachment.hash is the SHA-1 of the bytes (R4); what is no SHA-1 is not judged. Fails at the end where they differ. */
function hashed(body: Readable, hash: string | undefined, { what }: AttachmentWish): Readable {
  const expected = Buffer.from(hash ?? '', 'base64');
  if (expected.length !== 20) {
    return body;
  }
  const sha1 = createHash('sha1');
  return through(body, (emit) => ({
    push(piece) {
      sha1.update(piece);
      emit(piece);
    },
    end() {
      if (!sha1.digest().equals(expected)) {
        const text = `The ${what} is not the one that the EHR describes: its hash differs.`;
        throw new AdapterError('input-unavailable', text);
      }
    },
  }));
}

/** Whether the EHR may have a newer address: storage said no, which is what an expired presigned URL looks like. */
function mayHaveExpired(error: unknown): boolean {
  return error instanceof AdapterError && error.code === 'input-unavailable' && error.status !== undefined;
}

async function download(client: FhirClient, attachment: Attachment, url: string, wish: AttachmentWish) {
  const fetched = await client.fetchBytes(url, attachment.contentType?.split(';')[0]?.trim() ?? wish.accept);
  if ((fetched.size ?? 0) > wish.limit) {
    fetched.body.destroy();
    throw isTooLarge(wish);
  }
  return fetched;
}

async function openOnce(client: FhirClient, attachment: Attachment, wish: AttachmentWish): Promise<Fetched> {
  if (attachment.data !== undefined) {
    return { body: inlineStream(attachment.data, wish), contentType: undefined, size: undefined };
  }
  if (attachment.url === undefined) {
    throw new AdapterError('input-unavailable', `The ${wish.what} has neither data nor an address.`);
  }
  return download(client, attachment, attachment.url, wish);
}

/**
 * An attachment as a stream; its media type is the declared one, else the answer's. `again` reads its resource once more
 * and gives the attachment as it is then: an expired presigned URL is renewed so, at most twice.
 *
 * Throws input-unavailable (neither data nor url, gone, expired again), input-too-large (where a size said so before the
 * download), input-unsupported (inline data that is not base64) and the client's `ehr-…` codes. The stream fails with
 * input-unavailable where the attachment's hash differs, and with `ehr-unreachable` where the connection breaks.
 */
export async function openAttachment(
  client: FhirClient,
  attachment: Attachment,
  again: () => Promise<Attachment | undefined>,
  wish: AttachmentWish,
): Promise<Fetched> {
  if ((attachment.size ?? 0) > wish.limit) {
    throw isTooLarge(wish);
  }
  return withFreshAddress(attachment, again, async (current) => {
    const { body, size, contentType } = await openOnce(client, current, wish);
    return { body: hashed(body, current.hash, wish), size, contentType: current.contentType ?? contentType };
  });
}

/** Opens an attachment, and where storage refuses its address, as its resource has it then: at most twice. */
export async function withFreshAddress<Opened>(
  attachment: Attachment,
  again: () => Promise<Attachment | undefined>,
  open: (current: Attachment) => Promise<Opened>,
): Promise<Opened> {
  let current = attachment;
  for (let renewals = 0; ; renewals++) {
    try {
      return await open(current);
    } catch (error) {
      if (!mayHaveExpired(error) || renewals === FRESH_ADDRESSES) {
        throw error;
      }
      const fresh = await again();
      // The same address would be refused the same way.
      if (!fresh || (fresh.url === current.url && fresh.data === undefined)) {
        throw error;
      }
      current = fresh;
    }
  }
}

/** The bytes of an attachment, whole; throws what `openAttachment` and its stream do. */
export async function fetchAttachment(
  client: FhirClient,
  attachment: Attachment,
  again: () => Promise<Attachment | undefined>,
): Promise<AttachmentBytes> {
  const wish = { limit: DOWNLOAD_LIMIT, what: 'attachment' };
  const { body, contentType } = await openAttachment(client, attachment, again, wish);
  return { bytes: await readCapped(body, wish), contentType };
}
