import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { DOMParser, onErrorStopParsing } from '@xmldom/xmldom';
import fc from 'fast-check';
import sharp from 'sharp';
import { AdapterError } from '../../src/errors.ts';
import { sanitiseSvg, svgToPng } from '../../src/pictures/svg.ts';

const svg = (inner: string, attributes = 'viewBox="0 0 100 50"'): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${inner}</svg>`;

test('shapes, gradients and stencils stay as they are', () => {
  const drawing = svg(
    '<defs><linearGradient id="a" x1="0%"><stop offset="0.5" stop-color="#f00"/></linearGradient>' +
      '<clipPath id="b"><rect width="5" height="1e1"/></clipPath></defs>' +
      '<g transform="translate(1, 2) rotate(-4.5)" clip-path="url(#b)">' +
      '<path d="M0 0 L10,10 a1 1 0 0 1 2 2Z" fill="url(#a)" fill-opacity="50%"/>' +
      '<polygon points="0,0 1,1 2,0" stroke="rgb(1, 2, 3)" stroke-width="2px"/></g>',
  );
  assert.equal(sanitiseSvg(drawing), drawing.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', ''));
});

test('a style becomes attributes, which it outranks', () => {
  assert.match(
    sanitiseSvg(svg('<rect fill="red" style="fill: #00f !important; opacity:.5; background: url(x); ; d: none"/>')),
    /<rect fill="#00f" opacity=".5"\/>/,
  );
});

test('what programs write around a drawing is left out', () => {
  const file = `\uFEFF<?xml version="1.0" encoding="utf-8" standalone="no"?>
    <!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
    <!-- made by a program --><?xml-stylesheet href="http://evil.example/x.css"?>
    <svg xmlns="http://www.w3.org/2000/svg" xmlns:i="urn:i" width="5" i:label="Erika"><title>Erika</title><metadata>x</metadata><rect/></svg>`;
  assert.equal(sanitiseSvg(file), '<svg xmlns="http://www.w3.org/2000/svg" width="5"><rect/></svg>');
});

const HOSTILE: [what: string, inner: string][] = [
  ['a script', '<script>alert(1)</script>'],
  ['a script of a link', '<a xlink:href="javascript:alert(1)"><rect/></a>'],
  ['an event', '<rect onload="alert(1)" onclick="alert(1)"/>'],
  ['foreign content', '<foreignObject><div xmlns="http://www.w3.org/1999/xhtml">evil</div></foreignObject>'],
  ['an element of another namespace', '<rect xmlns="http://www.w3.org/1999/xhtml" id="evil"/>'],
  ['a picture', '<image href="http://evil.example/x.png"/><image xlink:href="data:image/png;base64,evil"/>'],
  ['a use', '<g id="a"/><use href="#a"/><use href="http://evil.example/#a"/>'],
  ['an animation', '<rect><set attributeName="href" to="javascript:alert(1)"/><animate attributeName="x"/></rect>'],
  ['a style sheet', '<style>@import url(http://evil.example/x.css)</style>'],
  ['a filter', '<filter id="f"><feImage href="http://evil.example/x"/></filter><rect filter="url(#f)"/>'],
  ['text', '<text>Erika Mustermann</text><desc>Erika</desc>'],
  ['a paint from elsewhere', '<rect fill="url(http://evil.example/x#a)" stroke="url(data:evil)"/>'],
  ['an escaped url', String.raw`<rect style="fill:\75rl(http://evil.example/x)"/>`],
  ['a gradient from elsewhere', '<linearGradient id="g" xlink:href="http://evil.example/x#g"/>'],
  ['an entity in an attribute', '<rect fill="&#117;rl(&#104;ttp://evil.example/x)"/>'],
  ['the base of all addresses', '<g xml:base="http://evil.example/"/>'],
];
for (const [what, inner] of HOSTILE) {
  test(`${what} is left out`, () => {
    const clean = sanitiseSvg(svg(inner));
    assert.doesNotMatch(
      clean.replace('http://www.w3.org/2000/svg', ''),
      /script|evil|alert|Erika|http|:|use|on\w+=|style/i,
    );
    assert.doesNotMatch(clean, /<(?!\/?(?:svg|g|rect|linearGradient|filter)\b)/);
  });
}

test('stencils are not cut by stencils', () => {
  const clean = sanitiseSvg(
    svg('<mask id="a"><g mask="url(#b)"><rect clip-path="url(#b)"/></g></mask><g mask="url(#a)"/>'),
  );
  assert.deepEqual(clean.match(/mask="[^"]*"|clip-path/g), ['mask="url(#a)"']);
});

const REFUSED: [what: string, text: string][] = [
  ['nothing', ''],
  ['a web page', '<html><body/></html>'],
  ['half an SVG', svg('<g>').slice(0, -8)],
  ['an SVG of another namespace', '<svg xmlns="urn:x"/>'],
  ['declared entities', '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'],
  ['more than 5 MB', svg(`<path d="${'M0 0 '.repeat(1_100_000)}"/>`)],
  ['a deep nest', svg(`${'<g>'.repeat(70)}${'</g>'.repeat(70)}`)],
  ['a nest that hides its depth', svg(`${'<g class="/>">'.repeat(90_000)}${'</g>'.repeat(90_000)}`)],
  [
    'a stencil of many used by many',
    svg(`<mask id="a">${'<rect/>'.repeat(2000)}</mask>${'<g mask="url(#a)"/>'.repeat(2000)}`),
  ],
];
for (const [what, text] of REFUSED) {
  test(`${what} is refused`, async () => {
    assert.throws(() => sanitiseSvg(text), { code: 'vendor-protocol' });
    await assert.rejects(svgToPng(text), { code: 'vendor-protocol' });
  });
}

const NAMES = [
  'svg',
  'g',
  'rect',
  'path',
  'mask',
  'use',
  'script',
  'image',
  'a',
  'style',
  'foreignObject',
  'linearGradient',
];
const ATTRIBUTES = [
  'fill',
  'd',
  'href',
  'xlink:href',
  'style',
  'onload',
  'mask',
  'transform',
  'id',
  'viewBox',
  'width',
  'x:y',
];
const VALUES = [
  'url(#a)',
  'url(http://e/x)',
  'javascript:x',
  '1',
  '#f00',
  'none',
  '0 0 1 1',
  'fill:url(#a)',
  'fill:url(//e)',
  'M0 0',
];
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const attribute = fc
  .tuple(fc.constantFrom(...ATTRIBUTES), fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: 'grapheme' })))
  .map(([name, value]) => ` ${name}="${escaped(value)}"`);
const { element } = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .tuple(
      fc.constantFrom(...NAMES),
      fc.uniqueArray(attribute, { maxLength: 4, selector: (text) => text.split('=')[0] }),
      fc.oneof(
        { maxDepth: 4 },
        fc.constant([]),
        fc.array(tie('element'), { maxLength: 4 }),
        fc.constant(['x <![CDATA[<b>]]>']),
      ),
    )
    .map(([name, attributes, inner]) => `<${name}${attributes.join('')}>${inner.join('')}</${name}>`),
}));

const HARMLESS = new Set(
  'svg g defs stop path rect circle ellipse line polyline polygon linearGradient radialGradient clipPath mask'.split(
    ' ',
  ),
);

/** What a browser could be made to do by it. */
function assertHarmless(clean: string): void {
  const parsed = new DOMParser({ onError: onErrorStopParsing }).parseFromString(clean, 'image/svg+xml');
  for (const each of Array.from(parsed.getElementsByTagName('*'))) {
    assert.ok(HARMLESS.has(each.tagName), each.tagName);
    for (const { name, value } of Array.from(each.attributes)) {
      assert.doesNotMatch(name, /^on|style|:/);
      if (name !== 'xmlns') {
        assert.doesNotMatch(value, /:|\/\/|&|url\((?!#)/);
      }
    }
  }
}

test('whatever drawing comes, what goes on is harmless and stays as it is the next time', () => {
  const drawing = fc.array(element, { maxLength: 4 }).map((inner) => svg(inner.join(''), 'xmlns:x="urn:x"'));
  fc.assert(
    fc.property(drawing, (text) => {
      let clean: string;
      try {
        clean = sanitiseSvg(text);
      } catch (thrown) {
        // A string may hold what XML may not.
        return thrown instanceof AdapterError && thrown.code === 'vendor-protocol';
      }
      assertHarmless(clean);
      assert.equal(sanitiseSvg(clean), clean);
      return true;
    }),
    { numRuns: 500 },
  );
});

test('any text at all is either drawn or refused', () => {
  const base = svg('<g><rect fill="url(#a)" style="fill:red"/></g><script>x</script>');
  const mutated = fc
    .tuple(fc.nat(base.length), fc.nat(20), fc.string({ unit: 'binary', maxLength: 8 }))
    .map(([at, cut, put]) => base.slice(0, at) + put + base.slice(at + cut));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string({ unit: 'binary' })), (text) => {
      try {
        assertHarmless(sanitiseSvg(text));
      } catch (thrown) {
        assert.ok(thrown instanceof AdapterError, String(thrown));
        assert.equal(thrown.code, 'vendor-protocol');
      }
    }),
    { numRuns: 500 },
  );
});

const SIZES: [attributes: string, longest: number | undefined, size: [number, number]][] = [
  ['viewBox="0 0 1000 500"', undefined, [1000, 500]],
  ['viewBox="0 0 4000 2000"', undefined, [1600, 800]],
  ['viewBox="0 0 1 2"', undefined, [256, 512]],
  ['viewBox="0 0 1 2"', 100, [50, 100]],
  ['width="800px" height="600"', undefined, [800, 600]],
  ['width="1e9" height="1e9" viewBox="0 0 10 10"', 200, [200, 200]],
  ['width="100%" height="100%" viewBox="0 0 600 300"', undefined, [600, 300]],
  ['', undefined, [512, 256]],
];
for (const [attributes, longest, size] of SIZES) {
  test(`an SVG with ${attributes || 'no size'} is drawn as ${size.join(' by ')}`, async () => {
    const { width, height, hasAlpha } = await sharp(
      await svgToPng(
        svg('<rect x="1" y="1" width="1" height="1"/>', attributes),
        longest === undefined ? {} : { longest },
      ),
    ).metadata();
    assert.deepEqual([width, height, hasAlpha], [...size, true]);
  });
}

test('a drawing without a height is refused', async () => {
  await assert.rejects(svgToPng(svg('', 'viewBox="0 0 10 0"')), { code: 'vendor-protocol' });
});

test('drawing it asks nobody for anything', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    response.end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/x.png`;
  const png = await svgToPng(
    svg(`<rect width="100" height="50" fill="#f00"/><image width="100" height="50" href="${url}"/>`),
  );
  server.close();
  assert.equal(asked, 0);
  const { dominant } = await sharp(png).stats();
  assert.ok(dominant.r > 200 && dominant.b < 60);
});
