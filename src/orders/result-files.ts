/**
 * The files of an order's results on their way into the EHR, and what becomes of the large ones, which stay in the site's
 * storage: they are served for as long as something that stands refers to them, and for the site's retention after that.
 */
import { AdapterError } from '../errors.ts';
import type { FileHolder, PublishedFile } from '../fhir/types.ts';
import type { Storage } from '../storage/types.ts';
import type { Order } from './order.ts';
import type { SiteRuntime } from './site.ts';
import type { Sql } from './store/database.ts';
import { listFiles, readFile } from './store/files.ts';
import {
  expireLargeFiles,
  type LargeFile,
  listLargeFilesOf,
  listTiedFiles,
  tieLargeFile,
} from './store/large-files.ts';

const DAY_MS = 86_400_000;
/** What `SiteRuntime.fileUrl` ends in, whatever name we were reached by when it was written. */
const FILE_URL = /\/files\/([A-Za-z0-9_-]{22})$/;

/** The files of the order's present run. Of two of one name, the kept one counts. */
export async function publishedFiles(
  sql: Sql,
  order: Order,
  site: Pick<SiteRuntime, 'storage' | 'fileUrl'>,
  now: Date,
): Promise<PublishedFile[]> {
  const small = (await listFiles(sql, order.id, order.run)).map((file): [string, PublishedFile] => [
    file.name,
    { ...file, read: () => readFile(sql, order.id, order.run, file) },
  ]);
  const all = (await listLargeFilesOf(sql, order.baseKey, now)).filter(({ orderId }) => orderId === order.id);
  const large = all
    .filter(({ run }) => run === order.run)
    .map((file) => published(standingCopy(file, all), site))
    .map((file): [string, PublishedFile] => [file.name, file]);
  return [...new Map([...small, ...large]).values()];
}

/** The same bytes as an earlier run has left them, where the EHR refers to those: it need not learn of another address. */
function standingCopy(file: LargeFile, all: LargeFile[]): LargeFile {
  const isSame = ({ name, sha1, contentType }: LargeFile): boolean =>
    name === file.name && sha1 === file.sha1 && contentType === file.contentType;
  return all.find((one) => isSame(one) && one.resourceId !== null && one.expiresAt === null) ?? file;
}

function published(file: LargeFile, { storage, fileUrl }: Pick<SiteRuntime, 'storage' | 'fileUrl'>): PublishedFile {
  const { id, name, key, contentType, title, size, sha1, crc32c } = file;
  return { name, contentType, title, size, sha1, kept: { crc32c, url: fileUrl(id) }, read: () => bytes(storage, key) };
}

async function* bytes(storage: Pick<Storage, 'read'>, key: string): AsyncGenerator<Uint8Array> {
  yield* await storage.read(key).catch((thrown: unknown) => {
    // Nothing of the order is wrong: it is ours that is gone.
    throw thrown instanceof AdapterError && thrown.code === 'input-unavailable'
      ? new AdapterError('unexpected', 'A file of the result is gone', {
          kind: 'permanent',
          remedy: 'hold',
          cause: thrown,
        })
      : thrown;
  });
}

/**
 * Remembers which resources refer to which large files, as they were seen: whoever may read the one may read the other. A
 * file of theirs that none of them refers to any more goes after the site's retention. Only files of the order itself are
 * tied: an address that somebody has copied from elsewhere opens nothing. With the step's outcome, under the order's fence.
 */
export async function saveHolders(
  sql: Sql,
  order: Order,
  holders: FileHolder[],
  { retentionDays, now }: { retentionDays: number; now: Date },
): Promise<void> {
  const own = await listLargeFilesOf(sql, order.baseKey, now);
  const held = new Set<string>();
  for (const { type, id, urls } of holders) {
    for (const file of own.filter(
      (one) => urls.some((url) => FILE_URL.exec(url)?.[1] === one.id) && !held.has(one.id),
    )) {
      held.add(file.id);
      const isTied = file.resourceType === type && file.resourceId === id && file.expiresAt === null;
      await (isTied || tieLargeFile(sql, file.id, { type, id }));
    }
  }
  const seen = new Set(holders.map(({ type, id }) => `${type}/${id}`));
  const left = (await listTiedFiles(sql, order.site, [...new Set(holders.map(({ id }) => id))])).filter(
    ({ id, resourceType, resourceId }) => seen.has(`${resourceType}/${resourceId}`) && !held.has(id),
  );
  const expiresAt = new Date(now.getTime() + retentionDays * DAY_MS);
  await expireLargeFiles(
    sql,
    left.map(({ id }) => id),
    expiresAt,
  );
}
