/** Charts of counts: the banner on the picture itself, bars as long as their counts, and labels that do no harm. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { DOMParser, onErrorStopParsing } from '@xmldom/xmldom';
import fc from 'fast-check';
import sharp, { type Region } from 'sharp';
import { type Chart, type ChartRow, drawChart } from '../../src/pictures/chart.ts';
import { layoutChart } from '../../src/pictures/chart-layout.ts';
import { drawApart } from '../../src/pictures/draw-apart.ts';

const BANNER = 'AI-generated, not verified by a clinician. Research data of other people.';
const skip = !(await drawApart.canWrite()) && 'this machine has no font';

const chartOf = (rows: ChartRow[], more: Partial<Chart> = {}): Chart => ({
  title: 'A cohort',
  banner: BANNER,
  groups: [{ title: 'Slides by stain', rows }],
  ...more,
});

const parsed = ({ svg }: { svg: string }) =>
  new DOMParser({ onError: onErrorStopParsing }).parseFromString(svg, 'image/svg+xml');

const textsOf = (chart: Chart): string[] =>
  Array.from(parsed(layoutChart(chart)).getElementsByTagName('text'), ({ textContent }) => textContent ?? '');

/** Lengths of the bars in pixels, from the top down. */
const barsOf = (chart: Chart): number[] =>
  Array.from(parsed(layoutChart(chart)).getElementsByTagName('rect'))
    .filter((rect) => rect.getAttribute('fill') === '#2b5c8a')
    .map((rect) => Number(rect.getAttribute('width')));

const numbered = (length: number): ChartRow[] =>
  Array.from({ length }, (_, index) => ({ label: `row ${index}`, count: 1000 - index }));

/** All bytes of red, green and blue within an area. */
const pixelsOf = (png: Uint8Array, area: Region): Promise<Buffer> =>
  sharp(png).extract(area).removeAlpha().raw().toBuffer();

test('the banner stands on top of the picture, light on dark, above the title and all bars', { skip }, async () => {
  const png = await drawChart(chartOf([{ label: 'H&E', count: 3 }]));
  const { format, width, height } = await sharp(png).metadata();
  assert.deepEqual([format, width, height > 150], ['png', 1200, true]);
  const band = await pixelsOf(png, { left: 0, top: 0, width, height: 50 });
  assert.ok(band.filter((value) => value > 200).length > 1000, 'its letters');
  assert.ok(band.filter((value) => value < 50).length > band.length / 2, 'its ground');
  assert.equal(textsOf(chartOf([]))[0]?.slice(0, 12), 'AI-generated');
  assert.deepEqual(textsOf(chartOf([], { banner: ' \u0000 ' }))[0], 'AI-generated, not verified by a clinician');
});

test('a long banner is wrapped, and no word of it is lost', () => {
  const banner = `${BANNER} Not about the patient of any order, and no finding about anybody who is treated here.`;
  const lines = textsOf(chartOf([], { banner, title: '', groups: [] }));
  assert.ok(lines.length > 1);
  assert.equal(lines.join(' '), banner);
});

test('bars are as long as their counts, which stand behind them', () => {
  const counts = [4000, 2000, 1, 0];
  const chart = chartOf(counts.map((count) => ({ label: `of ${count}`, count })));
  const [longest = 0, half = 0, least = 0, none] = barsOf(chart);
  assert.equal(half, longest / 2);
  assert.ok(least >= 2, 'one is seen beside thousands');
  assert.equal(none, 0);
  assert.deepEqual(textsOf(chart).slice(-8), ['of 4000', '4,000', 'of 2000', '2,000', 'of 1', '1', 'of 0', '0']);
});

test('rows and groups beyond the limit are summed up and counted', () => {
  const chart = chartOf(numbered(20));
  assert.equal(textsOf(chart).at(-1), 'and 5 more (4,915)');
  const unknown = chartOf([...numbered(15), { label: 'odd', count: Number.NaN }]);
  assert.equal(textsOf(unknown).at(-1), 'and 1 more (?)');
  const groups = Array.from({ length: 11 }, (_, index) => ({ title: `group ${index}`, rows: numbered(1) }));
  assert.equal(textsOf(chartOf([], { groups })).at(-1), 'Groups that are not drawn: 3');
});

test('a group without rows says so', () => {
  assert.deepEqual(textsOf(chartOf([])).slice(-2), ['Slides by stain', '(none)']);
});

const COUNTS: [count: number, shown: string][] = [
  [999_999_999_999, '999,999,999,999'],
  [Number.MAX_VALUE, '1.80e+308'],
  [-1, '?'],
  [Number.NaN, '?'],
  [Number.POSITIVE_INFINITY, '?'],
];
for (const [count, shown] of COUNTS) {
  test(`a count of ${count} is shown as ${shown}`, () => {
    assert.equal(textsOf(chartOf([{ label: 'a', count }])).at(-1), shown);
  });
}

