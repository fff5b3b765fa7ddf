import type { PictureFacts } from './picture-facts.ts';
import type { Computation } from './world.ts';

const NO_FACE = 'Face is not detected';
/** How much wider than high a picture is that shows a landscape. */
const PANORAMA = 3;

/** What the vendor says of pictures that it cannot use, by side; empty where all can be. */
export function detectionErrors({ pictures, faults }: Computation): Record<string, string> {
  const found = pictures.flatMap(({ side, facts }, index) => {
    const error = faults.has('detection-error') && index === 0 ? NO_FACE : errorOf(facts);
    return error === undefined ? [] : [[side, error]];
  });
  return Object.fromEntries(found);
}

function errorOf({ type, width, height }: PictureFacts): string | undefined {
  if (type === undefined) {
    return 'Image cannot be read';
  }
  return width > PANORAMA * height ? NO_FACE : undefined;
}
