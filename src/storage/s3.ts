/**
 * Files in a bucket of Amazon S3, or of what speaks like it: Google Cloud Storage with HMAC keys, MinIO, Ceph. One
 * object a deletion: Google has no other.
 */
import { Readable } from 'node:stream';
import type { ListMultipartUploadsCommandInput, ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3';
import { AdapterError } from '../errors.ts';
import { pulled, streamOfBytes } from '../streams.ts';
import { checkedKey } from './key.ts';
import { bucketDoor, type S3Config } from './s3-client.ts';
import { answerOf, bucketError, inBucket, isObjectGone, isUploadGone, orGone } from './s3-errors.ts';
import { exactly } from './streams.ts';
import { LONGEST_URL, LONGEST_URL_SECONDS, MOST_PART, type OpenStorage } from './types.ts';

/** S3's own: a part that is not the last has at least so many bytes. */
const LEAST_PART = 5 * 1024 * 1024;

/** `folder`: the site's, within the bucket. Makes no request before it is asked for something. */
export function openS3Storage(config: S3Config, folder: string): OpenStorage {
  const { bucket: Bucket } = config;
  const prefix = [config.prefix, folder].filter((part) => part !== '').join('/');
  const placeOf = (key: string): { Bucket: string; Key: string } => ({ Bucket, Key: `${prefix}/${checkedKey(key)}` });
  const { open, close } = bucketDoor(config);

  async function stat(key: string): Promise<{ size: number; version?: string } | undefined> {
    const { sdk, client } = await open();
    try {
      const { ContentLength, ETag } = await client.send(new sdk.HeadObjectCommand(placeOf(key)));
      return { size: ContentLength ?? 0, ...(ETag !== undefined && { version: ETag }) };
    } catch (thrown) {
      if (isObjectGone(thrown)) {
        return undefined;
      }
      throw bucketError(thrown);
    }
  }

  return {
    kind: 's3',
    partSize: { least: LEAST_PART, most: MOST_PART },

    async begin(key, { contentType }) {
      const { sdk, client } = await open();
      const command = new sdk.CreateMultipartUploadCommand({ ...placeOf(key), ContentType: contentType });
      const { UploadId } = await inBucket(client.send(command));
      return UploadId ?? raise('The bucket of this site began a file without an id');
    },

    async part({ key, id }, { number, size, body }) {
      const stop = new AbortController();
      let failure: unknown;
      async function* pieces(): AsyncGenerator<Uint8Array> {
        try {
          yield* exactly(body, size);
        } catch (thrown) {
          // The SDK does not hear of an error of its body: it would wait for the rest for ever.
          failure = thrown;
          stop.abort();
          throw thrown;
        }
      }
      const Body = Readable.from(pieces(), { objectMode: false });
      Body.on('error', () => {});
      try {
        const { sdk, client } = await open();
        const about = { ...placeOf(key), UploadId: id, PartNumber: number, ContentLength: size };
        const command = new sdk.UploadPartCommand({ ...about, Body });
        const { ETag } = await client.send(command, { abortSignal: stop.signal });
        return { number, size, tag: ETag ?? raise('The bucket of this site took a part without a tag') };
      } catch (thrown) {
        throw failure ?? bucketError(thrown);
      } finally {
        Body.destroy();
        body.destroy();
      }
    },

    async complete({ key, id }, parts) {
      const { sdk, client } = await open();
      const sorted = [...parts].sort((a, b) => a.number - b.number);
      const Parts = sorted.map(({ number, tag }) => ({ PartNumber: number, ETag: tag }));
      try {
        await client.send(
          new sdk.CompleteMultipartUploadCommand({ ...placeOf(key), UploadId: id, MultipartUpload: { Parts } }),
        );
      } catch (thrown) {
        // Completed before, by a process that died before it could say so, or whose answer was lost.
        if (!isUploadGone(thrown) || (await stat(key))?.size !== parts.reduce((sum, { size }) => sum + size, 0)) {
          throw bucketError(thrown);
        }
      }
    },

    async abort({ key, id }) {
      const { sdk, client } = await open();
      const command = new sdk.AbortMultipartUploadCommand({ ...placeOf(key), UploadId: id });
      await orGone(client.send(command), isUploadGone);
    },

    stat,

    async read(key, range) {
      if (range && range.start >= range.end) {
        return streamOfBytes(new Uint8Array());
      }
      const { sdk, client } = await open();
      const Range = range && `bytes=${range.start}-${range.end - 1}`;
      try {
        const { Body } = await client.send(new sdk.GetObjectCommand({ ...placeOf(key), ...(Range && { Range }) }));
        const body = Body instanceof Readable ? Body : raise('The bucket of this site gave a file without its bytes');
        return pulled(body, { classify: bucketError, close: () => body.destroy() });
      } catch (thrown) {
        if (answerOf(thrown).status === 416) {
          // The range begins where the file has ended.
          return streamOfBytes(new Uint8Array());
        }
        throw isObjectGone(thrown)
          ? new AdapterError('input-unavailable', 'A stored file is not there any more', { status: 404 })
          : bucketError(thrown);
      }
    },

    async remove(key) {
      const { sdk, client } = await open();
      await orGone(client.send(new sdk.DeleteObjectCommand(placeOf(key))), isObjectGone);
    },

    async url(key, seconds) {
      const [{ sdk, client }, { getSignedUrl }] = await Promise.all([open(), import('@aws-sdk/s3-request-presigner')]);
      const expiresIn = Math.min(seconds, LONGEST_URL_SECONDS);
      const url = await inBucket(getSignedUrl(client, new sdk.GetObjectCommand(placeOf(key)), { expiresIn }));
      return url.length <= LONGEST_URL ? url : raise('The URL of a stored file would be longer than vendors take');
    },

    room: async () => undefined,

    async abortStale(before) {
      const { sdk, client } = await open();
      const stale: { Key: string; UploadId: string }[] = [];
      const Prefix = `${prefix}/`;
      let page: ListMultipartUploadsCommandInput | undefined = { Bucket, Prefix };
      while (page) {
        const found: ListMultipartUploadsCommandOutput = await inBucket(
          client.send(new sdk.ListMultipartUploadsCommand(page)),
        );
        for (const { Key, UploadId, Initiated } of found.Uploads ?? []) {
          if (Key !== undefined && UploadId !== undefined && Initiated && Initiated < before) {
            stale.push({ Key, UploadId });
          }
        }
        const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = found;
        page = IsTruncated && KeyMarker ? { Bucket, Prefix, KeyMarker, UploadIdMarker } : undefined;
      }
      for (const upload of stale) {
        await orGone(client.send(new sdk.AbortMultipartUploadCommand({ Bucket, ...upload })), isUploadGone);
      }
      return stale.length;
    },

    close,
  };
}

function raise(message: string): never {
  throw new AdapterError('storage-unavailable', message);
}
