/** Opens files at the vendor's storage: at addresses that are secrets, asked for anew each time, and without our key. */
import type { Readable } from 'node:stream';
import { AdapterError } from '../../errors.ts';
import { streamOfBytes } from '../../streams.ts';
import { isStorage } from '../storage-host.ts';
import type { Ctx } from './ctx.ts';
import { WAITS } from './facts.ts';

/** Statuses by which a storage says that an address has expired or was altered. */
const REFUSED = [400, 401, 403, 404, 410];

/** The file ends before: it is shorter than was announced. */
const BEYOND_END = 416;

const brokenOff = (message: string): AdapterError =>
  new AdapterError('vendor-protocol', message, { kind: 'transient' });

/** The bytes from `start` on; undefined: the address is not good any more. Throws where it leads where it may not. */
export async function openAddress(address: string, start: number, context: Ctx): Promise<Readable | undefined> {
  const { http, settings, signal } = context;
  if (!isStorage(address, settings)) {
    throw new AdapterError('vendor-protocol', "HistAI keeps files on a host that the site's list does not have", {
      remedy: 'hold',
      orderer: 'The files are kept where the adapter may not fetch them; the order waits for the operator.',
      operator: "Add the vendor's storage host to histai.storageHosts, if it is one to be trusted, then retry.",
    });
  }
  const response = await http.request({
    method: 'GET',
    path: address,
    headers: { accept: '*/*', ...(start > 0 && { range: `bytes=${start}-` }) },
    accept: [200, 206, BEYOND_END, ...REFUSED],
    streamed: true,
    timeout: Math.max(WAITS.download, settings.timeout ?? 0),
    signal,
  });
  if (REFUSED.includes(response.status)) {
    response.body?.destroy();
    return undefined;
  }
  if (response.status === BEYOND_END) {
    response.body?.destroy();
    return streamOfBytes(new Uint8Array());
  }
  if (!response.body) {
    throw brokenOff('HistAI gave a file without bytes');
  }
  const isFrom = start === 0 ? response.status === 200 : isRange(response.headers['content-range'], start);
  if (!isFrom) {
    response.body.destroy();
    throw brokenOff("HistAI's storage gives other bytes of a file than were asked for");
  }
  return response.body;
}

/** `bytes 100-199/200` begins at 100. */
const isRange = (header: string | undefined, start: number): boolean =>
  /^bytes (\d{1,15})-/.exec(header ?? '')?.[1] === String(start);
