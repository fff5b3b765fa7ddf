/** Cleaned pictures on the disk: for those whose size only the making shows. */
import { type Looked, openCleaner, type SingleType } from './cleaner.ts';
import type { Taker } from './intake.ts';
import { openTempFile, type TempFile } from './temp-file.ts';
import { drawUpright } from './turn.ts';

/** Takes a picture and writes it to `file` as it is cleaned, still lying as it lay. */
export function cleanInto(file: TempFile, type: SingleType, called: string): Taker<Looked> {
  const emitted: Uint8Array[] = [];
  const cleaner = openCleaner(type, called, (bytes) => emitted.push(bytes));
  return {
    async push(piece) {
      cleaner.push(piece);
      for (const bytes of emitted.splice(0)) {
        await file.write(bytes);
      }
    },
    end: cleaner.end,
  };
}

/** The cleaned picture of `file` as it may leave: the file itself, or one in which it is drawn upright. */
export async function upright(
  file: TempFile,
  { type, looked, called }: { type: SingleType; looked: Looked; called: string },
): Promise<TempFile> {
  if (!looked.turned) {
    return file;
  }
  await using original = file;
  await using failing = new AsyncDisposableStack();
  const target = failing.use(await openTempFile());
  await drawUpright(original, target, { type, orientation: looked.orientation, called });
  failing.move();
  return target;
}
