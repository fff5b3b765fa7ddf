/**
 * The platform's answers, read leniently: its two generations differ in what they leave out, and lists of words grow. What
 * is needed to go on is asked for strictly; everything else counts as absent where it cannot be read.
 */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import { answersOf } from '../answer.ts';
import type { VendorResponse } from '../http.ts';

const maybe = <T extends z.ZodType>(schema: T) =>
  schema
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined);

const count = z.number().int().min(0).catch(0);

export const application = z.object({
  application_id: z.string(),
  name: z.string().min(1),
  regulatory_classes: z.array(z.string()).catch([]),
  versions: z.array(z.object({ number: z.string(), released_at: maybe(z.string()) })).catch([]),
});

const inputArtifact = z.object({ name: z.string().min(1), metadata_schema: z.record(z.string(), z.unknown()) });

/** A version wants one file of each slide; of one that wants more we would not know what to send. */
export const version = z.object({
  version_number: z.string(),
  input_artifacts: z.array(inputArtifact).min(1),
  output_artifacts: z
    .array(z.object({ name: z.string(), mime_type: maybe(z.string()), visibility: maybe(z.string()) }))
    .catch([]),
});
export type Version = z.infer<typeof version>;

export const created = z.object({ run_id: z.guid() });

export const run = z.object({
  run_id: z.guid(),
  /** Open set; what is unknown is no end. */
  state: z.string(),
  output: maybe(z.string()),
  termination_reason: maybe(z.string()),
  error_code: maybe(z.string()),
  error_message: maybe(z.string()),
  statistics: z.object({
    item_count: count,
    item_pending_count: count,
    item_processing_count: count,
    item_user_error_count: count,
    item_system_error_count: count,
    item_skipped_count: count,
    item_succeeded_count: count,
  }),
  custom_metadata: maybe(z.record(z.string(), z.unknown())),
  submitted_at: maybe(z.iso.datetime({ offset: true })),
  scheduling: maybe(z.object({ deadline: maybe(z.iso.datetime({ offset: true })) })),
  num_preceding_items_org: maybe(z.number().int().min(0)),
  num_preceding_items_platform: maybe(z.number().int().min(0)),
});
export type Run = z.infer<typeof run>;

const colour = z.tuple([z.number().min(0).max(255), z.number().min(0).max(255), z.number().min(0).max(255)]);

/** What is said of a file, in the words of three generations. */
const fileMetadata = z.object({
  checksum_base64_crc32c: maybe(z.string()),
  checksum_crc32c: maybe(z.string()),
  media_type: maybe(z.string()),
  'media-type': maybe(z.string()),
  mime_type: maybe(z.string()),
  class_colors: maybe(z.record(z.string(), colour)),
});

/** Its `download_url` is not read: it is a secret, deprecated, and not needed. */
const outputArtifact = z.object({
  output_artifact_id: z.guid(),
  name: z.string().min(1),
  output: maybe(z.string()),
  metadata: maybe(fileMetadata),
});
export type OutputArtifact = z.infer<typeof outputArtifact>;

export const item = z.object({
  external_id: z.string(),
  state: z.string(),
  output: maybe(z.string()),
  termination_reason: maybe(z.string()),
  error_message: maybe(z.string()),
  output_artifacts: z.array(outputArtifact).catch([]),
});
export type Item = z.infer<typeof item>;

/** A list's rows; one that cannot be read is passed over, because a run of somebody else's must not stop ours. */
export function rowsOf<T extends z.ZodType>(row: T, response: VendorResponse, what: string) {
  const rows = z.array(z.unknown()).safeParse(response.json());
  if (!rows.success) {
    throw new AdapterError('vendor-protocol', `Aignostics answered ${what} with something that is no list`);
  }
  return {
    count: rows.data.length,
    rows: rows.data.flatMap((one) => {
      const read = row.safeParse(one);
      return read.success ? [read.data] : [];
    }),
  };
}

/** What an answer's body is; throws `vendor-protocol`. */
export const parsed = answersOf('Aignostics');

/** What a refusal says: `detail` as text, or as a list of fields; undefined where there is nothing to be read. */
export function refusalOf(response: VendorResponse): { text?: string; fields: string[] } {
  const body = z.object({ detail: z.unknown() }).safeParse(readJson(response));
  const detail = body.data?.detail;
  const list = z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])).catch([]) })).safeParse(detail);
  const fields = list.success ? list.data.map(({ loc }) => loc.slice(0, 8).join('.')) : [];
  return { ...(typeof detail === 'string' && { text: detail }), fields: [...new Set(fields)].slice(0, 10) };
}

function readJson(response: VendorResponse): unknown {
  try {
    return response.json();
  } catch {
    // Plain text is usual for a refusal.
    return undefined;
  }
}
