/** Signed URLs in the manner of Amazon S3 for reading: host, path and life are part of the signature. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';

export interface StorageRefusal {
  status: 400 | 403;
  code: string;
  details: string;
}

export interface UrlSigner {
  /** A URL below the storage's that can be read until then; both in milliseconds since 1970, of which whole seconds count. */
  sign(path: string, from: number, until: number): string;
  /** Why a request is not the signed one; undefined: it is. */
  refusal(request: Request): StorageRefusal | undefined;
}

/** @param storageUrl the storage's URL without a slash at the end, asked for at each signing */
export function createSigner(storageUrl: () => string, now: () => Date): UrlSigner {
  const key = randomBytes(32);
  const signature = (parts: readonly string[]) => createHmac('sha256', key).update(parts.join('\n')).digest('hex');

  return {
    sign(path, from, until) {
      const date = new Date(from).toISOString().replaceAll(/[-:]|\.\d+/g, '');
      const seconds = String(Math.floor((until - from) / 1000));
      const query = new URLSearchParams({
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Credential': `SANDBOX/${date.slice(0, 8)}/us-east-1/s3/aws4_request`,
        'X-Amz-Date': date,
        'X-Amz-Expires': seconds,
        'X-Amz-SignedHeaders': 'host',
        'X-Amz-Signature': signature([path, date, seconds, new URL(storageUrl()).host]),
      });
      return `${storageUrl()}${path}?${query}`;
    },

    refusal(request) {
      const asked = (name: string) => String(request.query[name] ?? '');
      const [date, seconds] = [asked('X-Amz-Date'), asked('X-Amz-Expires')];
      // A key that goes to the storage has gone to somebody whom it does not concern.
      if (request.headers.authorization !== undefined || request.headers['x-api-key'] !== undefined) {
        return { status: 400, code: 'InvalidArgument', details: 'Only one auth mechanism allowed.' };
      }
      const expected = Buffer.from(signature([request.path, date, seconds, request.get('host') ?? '']));
      const given = Buffer.from(asked('X-Amz-Signature'));
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        const details = 'The request signature we calculated does not match the signature you provided.';
        return { status: 403, code: 'SignatureDoesNotMatch', details };
      }
      return Date.parse(instantOf(date)) + Number(seconds) * 1000 <= now().getTime() ? expired() : undefined;
    },
  };
}

export const expired = (): StorageRefusal => ({ status: 403, code: 'AccessDenied', details: 'Request has expired' });

/** `20261122T090010Z` as an ISO instant. */
function instantOf(date: string): string {
  return date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}
