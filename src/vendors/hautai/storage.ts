/** The storage host that photos go to and masks come from, by signed addresses: no token of ours ever goes there. */
import { AdapterError } from '../../errors.ts';
import type { CleanPicture } from '../../pictures/types.ts';
import type { VendorHttp, VendorRequest } from '../http.ts';
import type { Slot } from './answers.ts';
import { LIMITS, WAITS } from './facts.ts';

/** The client sets these itself, or they are not storage's business; all others are part of the signature. */
const NOT_SENT = ['host', 'content-length', 'authorization', 'connection', 'transfer-encoding'];

/** Statuses by which storage says that an address is not good any more, or was altered. */
const REFUSED = [400, 401, 403, 404, 410];

/**
 * Uploads a photo with exactly the signed headers. False: storage refused the address, which may be tried with another;
 * a photo that it refuses for its size is `input-too-large`.
 */
export async function putPhoto(
  http: VendorHttp,
  slot: Slot,
  picture: CleanPicture,
  request: Pick<VendorRequest, 'signal' | 'timeout'>,
): Promise<boolean> {
  const headers = Object.entries(slot.headers).filter(([name]) => !NOT_SENT.includes(name.toLowerCase()));
  const response = await http.request({
    ...request,
    timeout: Math.max(request.timeout ?? 0, uploadSeconds(picture.size)),
    method: 'PUT',
    path: slot.url,
    headers: Object.fromEntries(headers),
    body: picture.body,
    size: picture.size,
    accept: [200, 201, 204, 413, ...REFUSED],
  });
  const { status } = response;
  const tooLarge = status === 413 || (status === 400 && isSizeError(response.bytes()));
  if (tooLarge) {
    throw photoTooLarge();
  }
  return status < 300;
}

/** A slow line is no reason to begin a large photo anew. */
const uploadSeconds = (size: number): number => WAITS.upload + Math.ceil(size / WAITS.uploadBytesASecond);

function isSizeError(body: Uint8Array): boolean {
  return /<Code>Entity(TooLarge|TooSmall)<\/Code>/.test(new TextDecoder().decode(body.subarray(0, 4096)));
}

export function photoTooLarge(): AdapterError {
  return new AdapterError('input-too-large', 'A photo is larger than the 30 MB that Haut.AI takes', {
    orderer: 'A photo is too large for the skin analysis (30 MB at most); please send a smaller one.',
  });
}

/** A mask's drawing as text; undefined where the address is not good (any more) or it is no drawing of a sane size. */
export async function fetchMask(
  http: VendorHttp,
  url: string,
  request: Pick<VendorRequest, 'signal' | 'timeout'>,
): Promise<string | undefined> {
  const response = await http.request({
    ...request,
    method: 'GET',
    path: url,
    headers: { accept: 'image/svg+xml' },
    accept: [200, ...REFUSED],
  });
  const bytes = response.bytes();
  return response.status === 200 && bytes.byteLength > 0 && bytes.byteLength <= LIMITS.mask
    ? new TextDecoder().decode(bytes)
    : undefined;
}
