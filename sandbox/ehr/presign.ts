/**
 * Medplum's attachment URLs: wherever a resource leaves the server, `Binary/1` in a `url` or `path` becomes a URL of the
 * object storage that needs no token, is signed, differs at every reading and expires. Written back, it is `Binary/1` again.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import express, { type Response, type Router } from 'express';
import { bytesOf } from './binary.ts';
import { mapStrings } from './references.ts';
import { sendPlain } from './respond.ts';
import type { Store } from './store.ts';
import type { Faults, Stored } from './types.ts';

export interface Presigner {
  toServed<T extends Resource>(resource: T): T;
  toStored<T extends Resource>(resource: T): T;
  /** A fresh URL of a Binary. */
  url(binary: Stored): string;
  storage: Router;
}

export interface PresignerOptions {
  store: Store;
  base(): string;
  storageUrl(): string;
  now(): Date;
  seconds: number;
  faults: Faults | undefined;
}

const BINARY = /^Binary\/(?<id>[\w.-]{1,64})(?:\/_history\/[\w.-]+)?$/;
const isUrl = (name: string): boolean => name === 'url' || name === 'path';

function deny(response: Response, status: number, code: string): void {
  response.status(status).type('application/xml').send(`<Error><Code>${code}</Code></Error>`);
}

export function openPresigner(options: PresignerOptions): Presigner {
  const { store, base, storageUrl, now, seconds, faults } = options;
  const key = randomBytes(32);
  const sign = (path: string, expires: string, nonce: string): string =>
    createHmac('sha256', key).update(`${path}\n${expires}\n${nonce}`).digest('base64url');

  const url = (binary: Stored): string => {
    const path = `binary/${binary.id}/${binary.meta?.versionId}`;
    const expires = String(Math.floor(now().getTime() / 1000) + seconds);
    const nonce = randomBytes(9).toString('base64url');
    const query = new URLSearchParams({ Expires: expires, Nonce: nonce, Signature: sign(path, expires, nonce) });
    return `${storageUrl()}/${path}?${query}`;
  };

  const relative = (text: string): string => (text.startsWith(`${base()}/`) ? text.slice(base().length + 1) : text);

  const storage = express.Router();
  storage.get('/binary/:id/:version', (request, response) => {
    const { id, version } = request.params;
    const { Expires: expires, Nonce: nonce, Signature: signature } = request.query;
    const expected = Buffer.from(sign(`binary/${id}/${version}`, String(expires), String(nonce)));
    const given = Buffer.from(String(signature));
    if (request.headers.authorization) {
      // S3 and its likes take one kind of authentication, not two.
      deny(response, 400, 'InvalidArgument');
    } else if (
      faults?.take('storage-expired') ||
      given.length !== expected.length ||
      !timingSafeEqual(given, expected)
    ) {
      deny(response, 403, 'AccessDenied');
    } else if (Number(expires) * 1000 < now().getTime()) {
      deny(response, 403, 'AccessDenied');
    } else {
      const found = store.versions('Binary', id).find(({ versionId }) => versionId === version)?.resource;
      if (found?.resourceType === 'Binary') {
        sendPlain(response, found.contentType, bytesOf(found));
      } else {
        deny(response, 404, 'NoSuchKey');
      }
    }
  });

  return {
    url,
    storage,
    toServed: (resource) =>
      mapStrings(resource, (name, text) => {
        const id = isUrl(name) ? BINARY.exec(relative(text))?.groups?.id : undefined;
        const binary = id ? store.live('Binary', id) : undefined;
        return binary ? url(binary) : text;
      }),
    toStored: (resource) =>
      mapStrings(resource, (name, text) => {
        if (isUrl(name) && text.startsWith(`${storageUrl()}/binary/`)) {
          return `Binary/${text.slice(storageUrl().length + '/binary/'.length).split('/')[0]}`;
        }
        return isUrl(name) && BINARY.test(relative(text)) ? relative(text) : text;
      }),
  };
}
