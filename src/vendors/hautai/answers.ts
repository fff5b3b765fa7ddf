/**
 * The vendor's answers, read leniently: most of their fields are undocumented, some are null or missing. What is needed
 * to go on is asked for strictly, everything else counts as absent where it cannot be read.
 */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import { answersOf } from '../answer.ts';
import { APPLICATION_PREFIX, type Side, VARIANTS, type Variant } from './facts.ts';
import { knownParameter } from './parameters.ts';
import type { Found, Mask } from './state.ts';
import { isBag, parametersOf } from './values.ts';
import { plainWords } from './words.ts';

/** A value that may be absent, null or of a wrong type: then it counts as absent. */
const maybe = <T extends z.ZodType>(schema: T) =>
  schema
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined);

const id = z.guid();

export const login = z
  .object({
    token_access: maybe(z.string().min(1)),
    access_token: maybe(z.string().min(1)),
    refresh_token: maybe(z.string().min(1)),
  })
  .transform(({ token_access, access_token, refresh_token }, context) => {
    const token = access_token ?? token_access;
    if (token === undefined) {
      context.addIssue({ code: 'custom', path: ['access_token'], message: 'missing' });
      return z.NEVER;
    }
    return { token, ...(refresh_token === undefined ? {} : { refresh: refresh_token }) };
  });

export const subject = z.object({ id });

/** A page of a list. `next` may be a plain http address and is never followed: only whether there is one matters. */
const page = <T extends z.ZodType>(item: T) =>
  z.object({ next: maybe(z.string().min(1)), results: z.array(z.unknown()) }).transform(({ next, results }) => ({
    more: next !== undefined && results.length > 0,
    items: results.flatMap((one) => {
      const read = item.safeParse(one);
      return read.success ? [read.data] : [];
    }),
  }));

export const subjects = page(z.object({ id, name: z.string(), creation_time: maybe(z.string()) }));
export const batches = page(z.object({ id, creation_time: maybe(z.string()) }));

/** Names and values that may stand in a header. */
const headers = z.record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/), z.string().regex(/^[\t\x20-\x7e]*$/));

const slot = z.object({
  url: z.url({ protocol: /^https?$/ }),
  method: maybe(z.string()),
  headers: headers.nullish().transform((value) => value ?? {}),
});
export type Slot = z.infer<typeof slot>;

/** `POST …/upload/`: an address for each side that was asked for. */
export const upload = z.object({
  image_batch_id: id,
  front: slot.nullish(),
  left: slot.nullish(),
  right: slot.nullish(),
});
export type Upload = z.infer<typeof upload>;

/** What an answer's body is; throws `vendor-protocol`. */
export const parsed = answersOf('Haut.AI');

/** One application's answer for one batch. Only `parameters` is looked into by what it holds. */
const block = z.object({
  image_batch_id: maybe(id),
  parameters: maybe(z.record(z.string(), z.unknown())),
  all_algorithms_calculated: maybe(z.boolean()),
  detection_errors: maybe(z.unknown()),
});
export type Block = z.infer<typeof block>;

/**
 * Our application's Block among the results; undefined where there is none yet. Throws `vendor-protocol` where the answer is
 * no object, or where our application's key holds none.
 */
export function blockOf(results: unknown, application: string | undefined): Block | undefined {
  if (!isBag(results)) {
    throw new AdapterError('vendor-protocol', 'Haut.AI answered with results that are no object');
  }
  const ours = Object.keys(results)
    .filter((key) => (application === undefined ? key.startsWith(APPLICATION_PREFIX) : key === application))
    .sort();
  const blocks = ours.flatMap((key) => {
    const raw = results[key];
    if (raw === null) {
      return [];
    }
    const read = block.safeParse(raw);
    if (!read.success) {
      throw new AdapterError('vendor-protocol', 'Haut.AI answered with a result that is no object');
    }
    return [read.data];
  });
  return blocks.find(({ all_algorithms_calculated }) => all_algorithms_calculated) ?? blocks[0];
}

/** The Blocks of a subject's history; what is none is passed over. */
export function historyOf(history: unknown): Block[] {
  if (!Array.isArray(history)) {
    throw new AdapterError('vendor-protocol', 'Haut.AI answered with a history that is no list');
  }
  return history.flatMap((one) => {
    const read = block.safeParse(one);
    return read.success ? [read.data] : [];
  });
}

/** Errors by side; one that names no side concerns all that were sent. */
function unusableOf(errors: unknown, sides: readonly Side[]): Found['unusable'] {
  const bare = plainWords(errors);
  const entries = isBag(errors) ? Object.entries(errors) : bare === undefined ? [] : [['', bare] as const];
  const told = entries.flatMap(([key, text]) => {
    const why = plainWords(text) ?? plainWords(isBag(text) ? text.detail : undefined);
    const empty = text === null || text === '' || (Array.isArray(text) && text.length === 0);
    const named = sides.filter((side) => key.toLowerCase().includes(side));
    return empty
      ? []
      : (named.length > 0 ? named : sides).map((side) => ({ side, why: why ?? 'it could not be used' }));
  });
  return sides.flatMap((side) => told.find((one) => one.side === side) ?? []);
}

/** What a Block says, without its addresses. */
export function foundOf(read: Block, sides: readonly Side[]): Found {
  return {
    complete: read.all_algorithms_calculated === true,
    ...parametersOf(read.parameters),
    unusable: unusableOf(read.detection_errors, sides),
  };
}

/** The masks of a Block with their signed addresses: secrets that live for the one step that fetches them. */
export function maskAddresses(read: Block, sides: readonly Side[]): (Mask & { url: string })[] {
  return Object.entries(read.parameters ?? {})
    .filter(([parameter]) => knownParameter(parameter) !== undefined)
    .flatMap(([parameter, raw]) => {
      const masks = isBag(raw) && isBag(raw.masks) ? raw.masks : {};
      return sides.flatMap((side) => addressesOf(masks[side]).map((one) => ({ side, parameter, ...one })));
    })
    .sort((a, b) => (a.parameter < b.parameter ? -1 : a.parameter > b.parameter ? 1 : 0));
}

function addressesOf(variants: unknown): { variant: Variant; url: string }[] {
  return VARIANTS.flatMap((variant) => {
    const url = isBag(variants) ? variants[variant] : undefined;
    return typeof url === 'string' && url !== '' ? [{ variant, url }] : [];
  });
}
