/** The vendor's answers but for reports, read leniently: every field of its envelope may be absent, null or misspelt. */
import { z } from 'zod';

/** A value that may be absent, null or of a wrong type: then it counts as absent. */
export const maybe = <T extends z.ZodType>(schema: T) =>
  schema
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined);

/** Stands in paths: nothing that would lead elsewhere. */
const id = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/);
const fileId = z.string().min(1).max(200);
const text = z.string().trim().min(1);

/** `status` in the body repeats the HTTP status where it stands at all: never read. */
export const envelope = z.object({ results: z.unknown().optional(), user_message: maybe(text) });

/** Newer hosts say `pbs_study_id`. An upload may answer with anything here: it is not compared with ours. */
export const studyCreated = z
  .object({ pbs_study_id: maybe(id), pbs_id: maybe(id) })
  .transform(({ pbs_study_id, pbs_id }) => pbs_study_id ?? pbs_id)
  .pipe(id);

export const fileUploaded = z
  .object({ file_id: maybe(fileId), file_ids: maybe(z.array(fileId)) })
  .transform(({ file_id, file_ids }) => [
    ...new Set([...(file_id === undefined ? [] : [file_id]), ...(file_ids ?? [])]),
  ])
  .pipe(z.array(fileId).min(1));

export const studyStatus = z.object({
  report_status: maybe(text.transform((status) => status.toLowerCase())),
  progress: maybe(
    z.union([
      z.number(),
      z
        .string()
        .regex(/^\d+(\.\d+)?$/)
        .transform(Number),
    ]),
  ),
});
export type StudyStatus = z.infer<typeof studyStatus>;

export const loggedIn = z
  .object({
    hemato_ai_auth_token: maybe(text),
    token: maybe(z.object({ HY_APP_AUTH_v1: maybe(text) })),
  })
  .transform(({ hemato_ai_auth_token, token }) => hemato_ai_auth_token ?? token?.HY_APP_AUTH_v1)
  .pipe(text);

/** Not in an envelope. */
export const heartbeat = z.object({ version: maybe(text) }).catch({ version: undefined });

/** `pbs_stody_id` is how the documents of the callback spell it. */
const callbackBody = z.object({ pbs_stody_id: maybe(text), pbs_study_id: maybe(text), pbs_id: maybe(text) });

/** The study that a callback names, in any of the three spellings, within an envelope or not. */
export function studyOfCallback(body: unknown): string | undefined {
  const read = (value: unknown) => {
    const { pbs_study_id, pbs_stody_id, pbs_id } = callbackBody.safeParse(value).data ?? {};
    return pbs_study_id ?? pbs_stody_id ?? pbs_id;
  };
  return read(body) ?? read(envelope.safeParse(body).data?.results);
}
