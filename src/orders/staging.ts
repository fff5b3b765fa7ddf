/**
 * Copies an order's slides to where its vendor can fetch them, one part a call: read where they stand, de-identified and
 * checksummed as they pass, never held. What has been copied is stored with the step, so that a crash costs one part.
 */
import { randomBytes } from 'node:crypto';
import { AdapterError } from '../errors.ts';
import { base64, crc32c } from '../slides/crc32c.ts';
import { patchStream } from '../slides/patch-stream.ts';
import { planPatches } from '../slides/plan-patches.ts';
import type { SlideFormat, SlideSource } from '../slides/types.ts';
import type { Storage } from '../storage/types.ts';
import { through } from '../streams.ts';
import type { OrderInput, Slides, Staging } from '../vendors/contract.ts';
import { RawGone, rawSource } from './raw-copy.ts';
import { removeBytes, removeCopy } from './remove-copy.ts';
import type { Database, Sql } from './store/database.ts';
import { requireFence } from './store/renew-leases.ts';
import { putStaged, readStaged, releaseStaged, type Staged } from './store/staged.ts';
import { isUploadGone, partSize } from './uploads.ts';

export interface StagingServices {
  database: Database;
  storage: Storage;
  order: { id: string; fence: string };
  inputOf(name: string): OrderInput;
  openSlide(input: OrderInput): Promise<SlideSource>;
  /** The site says that its slides are de-identified: they leave as they are, or are passed on where they stand. */
  deidentified: boolean;
  /** Aborted when the order is taken from us or the process stops. */
  signal: AbortSignal;
}

/** A URL that is passed on has to count for as long as a vendor's run may wait and take: six days. */
const PASSED_ON_SECONDS = 6 * 86_400;

const ENDINGS: Record<SlideFormat, string> = { svs: 'svs', tiff: 'tiff', dicom: 'dcm', 'dicom-zip': 'zip' };

export interface OpenStaging {
  slides: Slides;
  /** Something was copied: that says nothing of the vendor. */
  isCopying(): boolean;
  /** Writes what was copied, in the transaction of the step's outcome. */
  store(sql: Sql): Promise<void>;
}

/** The slides of one step. */
export function openStaging(services: StagingServices): OpenStaging {
  const { database, storage, order, inputOf, openSlide } = services;
  const copied = new Map<string, Staged>();
  const standing = async (name: string): Promise<Staged | undefined> =>
    copied.get(name) ?? (await readStaged(database, order.id, name));
  // What the order was read anew for since is another slide.
  const isOf = ({ source, released }: Staged, name: string) => !released && source === inputOf(name).sha256;

  const markReleased = (name: string) =>
    database.tx(async (sql) => {
      await requireFence(sql, order);
      return releaseStaged(sql, order.id, name);
    });

  const slides: Slides = {
    async stage(name) {
      const input = slideOf(inputOf(name));
      const before = await standing(name);
      if (before && !isOf(before, name)) {
        // First, or nobody would know of the bytes of the former one.
        const left = await markReleased(name);
        await (left && removeCopy(database, storage, left));
      }
      const after = await advance(services, input, before && isOf(before, name) ? before : undefined);
      if (after !== before) {
        copied.set(name, after);
      }
      return progressOf(after);
    },
    async url(name, seconds) {
      const staged = await standing(name);
      if (!staged?.done || !isOf(staged, name)) {
        throw new AdapterError('unexpected', 'A slide has no URL before it is staged', { kind: 'permanent' });
      }
      if (staged.key !== null) {
        return storage.url(staged.key, seconds);
      }
      const url = (await openSlide(inputOf(name))).url(Math.min(seconds, PASSED_ON_SECONDS));
      if (url === undefined) {
        throw new AdapterError('input-unavailable', 'The URL of a slide does not count for long enough any more', {
          orderer: 'The address of the slide does not count for as long as the vendor needs.',
        });
      }
      return url;
    },
    async release(name) {
      copied.delete(name);
      const left = await markReleased(name);
      // What cannot be removed now, housekeeping removes: the order must not wait for it.
      await (left && removeCopy(database, storage, left).catch(() => undefined));
    },
  };
  return {
    slides,
    isCopying: () => copied.size > 0,
    store: (sql) => putStaged(sql, order.id, [...copied.values()]),
  };
}

function slideOf(input: OrderInput): OrderInput {
  if (input.kind !== 'slide') {
    throw new AdapterError('unexpected', `The input ${input.name} is no slide`, { kind: 'permanent' });
  }
  return input;
}

function progressOf({ done, bytes, size, crc }: Staged): Staging {
  return done ? { done, bytes, crc32c: base64(crc) } : { done, bytes, of: size };
}

