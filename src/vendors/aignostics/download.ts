/** Fetches a result's file: the platform says where it is, and the storage gives it to whoever comes without a token. */

import type { Readable } from 'node:stream';
import { AdapterError } from '../../errors.ts';
import type { VendorResponse } from '../http.ts';
import { isStorage } from '../storage-host.ts';
import { call } from './api.ts';
import { type Ctx, callerOf } from './documents.ts';
import { WAITS } from './facts.ts';

export type Download =
  | { body: Readable }
  /** It has been deleted, for good. */
  | { gone: true }
  /** The address is not good (any more): another may be. */
  | { refused: true };

const REDIRECTS = [302, 303, 307];
/** Statuses by which a storage says that an address has expired or was altered. */
const REFUSED = [400, 401, 403, 404, 410];
const GONE = [404, 410];

async function bodyOf(response: VendorResponse): Promise<Download> {
  return response.body ? { body: response.body } : { refused: true };
}

async function fromStorage(address: string, { http, settings, signal }: Ctx): Promise<Download> {
  const response = await http.request({
    method: 'GET',
    path: address,
    headers: { accept: '*/*' },
    accept: [200, ...REFUSED],
    streamed: true,
    timeout: Math.max(WAITS.download, settings.timeout ?? 0),
    signal,
  });
  if (response.status === 200) {
    return bodyOf(response);
  }
  response.body?.destroy();
  return { refused: true };
}

/** Opens a file of a run. The platform may also give it itself instead of sending us on. */
export async function openFile(run: string, artifact: string, context: Ctx): Promise<Download> {
  const path = `/runs/${encodeURIComponent(run)}/artifacts/${encodeURIComponent(artifact)}/file`;
  const response = await call(callerOf(context), {
    method: 'GET',
    path,
    headers: { accept: '*/*' },
    accept: [200, ...REDIRECTS, ...GONE],
    streamed: true,
    timeout: Math.max(WAITS.download, context.settings.timeout ?? 0),
  });
  if (response.status === 200) {
    return bodyOf(response);
  }
  response.body?.destroy();
  if (GONE.includes(response.status)) {
    return { gone: true };
  }
  const address = response.headers.location ?? '';
  if (!isStorage(address, context.settings)) {
    throw new AdapterError('vendor-protocol', "Aignostics keeps results on a host that the site's list does not have", {
      remedy: 'hold',
      orderer: 'The results are kept where the adapter may not fetch them; the order waits for the operator.',
      operator: "Add the vendor's storage host to storageHosts, if it is one to be trusted.",
    });
  }
  return fromStorage(address, context);
}
