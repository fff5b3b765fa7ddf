/** Reading answers that nobody has documented: parts of schemas that take what comes, and leave out what cannot be read. */
import { z } from 'zod';

export const maybe = <T extends z.ZodType>(schema: T) =>
  schema
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined);

const camel = (name: string) => name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** An object's own field names in camel case; a field that is there in both spellings counts in camel case. */
export function respelt(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return value;
  }
  const entries = Object.entries(value);
  return Object.fromEntries([...entries.map(([name, inner]) => [camel(name), inner]), ...entries]);
}

/** An object in either spelling. */
export const bag = <T extends z.ZodRawShape>(shape: T) => z.preprocess(respelt, z.object(shape));

/** Stands in a path and in later requests: printable, and no step to another path. */
export const id = z
  .string()
  .max(200)
  .regex(/^(?!\.{1,2}$)[\x21-\x7e]+$/);
export const word = z.string().min(1);
export const count = z.number().int().min(0);
export const instant = z.iso.datetime({ offset: true });
export const url = z.url({ protocol: /^https?$/ });

/** Money may be written as text. */
export const money = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d{1,12}(\.\d{1,6})?$/)
    .transform(Number),
]);

/** What can be read of a list; a single value is a list of one. */
export function listed<T extends z.ZodType>(item: T) {
  return z
    .unknown()
    .optional()
    .transform((raw) =>
      (raw === undefined || raw === null ? [] : Array.isArray(raw) ? raw : [raw]).flatMap((one: unknown) => {
        const read = item.safeParse(one);
        return read.success ? [read.data] : [];
      }),
    );
}
