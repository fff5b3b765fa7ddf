/** The bytes of an attachment: inline, from the server, or from where the EHR stores them; and what identifies it. */
import { createHash } from 'node:crypto';
import type { Attachment } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import type { FhirClient } from './types.ts';

/** No note is larger, and every byte of it is held in memory while it is read. */
export const DOWNLOAD_LIMIT = 30 * 1024 * 1024;

/** Readings of the resource for a fresh address, after storage has refused the one we had. */
const FRESH_ADDRESSES = 2;

export interface AttachmentBytes {
  bytes: Uint8Array;
  /** The declared media type: the attachment's, else the answer's. */
  contentType: string | undefined;
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

function tooLarge(): AdapterError {
  return new AdapterError('input-too-large', `The attachment is larger than ${DOWNLOAD_LIMIT / 1024 / 1024} MB.`);
}

function inlineBytes(data: string): Uint8Array {
  // Judged before it is decoded: four characters make three bytes.
  if (data.length / 4 > DOWNLOAD_LIMIT / 3 + 1) {
    throw tooLarge();
  }
  const packed = data.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(packed)) {
    throw new AdapterError('input-unsupported', 'The inline data of the attachment is not base64.');
  }
  return new Uint8Array(Buffer.from(packed, 'base64'));
}

async function readCapped(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return new Uint8Array(Buffer.concat(chunks, size));
      }
      size += value.byteLength;
      if (size > DOWNLOAD_LIMIT) {
        throw tooLarge();
      }
      chunks.push(value);
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    if (error instanceof AdapterError) {
      throw error;
    }
    throw new AdapterError('ehr-unreachable', 'The connection broke within an attachment', { cause: error });
  }
}

/** Attachment.hash is the SHA-1 of the bytes (R4); what is no SHA-1 is not judged. */
function checkHash(bytes: Uint8Array, hash: string | undefined): void {
  const expected = Buffer.from(hash ?? '', 'base64');
  if (expected.length === 20 && !createHash('sha1').update(bytes).digest().equals(expected)) {
    throw new AdapterError(
      'input-unavailable',
      'The attachment is not the one that the EHR describes: its hash differs.',
    );
  }
}

/** Whether the EHR may have a newer address: storage said no, which is what an expired presigned URL looks like. */
function mayHaveExpired(error: unknown): boolean {
  return error instanceof AdapterError && error.code === 'input-unavailable' && error.status !== undefined;
}

async function download(client: FhirClient, attachment: Attachment, url: string): Promise<AttachmentBytes> {
  const fetched = await client.fetchBytes(url, attachment.contentType?.split(';')[0]?.trim());
  if ((fetched.size ?? 0) > DOWNLOAD_LIMIT) {
    await fetched.body.cancel().catch(() => undefined);
    throw tooLarge();
  }
  return { bytes: await readCapped(fetched.body), contentType: attachment.contentType ?? fetched.contentType };
}

/**
 * The bytes of an attachment. `again` reads its resource once more and gives the attachment as it is then: an expired
 * presigned URL is renewed so, at most twice.
 *
 * Throws input-unavailable (neither data nor url, gone, expired again, hash differs), input-too-large (before the
 * download where `size` says so), input-unsupported (inline data that is not base64) and the client's `ehr-…` codes.
 */
export async function fetchAttachment(
  client: FhirClient,
  attachment: Attachment,
  again: () => Promise<Attachment | undefined>,
): Promise<AttachmentBytes> {
  if ((attachment.size ?? 0) > DOWNLOAD_LIMIT) {
    throw tooLarge();
  }
  let current = attachment;
  for (let renewals = 0; ; renewals++) {
    if (current.data !== undefined) {
      const bytes = inlineBytes(current.data);
      checkHash(bytes, current.hash);
      return { bytes, contentType: current.contentType };
    }
    if (current.url === undefined) {
      throw new AdapterError('input-unavailable', 'The attachment has neither data nor an address.');
    }
    try {
      const fetched = await download(client, current, current.url);
      checkHash(fetched.bytes, current.hash);
      return fetched;
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
