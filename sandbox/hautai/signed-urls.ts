/** Signed URLs in the manner of Google Cloud Storage (V4): method, path, life and some headers are part of the signature. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';

export interface StorageRefusal {
  status: 400 | 403;
  code: string;
  details: string;
}

export interface UrlSigner {
  /** A URL below the storage's, and the headers with which alone it works; `Host` is always one of them. */
  sign(method: 'GET' | 'PUT', path: string, seconds: number, headers?: Record<string, string>): SignedUrl;
  /** Why a request is not the signed one; undefined: it is. */
  refusal(request: Request): StorageRefusal | undefined;
}

export interface SignedUrl {
  url: string;
  /** As the vendor hands them on, `Host` with them. */
  headers: Record<string, string>;
}

const EXTENSION = 'x-goog-';
const MISMATCH: StorageRefusal = {
  status: 403,
  code: 'SignatureDoesNotMatch',
  details: 'The request signature we calculated does not match the signature you provided.',
};

/** @param storageUrl the storage's URL without a slash at the end, asked for at each signing */
export function createSigner(storageUrl: () => string, now: () => Date): UrlSigner {
  const key = randomBytes(32);
  const signature = (parts: readonly string[]) => createHmac('sha256', key).update(parts.join('\n')).digest('hex');

  return {
    sign(method, path, seconds, given = {}) {
      const headers = { ...given, Host: new URL(storageUrl()).host };
      const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      const names = Object.keys(signed).sort();
      const date = `${now().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
      const query = new URLSearchParams({
        'X-Goog-Algorithm': 'GOOG4-RSA-SHA256',
        'X-Goog-Credential': `sandbox@haut.example/${date.slice(0, 8)}/auto/storage/goog4_request`,
        'X-Goog-Date': date,
        'X-Goog-Expires': String(seconds),
        'X-Goog-SignedHeaders': names.join(';'),
      });
      const values = names.map((name) => signed[name] ?? '');
      query.set('X-Goog-Signature', signature([method, path, date, String(seconds), ...names, ...values]));
      return { url: `${storageUrl()}${path}?${query}`, headers };
    },

    refusal(request) {
      const asked = (name: string) => String(request.query[name] ?? '');
      const date = asked('X-Goog-Date');
      const seconds = asked('X-Goog-Expires');
      const names = asked('X-Goog-SignedHeaders').split(';');
      if (request.headers.authorization !== undefined) {
        return { status: 400, code: 'InvalidArgument', details: 'Only one authentication mechanism is allowed.' };
      }
      const unsigned = Object.keys(request.headers).some((name) => name.startsWith(EXTENSION) && !names.includes(name));
      const missing = names.some((name) => request.headers[name] === undefined);
      if (unsigned || missing) {
        const where = missing ? 'in signedheaders, but not in the request' : 'in the request, but not in signedheaders';
        return { status: 400, code: 'MalformedSecurityHeader', details: `Header was included ${where}.` };
      }
      const values = names.map((name) => String(request.headers[name]));
      const expected = Buffer.from(signature([request.method, request.path, date, seconds, ...names, ...values]));
      const given = Buffer.from(asked('X-Goog-Signature'));
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        return MISMATCH;
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
function instantOf(date: string): string {
  return date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}
