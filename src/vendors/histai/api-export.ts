/** The export of a cohort that is paid for. Addresses in its answers are secrets: for the step that fetches them. */
import {
  type ExportAnswer,
  type ExportFile,
  exportFile,
  exportStatus,
  type FileUrl,
  fileUrl,
  type Manifest,
  manifest,
  type Page,
  pageOf,
  parsed,
} from './answers.ts';
import { ask, type Caller } from './api-call.ts';
import type { Refused } from './api-errors.ts';
import { pageQuery } from './api-pages.ts';
import { PATHS } from './facts.ts';

/** Not yet; not any more, or links are to be renewed; not at all. */
const NOT_THERE = ['EXPORT_NOT_READY', 'EXPORT_WINDOW_EXPIRED', 'NOT_FOUND'] as const;
export type NotThere = Refused<(typeof NOT_THERE)[number]>;

const get = (caller: Caller, path: string, query?: Record<string, string>) =>
  ask(caller, { method: 'GET', path, ...(query && { query }) }, NOT_THERE);

/** One of `EXPORT_STATUSES`, or a word of a later time. */
export async function readExportStatus(caller: Caller, id: string): Promise<ExportAnswer | NotThere> {
  const response = await get(caller, PATHS.exportStatus(id));
  return 'refused' in response ? response : parsed(exportStatus, response, '/export/status', 'transient');
}

/** Where the list of links and the cases' metadata are, and perhaps one archive of all slides. */
export async function readManifest(caller: Caller, id: string): Promise<Manifest | NotThere> {
  const response = await get(caller, PATHS.manifest(id));
  return 'refused' in response ? response : parsed(manifest, response, '/export/manifest', 'transient');
}

/** Not documented to come in pages: only those after the first are asked for by number. */
export async function listFiles(caller: Caller, id: string, page = 0): Promise<Page<ExportFile> | NotThere> {
  const response = await get(caller, PATHS.files(id), page === 0 ? undefined : pageQuery({ page }));
  return 'refused' in response ? response : pageOf(exportFile, response, '/export/files');
}

/** Where one slide can be fetched. */
export async function readFileUrl(caller: Caller, id: string, fileId: string): Promise<FileUrl | NotThere> {
  const response = await get(caller, PATHS.file(id, fileId));
  return 'refused' in response ? response : parsed(fileUrl, response, '/export/files/{fileId}', 'transient');
}

/** Renews the links, which does no harm again. Undefined: it was done. */
export async function refreshExport(caller: Caller, id: string): Promise<NotThere | undefined> {
  const response = await ask(caller, { method: 'POST', path: PATHS.refresh(id) }, NOT_THERE);
  return 'refused' in response ? response : undefined;
}

/**
 * What `read` gives; where it says that the window has expired, the links are renewed once and it is read again. Expired
 * a second time, the two weeks are over: only the vendor can help.
 */
export async function withFreshLinks<T extends object>(
  caller: Caller,
  id: string,
  read: () => Promise<T | NotThere>,
): Promise<T | NotThere> {
  const first = await read();
  if (!('refused' in first) || first.refused !== 'EXPORT_WINDOW_EXPIRED') {
    return first;
  }
  return (await refreshExport(caller, id)) ?? (await read());
}
