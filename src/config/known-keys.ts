/** The keys that a zod schema knows at a path, for suggestions. */
import { z } from 'zod';

/** The schema inside defaults, optionals and transforms, and every branch of a union. */
function open(schema: unknown): unknown[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodCatch
  ) {
    return open(schema.def.innerType);
  }
  if (schema instanceof z.ZodPipe) {
    return [schema.def.in, schema.def.out].flatMap(open);
  }
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap(open);
  }
  if (schema instanceof z.ZodIntersection) {
    return [schema.def.left, schema.def.right].flatMap(open);
  }
  return [schema];
}

function child(schema: unknown, key: PropertyKey): unknown[] {
  return open(schema).flatMap((inner) => {
    if (inner instanceof z.ZodObject) {
      return Object.hasOwn(inner.shape, key) ? [inner.shape[String(key)]] : [];
    }
    if (inner instanceof z.ZodArray) {
      return [inner.element];
    }
    return inner instanceof z.ZodRecord ? [inner.valueType] : [];
  });
}

/** Every key that may stand in the mapping at `path`; empty where the schema does not say. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let schemas: unknown[] = [schema];
  for (const key of path) {
    schemas = schemas.flatMap((each) => child(each, key));
  }
  const objects = schemas.flatMap(open).filter((inner) => inner instanceof z.ZodObject);
  return [...new Set(objects.flatMap((object) => Object.keys(object.shape)))];
}
