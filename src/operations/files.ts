/**
 * `/files/{id}`: large files, in ranges. A vendor comes with a URL that we have signed; people come with the id that stands
 * in the EHR and a token, either of our console or one with which the EHR lets them read what the file belongs to.
 *
 * Whatever is not so is answered alike: nobody learns here whether a file exists.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { UserConfig } from '../config.ts';
import { asAdapterError } from '../errors.ts';
import type { Log, LogFields } from '../log.ts';
import type { LargeFile } from '../orders/store/large-files.ts';
import type { FileTokens } from '../storage/file-token.ts';
import type { Storage } from '../storage/types.ts';
import { through } from '../streams.ts';
import { byteRange } from './byte-range.ts';
import type { EhrReaders } from './ehr-readers.ts';
import { sendProblem } from './problem.ts';
import { findUser, hasRole } from './users.ts';

export interface FilesOptions {
  /** Absent where we sign no URLs. */
  tokens: FileTokens | undefined;
  /** By site. */
  storages: ReadonlyMap<string, Pick<Storage, 'kind' | 'stat' | 'read'>>;
  users: readonly UserConfig[];
  /** A result file that has not expired. */
  find(id: string): Promise<LargeFile | undefined>;
  readers: EhrReaders;
  log: Log;
}

/** A file that whoever asks may have. */
interface Granted {
  site: string;
  key: string;
  contentType: string;
  fileName: string;
  /** Of our console. */
  user?: string;
}

const ID = /^[A-Za-z0-9_-]{22}$/;
const BEARER = /^Bearer (\S+)$/i;
const UNKNOWN_TYPE = 'application/octet-stream';

const HEADERS = {
  'Cache-Control': 'private, no-store',
  'X-Content-Type-Options': 'nosniff',
  // Should a browser show it all the same, it runs nothing and tells nobody.
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'Referrer-Policy': 'no-referrer',
};

/** Mounts `/files/{id}`. */
export function filesRouter(options: FilesOptions): Router {
  const { storages, log } = options;

  const serve: RequestHandler = async (request, response) => {
    response.set(HEADERS);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.set('Allow', 'GET, HEAD');
      return sendProblem(response, 405, 'method-not-allowed', 'Only GET, HEAD here.');
    }
    let granted: Granted | undefined;
    try {
      granted = await grant(options, request);
      const storage = granted && storages.get(granted.site);
      const there = granted && (await storage?.stat(granted.key));
      if (!granted || !storage || !there) {
        return sendProblem(response, 404, 'not-found', 'There is nothing at this address.');
      }
      const { site, user } = granted;
      const bytes = await send(request, response, { ...granted, ...there, read: storage.read });
      log.info({ site, user, method: request.method, httpStatus: response.statusCode, bytes }, 'file served');
    } catch (thrown) {
      failed(response, thrown, { site: granted?.site ?? 'unknown' });
    }
  };

  /** Whoever has hung up is not answered; whoever has had a part is cut off, so that it is not taken for the whole. */
  function failed(response: Response, thrown: unknown, about: LogFields): void {
    if (response.headersSent || response.destroyed) {
      const isHungUp = thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_STREAM_PREMATURE_CLOSE';
      const how = isHungUp ? { status: 'hung up' } : { code: asAdapterError(thrown).code };
      log.info({ ...about, ...how }, 'file not served to its end');
      response.destroy();
      return;
    }
    const error = asAdapterError(thrown);
    log.warn({ ...about, code: error.code, kind: error.kind }, 'file not served');
    for (const name of ['Content-Range', 'Content-Length', 'Content-Disposition', 'ETag']) {
      response.removeHeader(name);
    }
    response.set('Retry-After', String(error.retryAfter ?? 5));
    sendProblem(response, 503, 'not-available', 'The file cannot be given out at present: ask again.');
  }

  const router = Router({ caseSensitive: true });
  router.all('/files/:id', serve);
  return router;
}

async function grant(options: FilesOptions, request: Request): Promise<Granted | undefined> {
  const { tokens, storages, users, find, readers } = options;
  const id = String(request.params.id);
  const signed = tokens?.verify(id);
  if (signed) {
    // Of a bucket we sign no URLs of our own: such a token is of a site that kept its files in a folder until lately.
    const isOurs = storages.get(signed.site)?.kind === 'folder';
    return isOurs ? { ...signed, contentType: UNKNOWN_TYPE, fileName: posix.basename(signed.key) } : undefined;
  }
  const authorization = request.get('authorization');
  const token = BEARER.exec(authorization ?? '')?.[1];
  const file = token !== undefined && ID.test(id) ? await find(id) : undefined;
  if (!file || token === undefined) {
    return undefined;
  }
  const granted = { ...file, fileName: posix.basename(file.name) };
  const user = findUser(users, authorization);
  if (user) {
    // A token of ours is nobody else's business: the EHR is not asked about it.
    return hasRole(user, 'viewer') ? { ...granted, user: user.name } : undefined;
  }
  const { site, resourceType: type, resourceId } = file;
  if (type === null || resourceId === null) {
    return undefined;
  }
  return (await readers.mayRead({ site, token, resource: { type, id: resourceId } })) ? granted : undefined;
}

interface Sent extends Granted {
  size: number;
  version?: string;
  read: Storage['read'];
}

/** Answers with the whole or one range of it; gives how many bytes went out. Throws where they cannot. */
async function send(request: Request, response: Response, file: Sent): Promise<number> {
  const { size, key } = file;
  response.attachment(file.fileName).type(file.contentType);
  response.set({ 'Accept-Ranges': 'bytes', ETag: etagOf(file) });
  const range = request.method === 'GET' ? rangeOf(request, response, size) : undefined;
  if (range === 'unsatisfiable') {
    response.removeHeader('Content-Disposition');
    response.set('Content-Range', `bytes */${size}`);
    sendProblem(response, 416, 'range-not-satisfiable', 'There is less here than the range asks for.');
    return 0;
  }
  const { start, end } = range ?? { start: 0, end: size };
  response.status(range ? 206 : 200).set('Content-Length', String(end - start));
  if (range) {
    response.set('Content-Range', `bytes ${start}-${end - 1}/${size}`);
  }
  if (request.method === 'HEAD') {
    response.end();
    return 0;
  }
  const body = await file.read(key, { start, end });
  await pipeline(whole(body, end - start), response);
  return end - start;
}

/** A strong one: the key and the storage's own version of it. */
function etagOf({ site, key, size, version = '' }: Sent): string {
  const words = [site, key, size, version].join('\n');
  return `"${createHash('sha256').update(words).digest('base64url').slice(0, 27)}"`;
}

/** A range of a file that has changed since its first part would make a file of two halves. */
function rangeOf(request: Request, response: Response, size: number): ReturnType<typeof byteRange> {
  const of = request.get('if-range');
  return of === undefined || of === response.get('ETag') ? byteRange(request.get('range'), size) : undefined;
}

/** The announced number of bytes, or an error: a body that ends early would leave the other side waiting. */
function whole(body: Readable, size: number): Readable {
  let left = size;
  return through(body, (emit) => ({
    push(piece) {
      left -= piece.byteLength;
      emit(piece);
    },
    end() {
      if (left !== 0) {
        throw new Error('The file is shorter than it was');
      }
    },
  }));
}
