/** Signature Version 4 as Amazon describes it, in the header of a request or in the query of a presigned URL. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

/** Seconds that a clock may be wrong, and that a presigned URL may count at most. */
const SKEW = 15 * 60;
const LONGEST = 604_800;

const HEADER =
  /^AWS4-HMAC-SHA256 Credential=(?<credential>[^,\s]+), ?SignedHeaders=(?<headers>[^,\s]+), ?Signature=(?<signature>[0-9a-f]{64})$/;

interface Claim {
  credential: string;
  headers: string;
  signature: string;
  /** `20261125T101500Z` */
  date: string;
  payload: string;
  /** Of a presigned URL, in seconds. */
  life?: number;
}

/** The S3 error code of a request that is not signed as it should be; undefined where it is. */
export function signatureProblem(request: Request, keys: Credentials, now: Date): string | undefined {
  const query = pairsOf(request.originalUrl);
  const inQuery = presigned(query);
  if (inQuery && request.get('authorization') !== undefined) {
    // S3 and its likes take one kind of authentication, not two.
    return 'InvalidArgument';
  }
  const claim = inQuery ?? signed(request);
  if (!claim) {
    return 'AccessDenied';
  }
  const [id, day = '', region = '', service, end] = claim.credential.split('/');
  if (id !== keys.accessKeyId) {
    return 'InvalidAccessKeyId';
  }
  const scope = `${day}/${region}/${service}/${end}`;
  if (region !== keys.region || service !== 's3' || end !== 'aws4_request' || !claim.date.startsWith(day)) {
    return 'AuthorizationHeaderMalformed';
  }
  const age = (now.getTime() - timeOf(claim.date)) / 1000;
  if (claim.life === undefined ? !(Math.abs(age) <= SKEW) : !(age >= -SKEW && age < claim.life)) {
    return claim.life === undefined ? 'RequestTimeTooSkewed' : 'AccessDenied';
  }
  if (claim.life !== undefined && !(claim.life >= 1 && claim.life <= LONGEST)) {
    return 'AuthorizationQueryParametersError';
  }
  if (!claim.headers.split(';').includes('host')) {
    return 'AccessDenied';
  }
  const text = ['AWS4-HMAC-SHA256', claim.date, scope, sha256(canonical(request, query, claim))].join('\n');
  const steps = [day, region, 's3', 'aws4_request'];
  const key = steps.reduce<Buffer>((under, step) => hmac(under, step), Buffer.from(`AWS4${keys.secretAccessKey}`));
  const expected = Buffer.from(hmac(key, text).toString('hex'));
  const given = Buffer.from(claim.signature);
  return given.length === expected.length && timingSafeEqual(given, expected) ? undefined : 'SignatureDoesNotMatch';
}

function presigned(query: [string, string][]): Claim | undefined {
  const of = new Map(query);
  const signature = of.get('X-Amz-Signature');
  if (signature === undefined) {
    return undefined;
  }
  return {
    credential: of.get('X-Amz-Credential') ?? '',
    headers: of.get('X-Amz-SignedHeaders') ?? '',
    signature,
    date: of.get('X-Amz-Date') ?? '',
    payload: of.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
    life: Number(of.get('X-Amz-Expires') ?? Number.NaN),
  };
}

function signed(request: Request): Claim | undefined {
  const { credential, headers, signature } = HEADER.exec(request.get('authorization') ?? '')?.groups ?? {};
  const date = request.get('x-amz-date');
  const payload = request.get('x-amz-content-sha256');
  if (!credential || !headers || !signature || date === undefined || payload === undefined) {
    return undefined;
  }
  return { credential, headers, signature, date, payload };
}

function canonical(request: Request, query: [string, string][], { headers, payload }: Claim): string {
  const names = headers.split(';');
  const value = (name: string): string => (request.get(name) ?? '').trim().replaceAll(/ +/g, ' ');
  return [
    request.method,
    request.originalUrl.split('?')[0],
    query
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, text]) => `${encoded(name)}=${encoded(text)}`)
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${value(name)}`),
    '',
    headers,
    payload,
  ].join('\n');
}

function pairsOf(url: string): [string, string][] {
  const query = url.split('?')[1] ?? '';
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [decodeURIComponent(name), decodeURIComponent(value.join('='))];
    });
}

/** As RFC 3986 has it: `encodeURIComponent` leaves four characters bare. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

function timeOf(date: string): number {
  const [, y, m, d, h, min, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  return Date.parse(`${y}-${m}-${d}T${h}:${min}:${s}Z`);
}
