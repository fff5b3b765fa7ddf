/** GeoJSON of what was found, in pixels of the slide. */
import { numbersOf } from '../random.ts';
import { choose } from './readouts.ts';
import { CLASSES, type Segmentation, type Slide } from './slide.ts';

type Point = [x: number, y: number];

/** Corners of a polygon. */
const CORNERS = 12;
/** Polygons of each kind of tissue. */
const PATCHES = 4;
/** A nucleus, in micrometres. */
const NUCLEUS_RADIUS = 4;

/** A few polygons of each class of a segmentation. */
export function* tissuePolygons(slide: Slide, stage: Segmentation): Generator<string> {
  const chance = numbersOf(`${slide.seed} ${stage} polygons`);
  const classes = CLASSES[stage].slice(1).flatMap(({ name }) => Array.from({ length: PATCHES }, () => name));
  const largest = Math.min(slide.width, slide.height) / 8;
  yield* collection(classes.map((name) => () => feature(name, polygon(slide, largest * (0.2 + chance()), chance))));
}

/** A polygon for each of some cells. */
export function* cellPolygons(slide: Slide, cells: number): Generator<string> {
  const chance = numbersOf(`${slide.seed} cell polygons`);
  const name = choose(slide.counts);
  const radius = NUCLEUS_RADIUS / slide.resolution;
  const one = () => feature(name(chance()), polygon(slide, radius * (0.7 + 0.6 * chance()), chance));
  yield* collection(Array.from({ length: cells }, () => one));
}

function* collection(features: readonly (() => object)[]): Generator<string> {
  yield '{"type":"FeatureCollection","features":[';
  for (const [index, make] of features.entries()) {
    yield `${index === 0 ? '' : ','}\n${JSON.stringify(make())}`;
  }
  yield '\n]}\n';
}

function feature(name: string, ring: Point[]): object {
  const geometry = { type: 'Polygon', coordinates: [ring] };
  return { type: 'Feature', geometry, properties: { classification: { name } } };
}

/** A closed ring within the slide, not quite round. */
function polygon({ width, height }: Slide, radius: number, chance: () => number): Point[] {
  const [x, y] = [chance() * width, chance() * height];
  const within = (value: number, most: number) => Math.round(Math.min(Math.max(value, 0), most));
  const ring = Array.from({ length: CORNERS }, (_corner, index): Point => {
    const angle = (2 * Math.PI * index) / CORNERS;
    const reach = radius * (0.8 + 0.4 * chance());
    return [within(x + reach * Math.cos(angle), width), within(y + reach * Math.sin(angle), height)];
  });
  const [first = [0, 0]] = ring;
  return [...ring, first];
}
