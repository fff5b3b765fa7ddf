/** The body of `POST /v1/runs`: its form (422), and what the application has to say of it (400). */
import { z } from 'zod';
import type { Version } from './applications.ts';
import type { Settings } from './options.ts';
import { endOfUrl } from './url-life.ts';

const LONGEST_URL = 2083;
const LONGEST_CONTEXT = 1024;
const DAY_MS = 86_400_000;
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?(\+[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?$/;

const anyObject = z.record(z.string(), z.unknown());
const artifact = z.object({
  name: z.string(),
  download_url: z.url({ protocol: /^https?$/ }).max(LONGEST_URL),
  metadata: anyObject,
});
const item = z.object({
  external_id: z.string().max(255),
  custom_metadata: anyObject.nullish(),
  input_artifacts: z.array(artifact),
});
const date = z.iso.datetime({ offset: true }).nullish();
const creation = z.object({
  application_id: z.string(),
  version_number: z.string().regex(SEMVER).nullish(),
  custom_metadata: anyObject.nullish(),
  scheduling: z.object({ due_date: date, deadline: date }).nullish(),
  callback_context: z.unknown().optional(),
  items: z.array(item).min(1),
});
export type RunCreation = z.infer<typeof creation>;

const context = anyObject
  .nullish()
  .refine((value) => Buffer.byteLength(JSON.stringify(value ?? null)) <= LONGEST_CONTEXT, 'At most 1024 bytes as JSON');

/** The body's schema at an instant; 1.4 knows no callback context and does not look at one. */
export function creationSchema({ spec }: Settings, now: Date): z.ZodType<RunCreation, unknown> {
  const known: z.ZodType<RunCreation, unknown> =
    spec === '1.4' ? creation : creation.extend({ callback_context: context });
  return known.superRefine(({ scheduling }, refinement) => {
    const [due, deadline] = [scheduling?.due_date, scheduling?.deadline].map((text) => text && Date.parse(text));
    const problem = (name: string, message: string) =>
      refinement.addIssue({ code: 'custom', path: ['scheduling', name], message: `Value error, ${message}` });
    if (typeof due === 'number' && due <= now.getTime()) {
      problem('due_date', 'due_date must be in the future');
    }
    if (typeof deadline === 'number' && deadline <= now.getTime()) {
      problem('deadline', 'deadline must be in the future');
    }
    if (typeof due === 'number' && typeof deadline === 'number' && due > deadline) {
      problem('due_date', 'due_date must not be after deadline');
    }
  });
}

/** Why a version does not take a run; undefined: it does. Whether the slides can be had is not looked at. */
export function objectionTo(
  { items }: RunCreation,
  version: Version,
  options: Settings,
  now: Date,
): string | undefined {
  const ids = items.map(({ external_id }) => external_id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) {
    return `Items must have unique external_id values, duplicate: ${twice}`;
  }
  for (const { external_id, input_artifacts } of items) {
    const [first, ...more] = input_artifacts;
    if (first?.name !== version.input.name || more.length > 0) {
      return `Item ${external_id}: expected the input artifacts [${version.input.name}], got [${input_artifacts.map(({ name }) => name).join(', ')}]`;
    }
    const problems = version.problemsOf(first.metadata);
    if (problems.length > 0) {
      return `Item ${external_id}: metadata of ${first.name} is invalid: ${problems.join('; ')}`;
    }
    const end = endOfUrl(first.download_url);
    if (end !== undefined && end < now.getTime() + options.urlDays * DAY_MS) {
      return `Item ${external_id}: download_url of ${first.name} must be valid for at least ${options.urlDays} days`;
    }
  }
  return undefined;
}
