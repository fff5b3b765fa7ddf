/** Checks the JSON of a request as the vendor's framework does, and says what is wrong in its words. */
import { z } from 'zod';
import { oneError, type VendorError } from './errors.ts';

/** Text of `least` to `most` characters. */
export const text = (most: number) => z.string().min(1).max(most);
export const orNull = <T extends z.ZodType>(schema: T) => schema.nullable().default(null);
export const meta = z.record(z.string(), z.unknown()).nullable().default(null);
export const instant = z.iso.datetime({ offset: true });

/** The fields, or the envelope's errors. A body that is left out counts as `{}`; unknown fields are ignored. */
export function readFields<T>(schema: z.ZodType<T>, body: unknown): { fields: T } | { errors: VendorError[] } {
  const given = body ?? {};
  const parsed = schema.safeParse(given);
  return parsed.success
    ? { fields: parsed.data }
    : { errors: parsed.error.issues.flatMap((issue) => inWords(issue, given)) };
}

function inWords(issue: z.core.$ZodIssue, body: unknown): VendorError[] {
  const attr = issue.path.join('.') || 'non_field_errors';
  if (issue.code === 'too_small') {
    return oneError('blank', 'This field may not be blank.', attr);
  }
  if (issue.code === 'too_big') {
    return oneError('max_length', `Ensure this field has no more than ${issue.maximum} characters.`, attr);
  }
  const value = issue.path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    body,
  );
  if (value === undefined) {
    return oneError('required', 'This field is required.', attr);
  }
  return value === null
    ? oneError('null', 'This field may not be null.', attr)
    : oneError('invalid', 'This value is not valid.', attr);
}
