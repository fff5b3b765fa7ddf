/** Draws the sandbox's example smear, sandbox/examples/smear.jpg: the same picture each time. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';

const WIDTH = 1200;
const HEIGHT = 900;
/** Pixels across a red cell, as the scanner that did not take this picture would state. */
const RED_CELL = 84;

interface Place {
  x: number;
  y: number;
}

/** Where what a laboratory looks for is; placed by hand, so that each stands clear of the others. */
const NEUTROPHILS: Place[] = [
  { x: 300, y: 250 },
  { x: 890, y: 640 },
];
const LYMPHOCYTES: Place[] = [{ x: 700, y: 150 }];
const INFECTED: Place[] = [
  { x: 520, y: 430 },
  { x: 1040, y: 250 },
  { x: 240, y: 690 },
];
const PLATELETS: Place[] = [
  { x: 120, y: 110 },
  { x: 455, y: 130 },
  { x: 905, y: 330 },
  { x: 640, y: 590 },
  { x: 430, y: 800 },
  { x: 1130, y: 480 },
  { x: 720, y: 815 },
  { x: 95, y: 470 },
];

/** Numbers between two bounds. */
type Between = (low: number, high: number) => number;

/** The same numbers at every run (mulberry32). */
function numbers(seed: number): Between {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return (low, high) => low + next() * (high - low);
}

const n = (value: number) => value.toFixed(1);
const apart = (a: Place, b: Place) => Math.hypot(a.x - b.x, a.y - b.y);

/** Red cells all over, clear of everything that is placed by hand, seldom touching each other. */
function redCells(between: Between): Place[] {
  const cells = [...INFECTED];
  for (let tries = 0; tries < 6000; tries++) {
    const cell = { x: between(-20, WIDTH + 20), y: between(-20, HEIGHT + 20) };
    const free =
      cells.every((other) => apart(cell, other) > RED_CELL * 1.03) &&
      [...NEUTROPHILS, ...LYMPHOCYTES].every((white) => apart(cell, white) > RED_CELL * 1.4) &&
      PLATELETS.every((platelet) => apart(cell, platelet) > RED_CELL * 0.85);
    if (free) {
      cells.push(cell);
    }
  }
  return cells;
}

function redCell({ x, y }: Place, between: Between): string {
  const radius = (RED_CELL / 2) * between(0.93, 1.05);
  const turn = `rotate(${n(between(0, 180))} ${n(x)} ${n(y)})`;
  return `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(radius)}" ry="${n(radius * between(0.92, 1))}" fill="url(#red)" stroke="#c27f7a" stroke-width="1.2" transform="${turn}"/>`;
}

/** A ring-stage parasite off the middle of its red cell: a thin ring of cytoplasm and a dot of chromatin. */
function ring({ x, y }: Place): string {
  const at = { x: x + 7, y: y - 6 };
  return `<circle cx="${at.x}" cy="${at.y}" r="11" fill="none" stroke="#6a3a94" stroke-width="4"/>
    <circle cx="${at.x + 9}" cy="${at.y - 7}" r="6" fill="#52186f"/>`;
}

function whiteCell({ x, y }: Place, radius: number, nucleus: string): string {
  return `<circle cx="${x}" cy="${y}" r="${radius}" fill="#d9cbe0" stroke="#c3b0cf" stroke-width="1.5"/>${nucleus}`;
}

/** Three lobes and the threads between them. */
function neutrophil({ x, y }: Place): string {
  const lobes = [
    { x: x - 24, y: y + 10 },
    { x: x + 2, y: y - 22 },
    { x: x + 24, y: y + 12 },
  ];
  const thread = lobes.map((lobe) => `${lobe.x},${lobe.y}`).join(' ');
  const shapes = lobes.map((lobe) => `<ellipse cx="${lobe.x}" cy="${lobe.y}" rx="19" ry="16" fill="url(#nucleus)"/>`);
  return whiteCell(
    { x, y },
    56,
    `<polyline points="${thread}" fill="none" stroke="#4d2a7c" stroke-width="10"/>${shapes.join('')}`,
  );
}

function lymphocyte(place: Place): string {
  return whiteCell(place, 46, `<circle cx="${place.x - 3}" cy="${place.y + 2}" r="38" fill="url(#nucleus)"/>`);
}

function platelet({ x, y }: Place, between: Between): string {
  return `<ellipse cx="${x}" cy="${y}" rx="${n(between(8, 11))}" ry="${n(between(6, 9))}" fill="#86579f"/>`;
}

/** The smear as a JPEG: about a hundred red cells, three white ones, eight platelets, three ring-stage parasites. */
export async function drawSmear(): Promise<Buffer> {
  const between = numbers(20261122);
  const shapes = [
    ...redCells(between).map((cell) => redCell(cell, between)),
    ...INFECTED.map(ring),
    ...NEUTROPHILS.map(neutrophil),
    ...LYMPHOCYTES.map(lymphocyte),
    ...PLATELETS.map((place) => platelet(place, between)),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
  <defs>
    <radialGradient id="red"><stop offset="0" stop-color="#efcfc6"/><stop offset=".35" stop-color="#e6b3aa"/><stop offset=".75" stop-color="#d68f88"/><stop offset="1" stop-color="#cf857f"/></radialGradient>
    <radialGradient id="nucleus"><stop offset="0" stop-color="#5b3590"/><stop offset="1" stop-color="#43236f"/></radialGradient>
    <radialGradient id="field" cx=".5" cy=".45" r=".8"><stop offset="0" stop-color="#f8f2ec"/><stop offset="1" stop-color="#ece2dc"/></radialGradient>
  </defs>
  <rect width="100%" height="100%" fill="url(#field)"/>
  ${shapes.join('\n  ')}
</svg>`;
  // Without chroma subsampling: a ring is only a few pixels thick, and its stain is what tells it from the cell.
  return sharp(Buffer.from(svg)).blur(0.8).jpeg({ quality: 82, chromaSubsampling: '4:4:4' }).toBuffer();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(new URL('../sandbox/examples/smear.jpg', import.meta.url), await drawSmear());
}
