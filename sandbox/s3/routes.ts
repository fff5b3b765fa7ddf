/**
 * A bucket that speaks S3: multipart uploads, ranges, presigned URLs, in the path style. Every request has to be signed;
 * answers and errors are S3's XML.
 */
import { createHash } from 'node:crypto';
import express, { type Request, type Response, type Router } from 'express';
import type { VendorFaults } from '../faults.ts';
import { type Bucket, createBucket, type PendingUpload, type Piece, type StoredObject } from './bucket.ts';
import { type Credentials, signatureProblem } from './signature.ts';
import { elements, sendError, sendXml, tag } from './xml.ts';

export interface S3Options {
  credentials: Credentials;
  bucket: string;
  /** Where the bytes are kept; the caller removes it. */
  folder: string;
  now?: () => Date;
  faults?: Pick<VendorFaults, 'take'>;
}

export interface S3Simulator {
  router: Router;
  bucket: Bucket;
}

/** S3's own: every part but the last has at least so many bytes. */
const LEAST_PART = 5 * 1024 * 1024;
const MOST_PARTS = 10_000;

export const S3_FAULTS = [
  { name: 's3-slow-down', what: 'A request is answered 503 SlowDown.' },
  { name: 's3-refused', what: 'A request is answered 403 AccessDenied.' },
  { name: 's3-full', what: 'A part is answered 507 XMinioStorageFull.' },
  { name: 's3-part-cut', what: 'The connection breaks within a part.' },
  { name: 's3-completed-then-cut', what: 'A file is completed, and the answer is lost.' },
  { name: 's3-read-cut', what: 'The connection breaks within a file that is read.' },
];

/** Mount the router at the root of a server, or anywhere else: the path that was signed is the whole one. */
export function openS3({ credentials, bucket: name, folder, now = () => new Date(), faults }: S3Options): S3Simulator {
  const bucket = createBucket(folder);
  const take = (fault: string): boolean => faults?.take(fault) ?? false;
  const router = express.Router({ caseSensitive: true });

  router.use((request, response, next) => {
    const problem = take('s3-refused') ? 'AccessDenied' : signatureProblem(request, credentials, now());
    if (problem !== undefined) {
      return sendError(response, problem);
    }
    return take('s3-slow-down') ? sendError(response, 'SlowDown') : next();
  });

  router.get('/:bucket', (request, response) => {
    if (request.params.bucket !== name) {
      return sendError(response, 'NoSuchBucket');
    }
    if (request.query.uploads === undefined) {
      return sendError(response, 'NotImplemented');
    }
    return listUploads(bucket, request, response, name);
  });

  router.all('/:bucket/*key', async (request, response) => {
    const key = [request.params.key].flat().join('/');
    const { uploads, uploadId, partNumber } = request.query;
    const upload = typeof uploadId === 'string' ? bucket.uploads.get(uploadId) : undefined;
    if (request.params.bucket !== name) {
      return sendError(response, 'NoSuchBucket');
    }
    if (uploadId !== undefined && upload?.key !== key) {
      return sendError(response, 'NoSuchUpload');
    }
    switch (request.method) {
      case 'POST':
        if (upload) {
          return complete(upload, request, response);
        }
        return uploads === undefined ? sendError(response, 'NotImplemented') : begin(key, request, response);
      case 'PUT':
        return upload ? putPart(upload, Number(partNumber), request, response) : putObject(key, request, response);
      case 'DELETE':
        return remove(key, upload, response);
      case 'GET':
      case 'HEAD':
        return upload ? listParts(upload, response) : read(key, request, response);
      default:
        return sendError(response, 'MethodNotAllowed');
    }
  });

  return { router, bucket };

  function begin(key: string, request: Request, response: Response): void {
    const { id } = bucket.begin(key, request.get('content-type') ?? 'binary/octet-stream', now());
    sendXml(response, 'InitiateMultipartUploadResult', tag('Bucket', name) + tag('Key', key) + tag('UploadId', id));
  }

  async function putPart(upload: PendingUpload, number: number, request: Request, response: Response): Promise<void> {
    if (!(Number.isInteger(number) && number >= 1 && number <= MOST_PARTS)) {
      return sendError(response, 'InvalidArgument');
    }
    if (take('s3-full')) {
      return sendError(response, 'XMinioStorageFull');
    }
    if (take('s3-part-cut')) {
      request.once('data', () => request.socket.destroy());
      return;
    }
    const piece = await received(request, response);
    if (piece) {
      const earlier = upload.parts.get(number);
      upload.parts.set(number, piece);
      await bucket.drop(earlier ? [earlier] : []);
      response.set('ETag', piece.etag).status(200).end();
    }
  }

  async function putObject(key: string, request: Request, response: Response): Promise<void> {
    const piece = await received(request, response);
    if (piece) {
      const { etag } = await bucket.put(key, [piece], request.get('content-type') ?? 'binary/octet-stream', now());
      response.set('ETag', etag).status(200).end();
    }
  }

  async function received(request: Request, response: Response): Promise<Piece | undefined> {
    if (request.get('content-length') === undefined) {
      sendError(response, 'MissingContentLength');
      return undefined;
    }
    try {
      return await bucket.take(request);
    } catch {
      // The caller hung up: nobody is left to be answered.
      return undefined;
    }
  }

  async function complete(upload: PendingUpload, request: Request, response: Response): Promise<void> {
    const body = await textOf(request);
    const hash = request.get('x-amz-content-sha256');
    if (hash !== 'UNSIGNED-PAYLOAD' && hash !== createHash('sha256').update(body).digest('hex')) {
      return sendError(response, 'XAmzContentSHA256Mismatch');
    }
    const named = elements(body, 'Part').map((part) => ({
      number: Number(elements(part, 'PartNumber')[0]),
      etag: `"${(elements(part, 'ETag')[0] ?? '').replaceAll(/&quot;|"/g, '')}"`,
    }));
    const pieces = named.flatMap(({ number, etag }) => {
      const piece = upload.parts.get(number);
      return piece?.etag === etag ? [piece] : [];
    });
    if (named.length === 0 || pieces.length !== named.length) {
      return sendError(response, 'InvalidPart');
    }
    if (named.some(({ number }, at) => number <= (named[at - 1]?.number ?? 0))) {
      return sendError(response, 'InvalidPartOrder');
    }
    if (pieces.slice(0, -1).some(({ size }) => size < LEAST_PART)) {
      return sendError(response, 'EntityTooSmall');
    }
    bucket.uploads.delete(upload.id);
    await bucket.drop([...upload.parts.values()].filter((piece) => !pieces.includes(piece)));
    const { etag } = await bucket.put(upload.key, pieces, upload.contentType, now());
    if (take('s3-completed-then-cut')) {
      request.socket.destroy();
      return;
    }
    const about = tag('Bucket', name) + tag('Key', upload.key) + tag('ETag', etag);
    sendXml(response, 'CompleteMultipartUploadResult', about);
  }

  async function remove(key: string, upload: PendingUpload | undefined, response: Response): Promise<void> {
    const object = upload ? undefined : bucket.objects.get(key);
    if (upload) {
      bucket.uploads.delete(upload.id);
    } else {
      bucket.objects.delete(key);
    }
    await bucket.drop(upload?.parts.values() ?? object?.pieces ?? []);
    response.status(204).end();
  }

  function read(key: string, request: Request, response: Response): void {
    const object = bucket.objects.get(key);
    if (!object) {
      sendError(response, 'NoSuchKey');
      return;
    }
    response.set({ 'Accept-Ranges': 'bytes', ETag: object.etag, 'Last-Modified': object.at.toUTCString() });
    response.type(object.contentType);
    const { start, end } = rangeOf(request, object);
    if (start >= end && object.size > 0) {
      response.set('Content-Range', `bytes */${object.size}`);
      sendError(response, 'InvalidRange');
      return;
    }
    if (end - start < object.size) {
      response.status(206).set('Content-Range', `bytes ${start}-${end - 1}/${object.size}`);
    }
    response.set('Content-Length', String(end - start));
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const bytes = bucket.read(object, start, end);
    response.on('close', () => bytes.destroy());
    if (take('s3-read-cut')) {
      bytes.once('data', (piece) => response.write(piece, () => response.destroy()));
      return;
    }
    bytes.on('error', () => response.destroy()).pipe(response);
  }
}

