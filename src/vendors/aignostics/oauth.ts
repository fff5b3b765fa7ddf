/** Calls to the tenant that holds the accounts (Auth0): forms in, JSON out, refusals by their code. */
import { z } from 'zod';
import type { VendorHttp, VendorResponse } from '../http.ts';

const refusal = z.object({ error: z.string().regex(/^[a-z_]{1,40}$/) });

/** Statuses that Auth0 refuses with; 429 among them, because it says `slow_down` so. */
const ANSWERS = [200, 400, 401, 403, 429];

/** @param url absolute: the tenant is another host than the API */
export function postForm(http: VendorHttp, url: string, form: Record<string, string>): Promise<VendorResponse> {
  return http.request({
    method: 'POST',
    path: url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new TextEncoder().encode(new URLSearchParams(form).toString()),
    accept: ANSWERS,
  });
}

/** The code of a refusal (`invalid_grant`), or its status where it has none. */
export function refusedAs(response: VendorResponse): string {
  try {
    return refusal.parse(response.json()).error;
  } catch {
    return String(response.status);
  }
}
