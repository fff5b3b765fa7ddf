/** One call of the Datahub's API: the key, the time limit, and what a refusal means. */
import type { VendorHttp, VendorRequest, VendorResponse } from '../http.ts';
import { errorOf, READ_STATUSES, type Refused, refusalOf } from './api-errors.ts';
import type { DatahubCode } from './refusals.ts';
import type { Settings } from './settings.ts';

export interface Caller {
  http: VendorHttp;
  settings: Pick<Settings, 'apiKey' | 'timeout' | 'allowTopUp'>;
  /** Aborted when the order is revoked or the process stops. */
  signal?: AbortSignal;
}

function send({ http, settings, signal }: Caller, request: VendorRequest): Promise<VendorResponse> {
  return http.request({
    ...(settings.timeout !== undefined && { timeout: settings.timeout }),
    ...(signal && { signal }),
    ...request,
    headers: { ...request.headers, 'X-API-KEY': settings.apiKey },
    accept: [...READ_STATUSES],
  });
}

/** Sends a request and gives its 2xx answer; throws what a refusal means. */
export async function call(caller: Caller, request: VendorRequest): Promise<VendorResponse> {
  const response = await send(caller, request);
  if (response.status >= 300) {
    throw errorOf(response, request.once);
  }
  return response;
}

/** The same where some refusals are answers like others: gives which of the `expected` it met. */
export async function ask<Code extends DatahubCode>(
  caller: Caller,
  request: VendorRequest,
  expected: readonly Code[],
): Promise<VendorResponse | Refused<Code>> {
  const response = await send(caller, request);
  if (response.status < 300) {
    return response;
  }
  const known = refusalOf(response);
  const refused = expected.find((code) => code === known);
  if (refused === undefined) {
    throw errorOf(response, request.once);
  }
  return { refused };
}
