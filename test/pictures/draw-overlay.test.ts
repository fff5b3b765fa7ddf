import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOMParser, onErrorStopParsing } from '@xmldom/xmldom';
import fc from 'fast-check';
import { drawRings, drawStrip, placeCircles } from '../../src/pictures/draw-overlay.ts';

const full = { width: 4000, height: 3000 };
const shown = { width: 400, height: 300 };
const place = (x: number, y: number, radius: number) => placeCircles([{ x, y, radius }], full, shown);

test('circles are scaled with the picture', () => {
  assert.deepEqual(place(2000, 1500, 100).rings, [{ x: 200, y: 150, radius: 10 }]);
});

test('a circle of a point is large enough to be seen', () => {
  for (const radius of [0, -5, 1, Number.NaN]) {
    assert.deepEqual(place(2000, 1500, radius).rings, [{ x: 200, y: 150, radius: 4 }]);
  }
});

const UNSEEN: [why: string, x: number, y: number, radius: number][] = [
  ['beside the picture', -500, 1500, 100],
  ['below the picture', 2000, 3600, 100],
  ['around the whole picture', 2000, 1500, 1e9],
  ['of a size that no renderer can count', -1e308, 1500, 1e308],
  ['nowhere', Number.NaN, 1500, 100],
  ['infinitely far', Number.POSITIVE_INFINITY, 1500, 100],
];
for (const [why, ...circle] of UNSEEN) {
  test(`a circle ${why} is counted and not drawn`, () => {
    assert.deepEqual(place(...circle), { rings: [], outside: 1 });
  });
}

test('a circle that reaches into the picture is drawn', () => {
  assert.equal(place(-50, 1500, 100).rings.length, 1);
});

test('any numbers and labels give an SVG of which nothing but numbers and escaped text is from outside', () => {
  const circle = fc.record({
    x: fc.double(),
    y: fc.double(),
    radius: fc.double(),
    label: fc.string({ unit: 'binary', maxLength: 60 }),
  });
  fc.assert(
    fc.property(fc.array(circle, { maxLength: 20 }), fc.integer({ min: 1, max: 2000 }), (circles, width) => {
      const size = { width, height: 300 };
      const { rings, outside } = placeCircles(circles, full, size);
      assert.equal(rings.length + outside, circles.length);
      for (const drawing of [drawRings(rings, size), drawStrip(rings, width)]) {
        if (drawing) {
          const parsed = new DOMParser({ onError: onErrorStopParsing }).parseFromString(drawing.svg, 'image/svg+xml');
          const names = Array.from(parsed.getElementsByTagName('*'), ({ tagName }) => tagName);
          assert.deepEqual(
            names.filter((name) => !['svg', 'rect', 'line', 'circle', 'text'].includes(name)),
            [],
          );
          assert.doesNotMatch(drawing.svg, /NaN|Infinity/);
        }
      }
    }),
    { numRuns: 200 },
  );
});
