import { readFile } from 'node:fs/promises';
import { AdapterError } from '../errors.ts';
import { drawApart } from './draw-apart.ts';
import type { Drawn } from './draw-file.ts';
import type { Circle } from './draw-overlay.ts';
import { openTempFile, spoolFile } from './temp-file.ts';
import type { CleanPicture } from './types.ts';

export type { Circle } from './draw-overlay.ts';

export interface CircledPicture extends Drawn {
  png: Uint8Array;
}

export interface DrawOptions {
  /** Pixels of the longer side; a smaller picture is not enlarged. */
  longest?: number;
}

const LONGEST = 1600;

/**
 * The picture with what was found in it circled, as PNG without metadata, and below it the words that no clinician has
 * verified this. One at a time, in the drawing process: the file is spooled to the disk first, so that a waiting picture
 * holds no memory; the body of `picture` is read to its end or cancelled. Throws `input-unsupported` where it cannot be decoded,
 * and what its body throws.
 */
export async function drawCircles(
  picture: CleanPicture,
  circles: readonly Circle[],
  { longest = LONGEST }: DrawOptions = {},
): Promise<CircledPicture> {
  await using source = await spoolFile(picture.body);
  await using target = await openTempFile();
  const drawn = await drawApart.circles({ from: source.path, to: target.path, circles, longest }).catch(refuse);
  return { ...drawn, png: await readFile(target.path) };
}

/** sharp's messages may quote what is in the file: they stay the cause. */
function refuse(thrown: unknown): never {
  if (thrown instanceof AdapterError) {
    throw thrown;
  }
  throw new AdapterError('input-unsupported', 'A picture could not be decoded to draw on it', { cause: thrown });
}
