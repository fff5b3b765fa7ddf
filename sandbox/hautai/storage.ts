/** The storage host: takes uploads and gives masks at signed URLs, and answers in XML when it does not. */

import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { LedgerCall } from '../ledger.ts';
import { sendStorageError } from '../storage-error.ts';
import { drawFile } from './files.ts';
import { readPicture } from './picture-facts.ts';
import { expired, type StorageRefusal } from './signed-urls.ts';
import type { Simulator } from './simulator.ts';
import type { Picture } from './world.ts';

/** The header that is part of an upload's signature, and what it says. */
export const LENGTH_RANGE = { name: 'X-Goog-Content-Length-Range', least: 1, most: 31_457_280 } as const;

/** The storage's router; its URL is another origin than the API's. */
export function storageRoutes(simulator: Simulator): Router {
  const { signer, take, world, ledger } = simulator;
  const router = express.Router({ strict: true, caseSensitive: true });
  router.use((request, response, next) => {
    const kind = /^\/(haut-uploads|haut-results)\//.exec(request.path)?.[1] ?? '(unknown path)';
    const call = ledger.call({ endpoint: `${request.method} storage/${kind}` });
    response.locals.call = call;
    response.on('finish', () => {
      call.status = response.statusCode;
    });
    if (request.method === 'GET' && take('mask-expired')) {
      return deny(response, expired());
    }
    if (request.method === 'PUT' && take('storage-403-expired')) {
      return deny(response, expired());
    }
    const refusal = signer.refusal(request);
    return refusal ? deny(response, refusal) : next();
  });

  router.put('/haut-uploads/:id', async (request, response) => {
    const picture = world.pictures.get(request.params.id);
    const call: LedgerCall = response.locals.call;
    call.keys = { image_id: request.params.id };
    if (!picture) {
      return sendStorageError(response, 404, 'NoSuchKey', 'The picture was deleted.');
    }
    const length = wrongLength(request);
    if (length) {
      return sendStorageError(response, ...length);
    }
    if (take('storage-500')) {
      return sendStorageError(response, 500, 'InternalError', 'We encountered an internal error. Please try again.');
    }
    await receive(request, response, picture, take('upload-cut'));
  });

  router.get('/haut-results/:batch/:side/:variant/:file', async (request, response) => {
    const drawn = take('mask-missing') ? undefined : await drawFile(simulator, request.params);
    if (!drawn) {
      return sendStorageError(response, 404, 'NoSuchKey', 'The specified key does not exist.');
    }
    response.type(drawn.contentType).send(drawn.bytes);
  });

  router.use(((_request, response) =>
    sendStorageError(response, 404, 'NoSuchKey', 'The specified key does not exist.')) satisfies RequestHandler);
  return router;
}

/** Hashes the picture as it comes in; of one that breaks off nothing is kept, and what was there before stays. */
async function receive(request: Request, response: Response, picture: Picture, cut: boolean): Promise<void> {
  const reader = readPicture();
  try {
    for await (const piece of request) {
      if (cut) {
        request.socket.destroy();
        return;
      }
      reader.add(piece);
    }
  } catch {
    // The caller hung up: nobody is left to be answered.
    return;
  }
  picture.facts = reader.facts();
  response.status(200).end();
}

function wrongLength(request: Request): [status: number, code: string, details: string] | undefined {
  const length = Number(request.get('content-length') ?? Number.NaN);
  if (Number.isNaN(length)) {
    return [411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.'];
  }
  if (length < LENGTH_RANGE.least) {
    return [400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum object size.'];
  }
  return length > LENGTH_RANGE.most
    ? [400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.']
    : undefined;
}

function deny(response: Response, { status, code, details }: StorageRefusal): void {
  sendStorageError(response, status, code, details);
}
