/** Checks a file before anything of it is sent: what it is, whether it is whole, how large it is and how it lies. */
import { type Looked, openCleaner, type SingleType } from './cleaner.ts';
import { type Counted, counted, lookOnly, SINGLE_TYPES, type Taker, takeIn } from './intake.ts';
import { openPlanner } from './plan.ts';
import { THE_PICTURE, tooLarge } from './refusals.ts';
import { openTempFile, type TempFile } from './temp-file.ts';
import type { Inspected, PictureLimits, PictureType, Plan } from './types.ts';
import { withPicturesOf } from './zip-pictures.ts';

type Limits = Pick<PictureLimits, 'types' | 'largest' | 'most'>;
type Shown = Omit<Inspected, keyof Counted>;

/**
 * Reads a file whole, once, and keeps nothing of it; a zip file lies on the disk meanwhile. The source is read to its end
 * or let go.
 *
 * Throws `input-unsupported` (none of the vendor's types by its first bytes, empty, truncated, damaged) and
 * `input-too-large`, with sentences for the clinician who ordered; and what the source throws.
 */
export async function inspectPicture(source: AsyncIterable<Uint8Array>, limits: Limits): Promise<Inspected> {
  const { pieces, total } = counted(source, (size) => {
    if (size > limits.largest) {
      throw tooLarge(THE_PICTURE, limits.largest);
    }
  });
  await using files = new AsyncDisposableStack();
  const shown = await takeIn(pieces, { called: THE_PICTURE, types: limits.types }, async (type) =>
    isSingle(type) ? takeOne(type) : takeZip(files.use(await openTempFile()), limits),
  );
  return { ...shown, ...total() };
}

const isSingle = (type: PictureType): type is SingleType => type !== 'application/zip';

function takeOne(type: SingleType): Taker<Shown> {
  const planner = openPlanner();
  const cleaner = openCleaner(type, THE_PICTURE, planner.add);
  return { push: cleaner.push, end: () => shownOf(type, cleaner.end(), planner.plan()) };
}

function shownOf(contentType: PictureType, looked: Looked, plan: Plan | undefined): Shown {
  const { width, height, turned, cleanSize } = looked;
  const known = turned ? {} : { cleanSize, ...(plan && { plan }) };
  return { contentType, pictures: 1, width, height, turned, ...known };
}

function takeZip(file: TempFile, limits: Limits): Taker<Shown> {
  return {
    push: file.write,
    end: () =>
      withPicturesOf(file.path, limits, async (pictures) => {
        for (const { called, pieces } of pictures) {
          await takeIn(pieces(), { called, types: SINGLE_TYPES }, (type) => lookOnly(type, called));
        }
        return { contentType: 'application/zip', pictures: pictures.length, turned: false };
      }),
  };
}
