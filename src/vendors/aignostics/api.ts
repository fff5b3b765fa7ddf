/** The platform's calls over the vendor's HTTP client, each answer checked. Lists are bare arrays, read to a short page. */
import { AdapterError } from '../../errors.ts';
import type { VendorRequest, VendorResponse } from '../http.ts';
import { sentence } from '../plain-words.ts';
import { application, created, type Item, item, parsed, type Run, refusalOf, rowsOf, run, version } from './answers.ts';
import { LIMITS } from './facts.ts';
import type { NewRun } from './new-run.ts';
import { type Access, dropToken, tokenOf } from './tokens.ts';
import { plainWords } from './words.ts';

export interface Caller extends Access {
  signal?: AbortSignal;
}

const NOT_OURS = 'The application is not available for this organisation; the order waits for the operator.';

/** An authorised call; a refused token is renewed once, and the call made again: it was not taken. */
export async function call(caller: Caller, request: VendorRequest): Promise<VendorResponse> {
  const { http, settings, signal } = caller;
  const common = { ...(settings.timeout !== undefined && { timeout: settings.timeout }), ...(signal && { signal }) };
  const send = (token: string) =>
    http.request({ ...common, ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
  const token = await tokenOf(caller);
  try {
    return await send(token);
  } catch (thrown) {
    if (!(thrown instanceof AdapterError) || thrown.status !== 401) {
      throw thrown;
    }
    await dropToken(caller, token);
    return send(await tokenOf(caller));
  }
}

const segment = encodeURIComponent;

/** An answer about an application; it is the route's configuration that is wrong where there is none. */
function available(response: VendorResponse): VendorResponse {
  if (response.status >= 400) {
    throw new AdapterError('vendor-rejected', `Aignostics does not offer this application (${response.status})`, {
      status: response.status,
      remedy: 'hold',
      orderer: NOT_OURS,
      operator: "Check the route's application and version, and that the vendor has assigned them to the organisation.",
    });
  }
  return response;
}

const OFFERED = [200, 403, 404, 422];

export async function readApplication(caller: Caller, id: string) {
  const path = `/applications/${segment(id)}`;
  return parsed(
    application,
    available(await call(caller, { method: 'GET', path, accept: OFFERED })),
    path,
    'transient',
  );
}

export async function readVersion(caller: Caller, id: string, number: string) {
  const path = `/applications/${segment(id)}/versions/${segment(number)}`;
  const response = available(await call(caller, { method: 'GET', path, accept: OFFERED }));
  return parsed(version, response, '/applications/{id}/versions/{version}');
}

/** How many applications the account may use; fails where the login does not work. Bills nothing. */
export async function countApplications(caller: Caller): Promise<number> {
  // The one list whose page size is spelt with a hyphen.
  const query = { page: '1', 'page-size': '100', sort: 'application_id' };
  return rowsOf(application, await call(caller, { method: 'GET', path: '/applications', query }), '/applications')
    .count;
}

/** Creates a run, which is billed for each of its slides. Gives the platform's id of it. */
export async function createRun(caller: Caller, json: NewRun): Promise<string> {
  const accept = [200, 201, 400, 402, 403, 404, 422];
  const response = await call(caller, { method: 'POST', path: '/runs', json, once: true, accept });
  if (response.status >= 400) {
    throw notCreated(response);
  }
  // It was created: what is not known is as which run.
  return parsed(created, response, '/runs', 'ambiguous').run_id;
}

/** Before 1.8 a used-up quota was a 403 like any other. */
const QUOTA = /\bquota\b/i;

function notCreated(response: VendorResponse): AdapterError {
  const { status } = response;
  const { text, fields } = refusalOf(response);
  if (status === 402 || (status === 403 && QUOTA.test(text ?? ''))) {
    return new AdapterError('vendor-quota', `The quota of the Aignostics account is used up (${status})`, {
      status,
      orderer: 'The quota of the AI service is used up; the order waits for the operator of the adapter.',
    });
  }
  if (status === 403 || status === 404) {
    return new AdapterError('vendor-rejected', `Aignostics does not let us run this application (${status})`, {
      status,
      remedy: 'hold',
      orderer: NOT_OURS,
    });
  }
  const told = fields.length > 0 ? ` in ${fields.join(', ')}` : '';
  const words = plainWords(text);
  return new AdapterError('vendor-rejected', `Aignostics refused the run (${status})${told}`, {
    status,
    orderer: `A slide or what is said of it was refused by the AI service.${words === undefined ? '' : ` The vendor says: ${sentence(words)}`}`,
  });
}

/** undefined: the run is not known, not yet, or not any more. */
export async function readRun(caller: Caller, id: string): Promise<Run | undefined> {
  const response = await call(caller, { method: 'GET', path: `/runs/${segment(id)}`, accept: [200, 404] });
  return response.status === 404 ? undefined : parsed(run, response, '/runs/{run_id}', 'transient');
}

/** A page of the account's runs, the newest first. `more`: there may be another page. */
export async function listRuns(caller: Caller, page: number, query: Record<string, string> = {}) {
  const numbered = { ...query, sort: '-submitted_at', page: String(page), page_size: String(LIMITS.page) };
  const { count, rows } = rowsOf(run, await call(caller, { method: 'GET', path: '/runs', query: numbered }), '/runs');
  return { runs: rows, more: count === LIMITS.page };
}

/** The items of a run that have ended; undefined: the run is not known. */
export async function listEnded(caller: Caller, runId: string): Promise<Item[] | undefined> {
  const items: Item[] = [];
  const path = `/runs/${segment(runId)}/items`;
  for (let page = 1; page <= LIMITS.pages; page++) {
    const query = { state: 'TERMINATED', sort: 'external_id', page: String(page), page_size: String(LIMITS.page) };
    const response = await call(caller, { method: 'GET', path, query, accept: [200, 404] });
    if (response.status === 404) {
      return undefined;
    }
    const { count, rows } = rowsOf(item, response, '/runs/{run_id}/items');
    items.push(...rows);
    if (count < LIMITS.page) {
      break;
    }
  }
  return items;
}

/** Stops a run; one that has ended, or is not there, needs no stopping. */
export async function cancelRun(caller: Caller, id: string): Promise<void> {
  const accept = [200, 202, 204, 404, 409];
  await call(caller, { method: 'POST', path: `/runs/${segment(id)}/cancel`, accept });
}

/** Deletes a run's results at the platform. False: not yet, it does not count as ended. */
export async function deleteArtifacts(caller: Caller, id: string): Promise<boolean> {
  const accept = [200, 202, 204, 404, 409, 410];
  const { status } = await call(caller, { method: 'DELETE', path: `/runs/${segment(id)}/artifacts`, accept });
  return status !== 409;
}
