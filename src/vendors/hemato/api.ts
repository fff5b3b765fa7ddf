/** Hemato.AI's calls over the vendor's HTTP client: the token, the study, its files, its tasks. */
import { AdapterError } from '../../errors.ts';
import type { CleanPicture } from '../../pictures/types.ts';
import type { VendorRequest, VendorResponse } from '../http.ts';
import { fileUploaded, heartbeat, studyCreated } from './answers.ts';
import { uploadTimeout, WAITS } from './facts.ts';
import { isTaken, READ_STATUSES, refusalOf, resultsOf } from './refusals.ts';
import { type Access, refused, tokenOf } from './tokens.ts';

export interface HematoAccess extends Access {
  /** Aborted when the order is revoked or the process ends. */
  signal?: AbortSignal;
  /** Says on the disclosures ledger what leaves; called before each request that carries something. */
  tell?(fields: string[], input?: string): Promise<void>;
}

/** A request that is made anew with each try: the body of an upload can be read only once. */
type Attempt = () => Promise<VendorRequest>;

export interface Upload {
  /** The input's name in the order, for the disclosures ledger. */
  input: string;
  /** Without an extension: `picture-0001`. */
  name: string;
  /** Pixels across a red cell, where known. */
  diameter: number | undefined;
  open(): Promise<CleanPicture>;
}

const EXTENSIONS: Record<CleanPicture['contentType'], string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'application/zip': 'zip',
};

async function send(access: HematoAccess, request: VendorRequest): Promise<VendorResponse> {
  try {
    return await access.http.request(request);
  } catch (thrown) {
    // A 429 that names no time: the vendor's documents have no limits to go by.
    if (thrown instanceof AdapterError && thrown.status === 429 && thrown.retryAfter === undefined) {
      throw new AdapterError('vendor-busy', thrown.message, { status: 429, retryAfter: WAITS.busy, cause: thrown });
    }
    throw thrown;
  }
}

/**
 * An authenticated call: once more with a new token where the first is refused, which costs nothing because a refused call
 * was not taken. Gives every status of READ_STATUSES but 401; throws the others as the HTTP client does.
 */
export async function call(access: HematoAccess, attempt: Attempt): Promise<VendorResponse> {
  const { settings, signal } = access;
  for (let last = false; ; last = true) {
    const token = await tokenOf(access);
    const request = await attempt();
    const response = await send(access, {
      ...request,
      headers: { ...request.headers, authorization: settings.header === 'raw' ? token : `Bearer ${token}` },
      accept: [...READ_STATUSES],
      ...(settings.timeout === undefined || request.timeout !== undefined ? {} : { timeout: settings.timeout }),
      ...(signal && { signal }),
    });
    if (response.status !== 401) {
      return response;
    }
    await refused(access, token, response);
    if (last) {
      throw refusalOf(response);
    }
  }
}

async function taken(access: HematoAccess, attempt: Attempt): Promise<VendorResponse> {
  const response = await call(access, attempt);
  if (!isTaken(response)) {
    throw refusalOf(response);
  }
  return response;
}

/** Makes an empty study and gives its id. Not idempotent, but harmless: what is empty is never billed. */
export async function createStudy(access: HematoAccess, pseudonym: string | undefined): Promise<string> {
  const response = await taken(access, async () => {
    if (pseudonym === undefined) {
      return { method: 'POST', path: '/pbs', once: true };
    }
    await access.tell?.(['patient_proxy_id']);
    return { method: 'POST', path: '/pbs', json: { tags: { patient_proxy_id: pseudonym } }, once: true };
  });
  return resultsOf(studyCreated, response, 'POST /pbs', true);
}

/**
 * Sends one file as raw bytes and gives the vendor's ids for it; sent again, it counts once. Its type is said in all three
 * ways in which some generation wants to hear it.
 */
export async function uploadFile(access: HematoAccess, study: string, file: Upload): Promise<string[]> {
  const response = await taken(access, async () => {
    const { contentType, size, body } = await file.open();
    const query = {
      file_name: `${file.name}.${EXTENSIONS[contentType]}`,
      content_type: contentType,
      ...(file.diameter === undefined ? {} : { rbc_diameter: String(file.diameter) }),
    };
    await access.tell?.(['picture', ...Object.keys(query)], file.input);
    const headers = { 'content-type': contentType };
    const timeout = Math.max(uploadTimeout(size), access.settings.timeout ?? 0);
    return { method: 'POST', path: `/pbs/${study}/files`, query, headers, body, size, timeout };
  });
  return resultsOf(fileUploaded, response, 'an upload');
}

/**
 * Asks for the tasks, which bills them and locks the study. Whatever 2xx says, they were taken: the documents name no
 * answer. `gone`: the vendor does not know the study, or takes nothing more of it.
 */
export async function requestTasks(
  access: HematoAccess,
  study: string,
  tasks: readonly string[],
  callbackUrl: string | undefined,
): Promise<'taken' | 'gone'> {
  const response = await call(access, async () => {
    const json = { diagnostic_tasks: tasks, ...(callbackUrl === undefined ? {} : { callback_url: callbackUrl }) };
    await access.tell?.(Object.keys(json));
    return { method: 'POST', path: `/pbs/${study}/tasks`, json, once: true };
  });
  if (isTaken(response)) {
    return 'taken';
  }
  if (response.status === 404 || response.status === 409) {
    return 'gone';
  }
  throw refusalOf(response);
}

export interface Hello {
  /** The build of the vendor's service, where it says. */
  version: string | undefined;
  /** The vendor has looked at our token; the oldest hosts may have no call for that. */
  confirmed: boolean;
}

/** Tries the credentials; bills nothing. */
export async function hello(access: HematoAccess): Promise<Hello> {
  const beat = await access.http.request({ method: 'GET', path: '/heartbeat', accept: [...READ_STATUSES] });
  const { version } = isTaken(beat) ? heartbeat.parse(beat.json()) : { version: undefined };
  const response = await call(access, async () => ({ method: 'POST', path: '/auth/hello' }));
  const confirmed = isTaken(response);
  if (!confirmed && response.status !== 404 && response.status !== 405) {
    throw refusalOf(response);
  }
  return { version, confirmed };
}
