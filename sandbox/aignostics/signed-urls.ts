/** Signed URLs in the manner of Google Cloud Storage (V4) for reading: host, path and life are part of the signature. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';

export interface StorageRefusal {
  status: 400 | 403;
  code: string;
  details: string;
}

export interface UrlSigner {
  /** A URL below the storage's that can be read for so many seconds. */
  sign(path: string, seconds: number, query?: Record<string, string>): string;
  /** Why a request is not the signed one; undefined: it is. */
  refusal(request: Request): StorageRefusal | undefined;
}

/** @param storageUrl the storage's URL without a slash at the end, asked for at each signing */
export function createSigner(storageUrl: () => string, now: () => Date): UrlSigner {
  const key = randomBytes(32);
  const signature = (parts: readonly string[]) => createHmac('sha256', key).update(parts.join('\n')).digest('hex');

  return {
    sign(path, seconds, others = {}) {
      const date = `${now().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
      const query = new URLSearchParams({
        'X-Goog-Algorithm': 'GOOG4-RSA-SHA256',
        'X-Goog-Credential': `sandbox@aignostics.example/${date.slice(0, 8)}/auto/storage/goog4_request`,
        'X-Goog-Date': date,
        'X-Goog-Expires': String(seconds),
        'X-Goog-SignedHeaders': 'host',
        ...others,
      });
      query.set('X-Goog-Signature', signature([path, date, String(seconds), new URL(storageUrl()).host]));
      return `${storageUrl()}${path}?${query}`;
    },

    refusal(request) {
      const asked = (name: string) => String(request.query[name] ?? '');
      const [date, seconds] = [asked('X-Goog-Date'), asked('X-Goog-Expires')];
      if (request.headers.authorization !== undefined) {
        return { status: 400, code: 'InvalidArgument', details: 'Only one authentication mechanism is allowed.' };
      }
      const expected = Buffer.from(signature([request.path, date, seconds, request.get('host') ?? '']));
      const given = Buffer.from(asked('X-Goog-Signature'));
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        const details = 'The request signature we calculated does not match the signature you provided.';
        return { status: 403, code: 'SignatureDoesNotMatch', details };
      }
      return Date.parse(instantOf(date)) + Number(seconds) * 1000 < now().getTime() ? expired() : undefined;
    },
  };
}

export const expired = (): StorageRefusal => ({
  status: 403,
  code: 'ExpiredToken',
  details: 'The provided token has expired.',
});

/** `20261122T090010Z` as an ISO instant. */
export function instantOf(date: string): string {
  return date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}
