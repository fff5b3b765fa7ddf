/** Masks: what a parameter shows on the face, as SVG over a picture's own pixels. */

import { numbersOf } from '../random.ts';
import type { Marks } from './parameters.ts';

/** `aligned_face` is the face alone, cut out and turned upright; the others have the picture's size. */
export const VARIANTS = ['original', 'anonymised', 'aligned_face'] as const;
export type Variant = (typeof VARIANTS)[number];

export const ALIGNED = { width: 512, height: 512 };

export interface MaskPlan {
  /** Decides the shapes: the same in every variant of a mask. */
  seed: string;
  marks: Marks;
  /** Pixels of the picture. */
  width: number;
  height: number;
  variant: Variant;
  /** With everything in it that a drawing must not do to its reader. */
  hostile: boolean;
}

interface Face {
  x: number;
  y: number;
  rx: number;
  ry: number;
}

const COLOURS: Record<Marks, string> = { lines: '#1f6feb', spots: '#b5179e', patches: '#e5383b', dots: '#2a9d8f' };
const COUNTS: Record<Marks, number> = { lines: 14, spots: 18, patches: 6, dots: 90 };

/** Parts of a face, in units of its half width and height from its middle; left and right are the person's own. */
const PARTS = {
  forehead: { x: 0, y: -0.5, rx: 0.4, ry: 0.1 },
  leftEye: { x: 0.46, y: 0.08, rx: 0.22, ry: 0.05 },
  rightEye: { x: -0.46, y: 0.08, rx: 0.22, ry: 0.05 },
  nose: { x: 0, y: 0.22, rx: 0.14, ry: 0.16 },
  leftCheek: { x: 0.52, y: 0.33, rx: 0.24, ry: 0.16 },
  rightCheek: { x: -0.52, y: 0.33, rx: 0.24, ry: 0.16 },
  mouth: { x: 0, y: 0.62, rx: 0.42, ry: 0.1 },
} satisfies Record<string, Face>;

/** Where what can show. */
const PLACES: Record<Marks, readonly Face[]> = {
  lines: [PARTS.forehead, PARTS.leftEye, PARTS.rightEye, PARTS.mouth],
  spots: [PARTS.forehead, PARTS.leftCheek, PARTS.rightCheek, PARTS.nose],
  patches: [PARTS.leftCheek, PARTS.rightCheek, PARTS.nose],
  dots: [PARTS.nose, PARTS.leftCheek, PARTS.rightCheek],
};

const HOSTILE = `<script>document.location='https://attacker.example/'</script>
<image href="https://attacker.example/pixel.png" x="0" y="0" width="1" height="1"/>
<foreignObject width="10" height="10"><body xmlns="http://www.w3.org/1999/xhtml" onload="alert(1)">x</body></foreignObject>
<a href="javascript:alert(1)"><rect width="9" height="9" fill="url(https://attacker.example/paint.svg#p)"/></a>
`;

/** Draws the mask; deterministic. */
export function maskSvg({ seed, marks, variant, hostile, ...picture }: MaskPlan): string {
  const { width, height } = variant === 'aligned_face' ? ALIGNED : picture;
  const face =
    variant === 'aligned_face'
      ? { x: width / 2, y: height * 0.486, rx: width * 0.343, ry: height * 0.5 }
      : { x: width / 2, y: height * 0.483, rx: width * 0.267, ry: height * 0.29 };
  const next = numbersOf(seed);
  const shapes = Array.from({ length: COUNTS[marks] }, () => DRAW[marks](face, next));
  const handler = hostile ? ' onload="alert(1)"' : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"${handler}>
${hostile ? HOSTILE : ''}<g fill="${COLOURS[marks]}" fill-opacity="0.45" stroke="${COLOURS[marks]}" stroke-linecap="round">
${shapes.join('\n')}
</g>
</svg>
`;
}

const DRAW: Record<Marks, (face: Face, next: () => number) => string> = {
  lines(face, next) {
    const [x, y] = pointIn(face, PLACES.lines, next);
    const length = face.rx * (0.12 + next() * 0.25);
    const bend = (next() - 0.5) * length * 0.6;
    const path = `M${at(x - length / 2)} ${at(y)}q${at(length / 2)} ${at(bend)} ${at(length)} ${at(bend * 0.2)}`;
    return `<path d="${path}" fill="none" stroke-width="${at(face.rx * 0.012)}"/>`;
  },
  spots(face, next) {
    const [x, y] = pointIn(face, PLACES.spots, next);
    return `<circle cx="${at(x)}" cy="${at(y)}" r="${at(face.rx * (0.012 + next() * 0.02))}"/>`;
  },
  patches(face, next) {
    const [x, y] = pointIn(face, PLACES.patches, next);
    const corners = Array.from({ length: 9 }, (_, index) => {
      const radius = face.rx * (0.08 + next() * 0.09);
      const angle = (index / 9) * 2 * Math.PI;
      return `${at(x + radius * Math.cos(angle))},${at(y + radius * Math.sin(angle))}`;
    });
    return `<polygon points="${corners.join(' ')}"/>`;
  },
  dots(face, next) {
    const [x, y] = pointIn(face, PLACES.dots, next);
    return `<ellipse cx="${at(x)}" cy="${at(y)}" rx="${at(face.rx * 0.006)}" ry="${at(face.rx * 0.008)}"/>`;
  },
};

/** A point within one of the places. */
function pointIn(face: Face, places: readonly Face[], next: () => number): [x: number, y: number] {
  const place = places[Math.floor(next() * places.length)] ?? PARTS.nose;
  const distance = Math.sqrt(next());
  const angle = next() * 2 * Math.PI;
  return [
    face.x + face.rx * (place.x + place.rx * distance * Math.cos(angle)),
    face.y + face.ry * (place.y + place.ry * distance * Math.sin(angle)),
  ];
}

const at = (number: number) => number.toFixed(1);