/** The next piece of work on a slide's copy; what is done already is only looked at. */
async function advance(services: StagingServices, input: OrderInput, before: Staged | undefined): Promise<Staged> {
  const { storage, openSlide } = services;
  try {
    if (before?.done) {
      const isThere = before.key === null || (await storage.stat(before.key))?.size === before.size;
      return isThere ? before : await begin(services, input);
    }
    if (before && before.bytes === before.size) {
      return await complete(services, before);
    }
    if (before) {
      return await copyPart(
        services,
        before,
        before.raw === null ? await openSlide(input) : rawSource(storage, before),
      );
    }
    return await begin(services, input);
  } catch (error) {
    if (before && isLost(error)) {
      await removeBytes(storage, before).catch(() => undefined);
      return begin(services, input);
    }
    throw error;
  }
}

/** The upload, or what had been copied whole, is not in the storage any more. */
const isLost = (error: unknown): boolean => isUploadGone(error) || error instanceof RawGone;

const nothingYet = ({ name, size, sha256 }: OrderInput): Staged => ({
  ...{ input: name, key: null, raw: null, upload: null, source: sha256, bytes: 0, size, crc: 0 },
  ...{ parts: [], patches: [], done: false, released: false },
});

async function begin(services: StagingServices, input: OrderInput): Promise<Staged> {
  const { deidentified, openSlide } = services;
  const source = await openSlide(input);
  const fresh = nothingYet(input);
  if (deidentified && source.url(PASSED_ON_SECONDS) !== undefined) {
    return copyPart(services, fresh, source);
  }
  if (deidentified) {
    return beginCopy(services, input, fresh, source);
  }
  if (!(await source.readsAnywhere())) {
    return beginCopy(services, input, { ...fresh, isRaw: true }, source);
  }
  return beginCopy(services, input, { ...fresh, patches: await planPatches(source.readAt, input.size) }, source);
}

/** Begins an upload and copies its first part; where that fails, nobody would know of the upload. */
async function beginCopy(
  services: StagingServices,
  { contentType, size, slide }: OrderInput,
  fresh: Staged,
  source: Pick<SlideSource, 'part'>,
): Promise<Staged> {
  const { storage } = services;
  // Nothing of the order or the patient stands in it: it becomes part of a URL.
  const key = `slides/${randomBytes(16).toString('hex')}.${ENDINGS[slide?.format ?? 'tiff']}`;
  const upload = await storage.begin(key, { contentType, size });
  try {
    return await copyPart(services, { ...fresh, key, upload }, source);
  } catch (error) {
    await storage.abort({ key, id: upload }).catch(() => undefined);
    throw error;
  }
}

async function copyPart(services: StagingServices, before: Staged, source: Pick<SlideSource, 'part'>): Promise<Staged> {
  const { storage, signal } = services;
  const { key, upload, bytes: offset, size, patches } = before;
  const { body, end } = await source.part(offset, Math.min(size, offset + partSize(size, storage.partSize)));
  const length = end - offset;
  if (length > storage.partSize.most) {
    body.destroy();
    throw new AdapterError('input-too-large', 'A slide can only be had whole, and is larger than a part may be', {
      orderer: 'The slide is too large for a server that gives no parts of files (HTTP Range).',
    });
  }
  let { crc } = before;
  const counted = through(patches.length > 0 ? patchStream(body, offset, patches) : body, (emit) => ({
    push(piece) {
      if (signal.aborted) {
        throw new AdapterError('shutting-down', 'The copying of a slide was stopped');
      }
      crc = crc32c(piece, crc);
      emit(piece);
    },
    end: () => undefined,
  }));
  if (key === null || upload === null) {
    for await (const _ of counted) {
      // Only its checksum is wanted: the slide is passed on where it stands.
    }
    return { ...before, bytes: end, crc, done: end === size };
  }
  const number = before.parts.length + 1;
  const part = await storage.part({ key, id: upload }, { number, offset, size: length, body: counted });
  return { ...before, bytes: end, crc, parts: [...before.parts, part] };
}

/**
 * A step of its own: a crash right after it finds all parts noted, and completes once more. A copy of what could not be
 * looked into before is now made into the one that may leave.
 */
async function complete({ storage, inputOf, ...services }: StagingServices, before: Staged): Promise<Staged> {
  const { key, upload, parts, isRaw = false, raw, size } = before;
  if (key !== null && upload !== null) {
    await storage.complete({ key, id: upload }, parts);
  }
  if (isRaw) {
    const source = rawSource(storage, { raw: key, size });
    const patches = await planPatches(source.readAt, size);
    const input = inputOf(before.input);
    return beginCopy({ storage, inputOf, ...services }, input, { ...nothingYet(input), raw: key, patches }, source);
  }
  // The name of what it was made of is kept: if it cannot be removed now, it is with the copy.
  await (raw !== null && storage.remove(raw).catch(() => undefined));
  return { ...before, upload: null, parts: [], patches: [], done: true };
}
