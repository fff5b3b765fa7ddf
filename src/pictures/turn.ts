/** Draws a picture upright: the one case in which its pixels are made anew. */

import { AdapterError } from '../errors.ts';
import { MOST_PIXELS_TURNED, type SingleType } from './cleaner.ts';
import { drawApart } from './draw-apart.ts';
import type { Sharp } from './one-at-a-time.ts';
import { damaged } from './refusals.ts';
import type { TempFile } from './temp-file.ts';

/** A mirroring first, then degrees clockwise, for each orientation of EXIF. */
const TURNS: Record<number, { mirror?: 'flip' | 'flop'; degrees: number }> = {
  2: { mirror: 'flop', degrees: 0 },
  3: { degrees: 180 },
  4: { mirror: 'flip', degrees: 0 },
  5: { mirror: 'flop', degrees: 270 },
  6: { degrees: 90 },
  7: { mirror: 'flop', degrees: 90 },
  8: { degrees: 270 },
};

/** Beyond this a JPEG grows and looks the same. */
const JPEG_QUALITY = 95;

/**
 * Draws the cleaned picture in `source` into `target`, of the same type, colours and colour profile, a PNG without loss.
 * One at a time, in a process of its own. Throws `input-unsupported` where it cannot be decoded, `unexpected` where that process fails.
 */
export async function drawUpright(
  source: TempFile,
  target: TempFile,
  { type, orientation, called }: { type: SingleType; orientation: number; called: string },
): Promise<void> {
  const turn = TURNS[orientation] ?? { degrees: 0 };
  await drawApart.turned({ from: source.path, to: target.path, type, turn }).catch((cause: unknown) => {
    throw cause instanceof AdapterError ? cause : damaged(called, cause);
  });
}

/** What the drawing process is told: two files on the disk, and what to do. */
export interface TurnJob {
  from: string;
  to: string;
  type: SingleType;
  turn: { mirror?: 'flip' | 'flop'; degrees: number };
}

/** The drawing itself, in the drawing process. */
export async function turnFile(sharp: Sharp, { from, to, type, turn: { mirror, degrees } }: TurnJob): Promise<void> {
  // The profile is carried over, not applied: numbers of pixels keep their meaning.
  const picture = sharp(from, {
    limitInputPixels: MOST_PIXELS_TURNED,
    sequentialRead: true,
    // A JPEG whose data end early is only warned of; a PNG is warned of for a profile with a slip.
    failOn: type === 'image/jpeg' ? 'warning' : 'error',
    autoOrient: false,
    ignoreIcc: true,
  });
  const { space, hasProfile, chromaSubsampling } = await picture.metadata();
  if (mirror) {
    picture[mirror]();
  }
  picture.rotate(degrees).toColourspace(space);
  if (hasProfile) {
    picture.keepIccProfile();
  }
  if (type === 'image/png') {
    picture.png();
  } else {
    // Optimised coding would hold all coefficients, twice the memory for a few per cent of the file.
    const subsampling = chromaSubsampling === '4:2:0' ? '4:2:0' : '4:4:4';
    picture.jpeg({ quality: JPEG_QUALITY, chromaSubsampling: subsampling, optimiseCoding: false });
  }
  await picture.toFile(to);
}