function rangeOf(request: Request, { size }: StoredObject): { start: number; end: number } {
  const ranges = request.range(size);
  if (ranges === -1) {
    return { start: size, end: size };
  }
  const [range] = Array.isArray(ranges) && ranges.length === 1 ? ranges : [];
  return range ? { start: range.start, end: range.end + 1 } : { start: 0, end: size };
}

function listParts({ id, key, parts }: PendingUpload, response: Response): void {
  const listed = [...parts]
    .sort(([a], [b]) => a - b)
    .map(([number, { etag, size }]) => {
      const about = tag('PartNumber', String(number)) + tag('ETag', etag) + tag('Size', String(size));
      return `<Part>${about}</Part>`;
    });
  const about = tag('Key', key) + tag('UploadId', id) + tag('IsTruncated', 'false');
  sendXml(response, 'ListPartsResult', about + listed.join(''));
}

/** A page of two, so that whoever lists them has to turn it. */
const PAGE = 2;

function listUploads({ uploads }: Bucket, request: Request, response: Response, name: string): void {
  const { prefix = '', 'key-marker': afterKey = '', 'upload-id-marker': afterId = '' } = request.query;
  const sortName = ({ key, id }: { key: string; id: string }): string => `${key}\n${id}`;
  const all = [...uploads.values()]
    .filter((upload) => upload.key.startsWith(String(prefix)))
    .filter((upload) => afterKey === '' || sortName(upload) > `${afterKey}\n${afterId}`)
    .sort((a, b) => (sortName(a) < sortName(b) ? -1 : 1));
  const page = all.slice(0, PAGE);
  const last = page.at(-1);
  const more = all.length > page.length && last;
  const listed = page.map(({ key, id, initiated }) => {
    const about = tag('Key', key) + tag('UploadId', id) + tag('Initiated', initiated.toISOString());
    return `<Upload>${about}</Upload>`;
  });
  const next = more ? tag('NextKeyMarker', last.key) + tag('NextUploadIdMarker', last.id) : '';
  const about = tag('Bucket', name) + tag('IsTruncated', String(Boolean(more))) + next;
  sendXml(response, 'ListMultipartUploadsResult', about + listed.join(''));
}

async function textOf(request: Request): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
