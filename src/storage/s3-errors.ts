/** What a bucket says when it does not do something, by the status and the S3 code of its answer. */
import { AdapterError } from '../errors.ts';
import { UPLOAD_GONE } from './types.ts';

/** Codes of storages that have no more room: MinIO's, Ceph's, Google's. */
const FULL = ['XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded', 'QuotaExceeded', 'InsufficientStorage'];
/** Nothing will change before somebody corrects the configuration or the bucket's policy. */
const REFUSED = [301, 307, 400, 401, 403, 405, 501];

interface S3Answer {
  status: number | undefined;
  code: string;
}

/** The status and code of what the SDK threw; no status where there was no answer. */
export function answerOf(thrown: unknown): S3Answer {
  if (!(thrown instanceof Error)) {
    return { status: undefined, code: '' };
  }
  const metadata: unknown = '$metadata' in thrown ? thrown.$metadata : undefined;
  const known = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata;
  const status = known && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
  return { status, code: thrown.name };
}

export const isUploadGone = (thrown: unknown): boolean => answerOf(thrown).code === 'NoSuchUpload';

/** An object that is not there. Of a HEAD there is no code beyond the status. */
export function isObjectGone(thrown: unknown): boolean {
  const { status, code } = answerOf(thrown);
  return status === 404 && ['NoSuchKey', 'NotFound', 'UnknownError', ''].includes(code);
}

/** Classified; an AdapterError as it is. The SDK's own words are left out: they may quote URLs and keys. */
export function bucketError(thrown: unknown): AdapterError {
  if (thrown instanceof AdapterError) {
    return thrown;
  }
  const { status, code } = answerOf(thrown);
  const cause = { cause: thrown };
  if (FULL.includes(code) || status === 507) {
    return new AdapterError('storage-full', 'The bucket of this site is full', cause);
  }
  if (code === 'NoSuchUpload') {
    const message = 'A file that was begun in the bucket of this site is not there any more';
    return new AdapterError('storage-unavailable', message, { ...cause, status: UPLOAD_GONE });
  }
  if (status === undefined) {
    return new AdapterError('storage-unavailable', 'The bucket of this site cannot be reached', cause);
  }
  const says = `The bucket of this site answered ${status}${/^[A-Za-z]{1,60}$/.test(code) ? ` ${code}` : ''}`;
  if (REFUSED.includes(status) && !isPassing(code)) {
    return new AdapterError('storage-unavailable', says, { ...cause, kind: 'permanent', remedy: 'hold', status });
  }
  if (code === 'NoSuchBucket') {
    return new AdapterError('storage-unavailable', says, { ...cause, kind: 'permanent', remedy: 'hold' });
  }
  return new AdapterError('storage-unavailable', says, { ...cause, ...(status !== UPLOAD_GONE && { status }) });
}

/** Refusals that another try may not meet: a connection too slow, a clock that the SDK corrects. */
const isPassing = (code: string): boolean =>
  ['RequestTimeout', 'RequestTimeTooSkewed', 'IncompleteBody', 'OperationAborted'].includes(code);

export async function inBucket<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    throw bucketError(thrown);
  }
}

/** The same, for what is to be away: it is no harm where it is so already. */
export async function orGone(work: Promise<unknown>, isGone: (thrown: unknown) => boolean): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    if (!isGone(thrown)) {
      throw bucketError(thrown);
    }
  }
}
