/** Reads a version's own JSON Schema (draft-07) of a slide's metadata: its fields, their words, and whether a value fits. */
import { Ajv, type ErrorObject } from 'ajv';
import formats from 'ajv-formats';
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';

export type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a reference within the document points at (`#/$defs/Lung`); undefined for any other. */
function pointedAt(reference: string, root: Schema): unknown {
  if (!reference.startsWith('#/')) {
    return undefined;
  }
  const names = reference.slice(2).split('/');
  return names.reduce<unknown>((at, name) => {
    const key = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
    return isSchema(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }, root);
}

/**
 * A schema's alternatives, each with its references followed, every one once (`seen`): they may go in circles. A schema
 * without alternatives is its own only one.
 */
export function alternatives(schema: unknown, root: Schema, seen: Set<string> = new Set()): Schema[] {
  if (!isSchema(schema)) {
    return [];
  }
  if (typeof schema.$ref === 'string') {
    if (seen.has(schema.$ref)) {
      return [];
    }
    seen.add(schema.$ref);
    return alternatives(pointedAt(schema.$ref, root), root, seen);
  }
  const inner = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) => (Array.isArray(list) ? list : []));
  const within = inner.flatMap((one) => alternatives(one, root, seen));
  return within.length > 0 ? within : [schema];
}

/** The fields of an object, by name. */
export function fieldsOf(schema: Schema): Readonly<Record<string, unknown>> {
  return isSchema(schema.properties) ? schema.properties : {};
}

/** The words that a field may hold; undefined: any. */
export function wordsOf(field: unknown, root: Schema): string[] | undefined {
  const all = alternatives(field, root).map(({ enum: list, const: only }) => [
    ...(Array.isArray(list) ? list : []),
    ...(only === undefined ? [] : [only]),
  ]);
  const words = all.flat().filter((word) => typeof word === 'string');
  return words.length > 0 ? [...new Set(words)] : undefined;
}

/**
 * A field that nothing could ever fit (`anyOf: [false]`) is a rendering of the vendor's documents that has lost its
 * references: then it may be any of the document's own definitions of objects.
 */
function repaired(root: Schema): Schema {
  const definitions = ['$defs', 'definitions'].flatMap((place) =>
    Object.entries(isSchema(root[place]) ? root[place] : {})
      .filter(([, one]) => isSchema(one) && isSchema(one.properties))
      .map(([name]) => ({ $ref: `#/${place}/${name}` })),
  );
  const fields = Object.entries(fieldsOf(root)).map(([name, field]): [string, unknown] => {
    const options = isSchema(field) ? field.anyOf : undefined;
    const isHopeless = Array.isArray(options) && options.length > 0 && options.every((one) => one === false);
    return [name, isHopeless && isSchema(field) && definitions.length > 0 ? { ...field, anyOf: definitions } : field];
  });
  return fields.length > 0 ? { ...root, properties: Object.fromEntries(fields) } : root;
}

/** A schema as it is worked with. Its `$schema` is left out: what is not draft-07 is read as if it were. */
export function openSchema({ $schema: _, ...root }: Schema): Schema {
  return repaired(root);
}

export interface Fault {
  /** The field, by its names from outside in. */
  path: string[];
  keyword: string;
  params: Record<string, unknown>;
  /** What stands there. */
  value: unknown;
}

export type Judge = (value: unknown) => Fault[];

const params = z.record(z.string(), z.unknown());

/** Says what is wrong with a value; nothing: it fits. Throws `vendor-protocol` (a hold) for what is no schema. */
export function judgeOf(root: Schema): Judge {
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, logger: false });
  formats.default(ajv);
  try {
    const validate = ajv.compile(root);
    return (value) => {
      try {
        return validate(value) ? [] : (validate.errors ?? []).map(faultOf);
      } catch (thrown) {
        // It goes in circles.
        throw noSchema(thrown);
      }
    };
  } catch (thrown) {
    throw noSchema(thrown);
  }
}

function noSchema(cause: unknown): AdapterError {
  return new AdapterError('vendor-protocol', 'Aignostics describes its slides in a way that cannot be read', {
    cause,
    remedy: 'hold',
    orderer: 'The application is not set up rightly; the order waits for the operator of the adapter.',
    operator: "Pin another version of the application: this one's description of its input is no JSON Schema.",
  });
}

function faultOf({ instancePath, keyword, params: more, data }: ErrorObject): Fault {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  return { path, keyword, params: params.catch({}).parse(more), value: data };
}
