/** An order with one slide, and a vendor that copies it and fetches it from there. */
import type { ServiceRequest } from '@medplum/fhirtypes';
import type { OrderReading } from '../../src/fhir/types.ts';
import { base64, crc32c } from '../../src/slides/crc32c.ts';
import { planPatches } from '../../src/slides/plan-patches.ts';
import type { Context } from '../../src/vendors/contract.ts';
import { SVS } from '../fhir/slide-support.ts';
import { patched, readAtOf } from '../slides/slides.ts';
import { type Toy, toyVendor } from '../support/toy-vendor.ts';

export const MB = 1024 * 1024;
/** Bytes of a part in the tests' storage: the slide has three. */
export const PART = MB;
export const SLIDE = new Uint8Array(Buffer.concat([SVS, Buffer.alloc(2 * MB, 'pixels of the slide')]));
export const SLIDE_ORDERS = 'ServiceRequest?status=active';

/** The slide as it may leave. */
export const clean = async (slide = SLIDE): Promise<Buffer> =>
  patched(slide, await planPatches(readAtOf(slide), slide.length));
export const checksum = (bytes: Uint8Array): string => base64(crc32c(bytes));

export function slideReading(id: string, slide: Uint8Array = SLIDE, source = 'a'.repeat(64)): OrderReading {
  const focus: ServiceRequest = {
    resourceType: 'ServiceRequest',
    id,
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/p1' },
    meta: { versionId: '1', lastUpdated: '2026-11-22T09:00:00Z' },
  };
  return {
    focus,
    ordering: focus,
    replaces: [],
    version: '1',
    patient: { resourceType: 'Patient', id: 'p1' },
    subject: 'Patient/p1',
    signature: source,
    inputs: [
      {
        name: 'slide/001',
        kind: 'slide',
        contentType: 'image/tiff',
        sha256: source,
        size: slide.length,
        reference: 'Media/m',
        place: 'content',
        slide: { format: 'svs', mediaType: 'image/tiff', size: slide.length, width: 2048, height: 1536, extension: [] },
      },
    ],
  };
}

export interface SlideToy extends Toy {
  /** What the steps were told: bytes, or the checksum. */
  told: (number | string)[];
  /** What was fetched from the slide's URL. */
  fetched: Buffer[];
}

/** Stages the slide, fetches it from its URL, lets it go. */
export function slideToy({ release = true }: { release?: boolean } = {}): SlideToy {
  const told: (number | string)[] = [];
  const fetched: Buffer[] = [];
  const toy = toyVendor([
    async (state, { slides }) => {
      const staging = await slides.stage('slide/001');
      told.push(staging.done ? staging.crc32c : staging.bytes);
      return staging.done
        ? { next: { ...state, at: 1 } }
        : { next: state, status: `slide 1 of 1: ${Math.floor((staging.bytes / staging.of) * 100)} % copied` };
    },
    async (state, { slides }: Context) => {
      const response = await fetch(await slides.url('slide/001', 600));
      fetched.push(Buffer.from(await response.arrayBuffer()));
      return { next: { ...state, at: 2 } };
    },
    async (state, { slides }) => {
      if (release) {
        await slides.release('slide/001');
      }
      return { next: { ...state, at: 3 } };
    },
  ]);
  return { ...toy, told, fetched };
}
