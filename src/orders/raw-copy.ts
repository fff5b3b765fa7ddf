/** A copy of a slide in the site's storage as it stands in the EHR: of a file that its server only gives whole. */
import type { Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';
import type { SlideSource } from '../slides/types.ts';
import type { Storage } from '../storage/types.ts';
import { gathered } from '../streams.ts';
import type { Staged } from './store/staged.ts';

/** The copy is not in the storage any more. */
export class RawGone extends AdapterError {}

/** The copy as what the one that may leave is made of. Throws RawGone. */
export function rawSource(
  storage: Storage,
  { raw, size }: Pick<Staged, 'raw' | 'size'>,
): Pick<SlideSource, 'readAt' | 'part'> {
  const read = async (start: number, end: number): Promise<Readable> => {
    try {
      return await storage.read(raw ?? '', { start, end });
    } catch (cause) {
      const isGone = cause instanceof AdapterError && cause.code === 'input-unavailable';
      throw isGone ? new RawGone('input-unavailable', 'A copy of a slide is not there any more', { cause }) : cause;
    }
  };
  return {
    async readAt(offset, length) {
      const body = await read(offset, Math.min(size, offset + length));
      return new Uint8Array((await gathered(body)) ?? []);
    },
    part: async (start, end) => ({ body: await read(start, end), end }),
  };
}
