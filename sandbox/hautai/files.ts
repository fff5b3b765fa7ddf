/** The files of a result: masks, and the pictures they lie on. They are drawn when they are asked for. */
import { faceSvg } from '../examples/face-drawing.ts';
import { ALIGNED, maskSvg, VARIANTS, type Variant } from './masks.ts';
import type { HautaiOptions } from './options.ts';
import { PARAMETERS, type ParameterPlan } from './parameters.ts';
import type { UrlSigner } from './signed-urls.ts';
import type { Simulator } from './simulator.ts';
import type { Computation, Side } from './world.ts';

/** `redness.svg` and `redness.png` are masks, `face.jpg` is the picture. */
export interface FilePlace {
  batch: string;
  side: string;
  variant: string;
  file: string;
}

export interface DrawnFile {
  contentType: string;
  bytes: Buffer;
}

/** What a drawn picture measures at most: the simulator's drawings need not be large. */
const LONGEST = 640;

/** Whether a parameter has masks. */
export function masked({ marks }: ParameterPlan, { everyMask }: HautaiOptions): boolean {
  return everyMask === true || marks !== undefined;
}

export function fileUrl(signer: UrlSigner, { batch, side, variant, file }: FilePlace, seconds: number): string {
  return signer.sign('GET', `/haut-results/${batch}/${side}/${variant}/${file}`, seconds).url;
}

/** The file at a place; undefined where there is none. */
export async function drawFile(simulator: Simulator, place: FilePlace): Promise<DrawnFile | undefined> {
  const computation = simulator.world.batches.get(place.batch)?.computation;
  const picture = computation?.pictures.find(({ side }) => side === place.side);
  const variant = VARIANTS.find((one) => one === place.variant);
  const [name = '', extension = ''] = place.file.split('.');
  if (!computation || !picture || !variant) {
    return undefined;
  }
  if (place.file === 'face.jpg') {
    return drawPicture(picture.facts, variant);
  }
  const plan = PARAMETERS.find((one) => one.name === name && masked(one, simulator.options));
  return plan && drawMask({ computation, plan, side: picture.side, variant, extension });
}

/** The simulator keeps no photo, so that what it shows as one is a drawing. */
async function drawPicture(size: { width: number; height: number }, variant: Variant): Promise<DrawnFile> {
  const { width, height } = variant === 'aligned_face' ? ALIGNED : size;
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const pixels = (length: number) => Math.max(1, Math.round(length * scale));
  const svg = faceSvg({
    width: pixels(width),
    height: pixels(height),
    anonymised: variant === 'anonymised',
    close: variant === 'aligned_face',
  });
  const drawing = await open(svg);
  return { contentType: 'image/jpeg', bytes: await drawing.jpeg({ quality: 80 }).toBuffer() };
}

async function drawMask(mask: {
  computation: Computation;
  plan: ParameterPlan;
  side: Side;
  variant: Variant;
  extension: string;
}): Promise<DrawnFile | undefined> {
  const { computation, plan, side, variant, extension } = mask;
  const facts = computation.pictures.find((one) => one.side === side)?.facts;
  if (!facts || !['svg', 'png'].includes(extension)) {
    return undefined;
  }
  const svg = maskSvg({
    seed: `${facts.sha256}:${plan.name}`,
    marks: plan.marks ?? 'dots',
    width: facts.width,
    height: facts.height,
    variant,
    hostile: extension === 'svg' && computation.faults.has('svg-with-script') && plan.name === 'lines',
  });
  if (extension === 'svg') {
    return { contentType: 'image/svg+xml', bytes: Buffer.from(svg) };
  }
  const drawing = (await open(svg)).resize(LONGEST, LONGEST, { fit: 'inside', withoutEnlargement: true });
  return { contentType: 'image/png', bytes: await drawing.png().toBuffer() };
}

/** Loaded when it is first needed: most who open a sandbox never ask for a picture. */
async function open(svg: string) {
  const { default: sharp } = await import('sharp');
  return sharp(Buffer.from(svg));
}
