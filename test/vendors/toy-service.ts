/** The service behind the toy vendor, without a network: three things to order, one job that takes its time. */
import { AdapterError } from '../../src/errors.ts';
import type { VendorHttp, VendorRequest, VendorResponse } from '../../src/vendors/http.ts';

export interface ToyService extends VendorHttp {
  /** How often each key was taken. */
  taken: Record<string, number>;
  /** The next order of that path is taken and its answer lost. */
  lose: string | undefined;
  /** The next request is turned away. */
  busy: boolean;
  /** Orders are refused until it is empty no more. */
  purseEmpty: boolean;
}

export const TOY_TOKEN = 'token-of-the-toy';

/** How often a job is told as running. */
const LOOKS = 2;

export function toyService(): ToyService {
  const ids = new Map<string, string>();
  const looks = new Map<string, number>();
  let last = 0;

  function take(path: string, request: VendorRequest): VendorResponse {
    if (service.purseEmpty) {
      return answer(402, {});
    }
    const key = request.headers?.['x-key'] ?? '';
    service.taken[key] = (service.taken[key] ?? 0) + 1;
    last++;
    ids.set(`${request.headers?.['x-order']} ${key}`, `job-${last}-of-toy`);
    if (service.lose === path) {
      service.lose = undefined;
      throw new AdapterError('vendor-error', 'The toy answered with 500', { kind: 'ambiguous', status: 500 });
    }
    return answer(200, { id: `job-${last}-of-toy` });
  }

  const service: ToyService = {
    taken: {},
    lose: undefined,
    busy: false,
    purseEmpty: false,
    async request(request) {
      if (request.headers?.['x-token'] !== TOY_TOKEN) {
        throw new AdapterError('vendor-unauthorized', 'The toy refused the credentials (401)', { status: 401 });
      }
      if (service.busy) {
        service.busy = false;
        throw new AdapterError('vendor-busy', 'The toy asked to wait (429)', { status: 429, retryAfter: 20 });
      }
      if (request.method === 'POST') {
        return take(request.path, request);
      }
      if (request.path === '/subject') {
        const id = ids.get(`${request.headers?.['x-order']} ${request.headers?.['x-key']}`);
        return answer(200, id === undefined ? {} : { id });
      }
      const seen = (looks.get(request.path) ?? 0) + 1;
      looks.set(request.path, seen);
      return answer(200, { done: seen > LOOKS });
    },
  };
  return service;
}

function answer(status: number, body: unknown): VendorResponse {
  return { status, headers: {}, json: () => body, bytes: () => new TextEncoder().encode(JSON.stringify(body)) };
}
