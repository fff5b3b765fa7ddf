import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import { decodeText } from '../../src/fhir/text/charset.ts';
import { FORMATS, type Format } from '../../src/fhir/text/document.ts';
import { extractText } from '../../src/fhir/text/index.ts';
import { parseIsolated } from '../../src/fhir/text/isolate.ts';
import { normalise } from '../../src/fhir/text/normalise.ts';
import { parseDocument } from '../../src/fhir/text/parse.ts';
import { sniff } from '../../src/fhir/text/sniff.ts';

const SEEDS: Record<Format, string[]> = {
  plain: ['windows-1252.txt', 'utf-16le-bom.txt'],
  html: ['progress-note.html'],
  ccda: ['ccda.xml', 'ccda-rtf-body.xml'],
  rtf: ['progress-note.rtf', 'encapsulated.rtf'],
  pdf: ['progress-note.pdf', 'owner-locked.pdf'],
};

const fixture = (name: string) => readFileSync(new URL(`../fixtures/notes/${name}`, import.meta.url));

/** A document with some of its bytes changed, cut out or doubled. */
function mutated(seeds: string[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat(4000),
    drop: fc.nat(40),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc
        .constantFrom('{', '}', '\\', '<', '>', '&', '\\u', "\\'", '\\bin99', ']]>', '<![CDATA[')
        .map((text) => Buffer.from(text)),
    ),
  });
  return fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 6 })).map(([seed, edits]) =>
    edits.reduce<Uint8Array>(
      (bytes, { at, drop, insert }) => {
        const from = at % (bytes.length + 1);
        return new Uint8Array(Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + drop)]));
      },
      new Uint8Array(fixture(seed)),
    ),
  );
}

async function textOrRefusal(work: Promise<string>): Promise<void> {
  try {
    const text = await work;
    assert.equal(normalise(text), text);
    assert.notEqual(text.trim(), '');
  } catch (error) {
    assert.ok(error instanceof AdapterError, String(error));
    assert.match(error.code, /^(order-incomplete|input-(unsupported|too-large))$/);
  }
}

describe('any bytes at all', () => {
  for (const format of FORMATS) {
    // pdf.js throws beside its promises too, which only a thread of its own holds.
    const read = (bytes: Uint8Array) =>
      format === 'pdf' ? parseIsolated({ format, bytes }) : parseDocument({ format, bytes });
    const numRuns = format === 'pdf' ? 10 : 150;
    it(`as ${format}: text or a refusal`, async () => {
      const documents = fc.oneof(fc.uint8Array({ maxLength: 400 }), mutated(SEEDS[format]));
      await fc.assert(
        fc.asyncProperty(documents, (bytes) => textOrRefusal(read(bytes))),
        { numRuns },
      );
    });
  }
  it('are recognised or not, and decoded, without a throw', () => {
    const seeds = mutated(Object.values(SEEDS).flat());
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), seeds), fc.string(), (bytes, label) => {
        sniff(bytes, label);
        decodeText(bytes, label);
      }),
    );
  });
});

const word = fc.oneof(
  fc.stringMatching(/^[A-Za-zÀ-ÖØ-öø-ÿ]{1,12}$/),
  fc.stringMatching(/^[0-9]{1,4}$/),
  fc.constantFrom('Ωmega', 'český', '頭痛', '🫀', '👩‍⚕️', '≥65', '{x}', 'a\\b', 'a&b', '<5', '“quoted”', '5%'),
);
const words = fc.array(word, { minLength: 1, maxLength: 30 });
const escapeHtml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const spoken = (text: string) => text.split(/\s+/).filter((part) => part !== '');

function escapeRtf(text: string): string {
  let out = '';
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const character = text.charAt(index);
    out += unit < 0x80 ? character.replace(/[\\{}]/, '\\$&') : `\\u${unit > 0x7fff ? unit - 0x10000 : unit}?`;
  }
  return out;
}

const utf16 = (text: string) => new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le'));
const utf8 = (text: string) => new TextEncoder().encode(text);

const WRAPPERS: Record<string, (text: string[]) => { format: Format; bytes: Uint8Array; charset?: string }> = {
  'plain in UTF-8': (text) => ({ format: 'plain', bytes: utf8(text.join(' ')) }),
  'plain in UTF-16': (text) => ({ format: 'plain', bytes: utf16(text.join('\r\n')) }),
  'HTML in UTF-8': (text) => ({ format: 'html', bytes: utf8(`<p>${text.map(escapeHtml).join('</p><p>')}</p>`) }),
  'HTML in UTF-16': (text) => ({
    format: 'html',
    bytes: utf16(`<ul><li>${text.map(escapeHtml).join('</li>\n<li><p>')}`),
  }),
  RTF: (text) => ({ format: 'rtf', bytes: utf8(`{\\rtf1\\ansi\\uc1 ${text.map(escapeRtf).join('\\par ')}}`) }),
  'C-CDA': (text) => ({
    format: 'ccda',
    bytes: utf8(
      `<ClinicalDocument><component><structuredBody><component><section><text><table><tr><td>${text.map(escapeHtml).join('</td><td>')}</td></tr></table></text></section></component></structuredBody></component></ClinicalDocument>`,
    ),
  }),
};

describe('the words of a note', () => {
  for (const [name, wrap] of Object.entries(WRAPPERS)) {
    it(`come back out of ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(words, async (text) => {
          const found = spoken(await parseDocument(wrap(text))).filter((part) => part !== '-');
          assert.deepEqual(found, spoken(normalise(text.join(' '))));
        }),
      );
    });
  }
  it('come back out of windows-1252 and other single-byte charsets', async () => {
    const western = fc.array(fc.stringMatching(/^[A-Za-zÀ-ÖØ-öø-ÿ]{2,12}$/), { minLength: 3, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(western, async (text) => {
        const bytes = new Uint8Array(Buffer.from(text.join(' '), 'latin1'));
        const { text: found } = await extractText({ bytes, contentType: 'text/plain;charset=iso-8859-1' });
        assert.equal(found, normalise(text.join(' ')));
      }),
    );
  });
});
