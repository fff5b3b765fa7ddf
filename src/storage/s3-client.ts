/** The SDK, loaded when a bucket is first used: an adapter without one does not pay for it. */
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { StorageConfig } from '../config/schema.ts';

export type S3Config = Extract<StorageConfig, { type: 's3' }>;

export interface Bucket {
  sdk: typeof import('@aws-sdk/client-s3');
  client: S3Client;
}

const CONNECT_MS = 10_000;
/** Between two packets, not for a whole part: that takes as long as it takes. */
const SILENCE_MS = 60_000;

const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** Kept to what every such storage understands: no checksums in trailers, no chunked signing. */
function clientConfig({ region, endpoint, accessKeyId, secretAccessKey, forcePathStyle }: S3Config): S3ClientConfig {
  return {
    region,
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: forcePathStyle ?? endpoint !== undefined,
    credentials: { accessKeyId, secretAccessKey },
    // Our configuration says whose bucket it is, and no AWS_ENDPOINT_URL that happens to be set.
    ignoreConfiguredEndpointUrls: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    logger: quiet,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS, logger: quiet },
  };
}

export interface BucketDoor {
  open(): Promise<Bucket>;
  close(): Promise<void>;
}

export function bucketDoor(config: S3Config): BucketDoor {
  let opened: Promise<Bucket> | undefined;
  return {
    open() {
      opened ??= import('@aws-sdk/client-s3').then((sdk) => ({ sdk, client: new sdk.S3Client(clientConfig(config)) }));
      return opened;
    },
    async close() {
      (await opened)?.client.destroy();
    },
  };
}