const LABELS: [what: string, label: string, shown: RegExp][] = [
  ['that is too long ends in an ellipsis', 'Invasive carcinoma '.repeat(9), /^Invasive carcinoma I.{20,}…$/],
  ['of markup is text', '<script>alert("1")</script>&amp;', /^<script>alert\("1"\)<\/script>&amp;$/],
  ['of what cannot be seen has no name', '\u0007\u202E\uFFFF\uD800', /^\(no name\)$/],
  ['that turns the direction does not', 'a\u202Eb', /^a b$/],
  ['of marks upon marks is no tower', `a${'\u0301'.repeat(3000)}`, /^a\u0301{3}$/],
  ['in Chinese is cut by its width', '漢字'.repeat(100), /^[漢字]{20,30}…$/],
  ['is cut between flags, not within one', '🇩🇪'.repeat(50), /^(?:🇩🇪){10,20}…$/u],
];
for (const [what, label, shown] of LABELS) {
  test(`a label ${what}`, () => {
    assert.match(textsOf(chartOf([{ label, count: 1 }])).at(-2) ?? '', shown);
  });
}

test('nothing of a label is drawn beyond its own place, in whatever script it is', { skip }, async () => {
  const labels = ['ш', '漢', '😀', 'א', '﷽', '𒀱', 'Œ', 'a\u0301'];
  const { height } = layoutChart(chartOf([{ label: 'a', count: 0 }]));
  // The only row, from the end of its label to its bar; then all that is right of its count.
  const row = { top: height - 58, height: 26 };
  const areas = [
    { ...row, left: 520, width: 4 },
    { ...row, left: 700, width: 500 },
  ];
  for (const label of labels) {
    const png = await drawChart(chartOf([{ label: label.repeat(90), count: 0 }]));
    for (const area of areas) {
      assert.ok(
        (await pixelsOf(png, area)).every((value) => value === 255),
        label,
      );
    }
  }
});

test('equal charts give equal bytes, also of another drawing process', { skip }, async () => {
  const chart = chartOf(numbered(12));
  const script = `
    import { drawChart } from './src/pictures/chart.ts';
    const png = await drawChart(${JSON.stringify(chart)});
    process.stdout.write(Buffer.from(png).toString('base64'));`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { maxBuffer: 2 ** 24 });
  const [first, second, { stdout }] = await Promise.all([drawChart(chart), drawChart(structuredClone(chart)), run]);
  assert.deepEqual(Buffer.from(first), Buffer.from(second));
  assert.equal(Buffer.from(first).toString('base64'), stdout);
});

test('on a machine without fonts there is no chart, rather than one of empty boxes without its banner', async () => {
  const config = join(tmpdir(), `chart-test-${process.pid}.conf`);
  await writeFile(config, '<?xml version="1.0"?><fontconfig><dir>/nowhere</dir></fontconfig>');
  const script = `
    import { drawChart } from './src/pictures/chart.ts';
    const thrown = await drawChart(${JSON.stringify(chartOf([]))}).catch((error) => error);
    process.stdout.write([thrown.code, thrown.kind, thrown.remedy].join(' '));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, FONTCONFIG_FILE: config },
  });
  await rm(config);
  assert.equal(stdout, 'unexpected permanent hold');
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 120 }),
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc.constantFrom('', ' '.repeat(5000), '</text></svg>', ']]>', '&#0;', '\uD800', 'W'.repeat(5000)),
);
const anyChart: fc.Arbitrary<Chart> = fc.record({
  title: anyText,
  banner: anyText,
  groups: fc.array(
    fc.record({ title: anyText, rows: fc.array(fc.record({ label: anyText, count: fc.double() }), { maxLength: 20 }) }),
    { maxLength: 10 },
  ),
});

test('any labels and counts give a picture of words and bars alone, of a size that is bounded', () => {
  fc.assert(
    fc.property(anyChart, (chart) => {
      const drawing = layoutChart(chart);
      assert.ok(drawing.height <= 4200);
      assert.doesNotMatch(drawing.svg.replaceAll(/>[^<]*</g, '><'), /NaN|Infinity|="-|undefined/);
      const elements = Array.from(parsed(drawing).getElementsByTagName('*'));
      const names = new Set(elements.map(({ tagName }) => tagName));
      assert.deepEqual(
        [...names].filter((name) => !['svg', 'rect', 'text'].includes(name)),
        [],
      );
      const right = (rect: (typeof elements)[number]): number =>
        Number(rect.getAttribute('x') ?? 0) + Number(rect.getAttribute('width'));
      assert.ok(elements.filter(({ tagName }) => tagName !== 'text').every((element) => right(element) <= 1200));
    }),
    { numRuns: 200 },
  );
});

test('any chart can be drawn, as large as it was laid out', { skip }, async () => {
  await fc.assert(
    fc.asyncProperty(anyChart, async (chart) => {
      const { width, height } = layoutChart(chart);
      const drawn = await sharp(await drawChart(chart)).metadata();
      assert.deepEqual([drawn.width, drawn.height], [width, height]);
    }),
    { numRuns: 8 },
  );
});
