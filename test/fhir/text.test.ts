import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../src/errors.ts';
import { extractText } from '../../src/fhir/text/index.ts';
import { sniff } from '../../src/fhir/text/sniff.ts';

async function fixture(name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(new URL(`../fixtures/notes/${name}`, import.meta.url)));
}

async function textOf(name: string, contentType?: string): Promise<string> {
  const { text } = await extractText({ bytes: await fixture(name), ...(contentType !== undefined && { contentType }) });
  return text;
}

async function refused(name: string, code: ErrorCode, words: RegExp): Promise<void> {
  await assert.rejects(textOf(name), (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error);
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  });
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const PLAIN = 'Assessment\n\nPatient Renée Müller, 38.2 °C, no chest pain.\nPlan: apixaban – 5 mg “twice” daily.\n';
const STRUCTURED = [
  'Assessment',
  'Patient Renée Müller, 38.2 °C, no chest pain.\nPlan: apixaban.',
  'end',
  'Allergies',
  'Known\n1. Penicillin\n2. Nuts',
  'Results',
  'Test\tValue\nHaemoglobin\t9.1 g/dL\nLeukocytes\t10^9/L',
  'Plan',
  'Line one & two\nLine three',
].join('\n\n');

describe('plain text', () => {
  for (const name of ['windows-1252.txt', 'utf-16be-bom.txt', 'utf-16le-no-bom.txt', 'decomposed.txt']) {
    it(`reads ${name} to the same text`, async () => {
      assert.equal(await textOf(name, 'text/plain'), PLAIN);
    });
  }
  it('drops byte order marks and keeps characters beyond the basic plane', async () => {
    assert.equal(await textOf('utf-8-bom.txt'), `${PLAIN}🫀`);
    assert.equal(await textOf('utf-16le-bom.txt', 'text/plain;charset=utf-8'), `${PLAIN}🫀`);
  });
  it('believes the charset parameter, unless the bytes contradict it', async () => {
    const cyrillic = Uint8Array.from([0xc1, 0xee, 0xeb, 0xfc]);
    assert.equal(
      (await extractText({ bytes: cyrillic, contentType: 'text/plain; charset="windows-1251"' })).text,
      'Боль',
    );
    const utf8 = bytesOf('Müller');
    assert.equal((await extractText({ bytes: utf8, contentType: 'text/plain;charset=utf-16' })).text, 'Müller');
    assert.equal((await extractText({ bytes: utf8, contentType: 'text/plain;charset=no-such' })).text, 'Müller');
    assert.equal(
      (await extractText({ bytes: await fixture('windows-1252.txt'), contentType: 'text/plain;charset=utf-8' })).text,
      PLAIN,
    );
  });
  it('leaves the lines of the author as they are', async () => {
    const note = 'A:\n  - one\n\n\n\n  - two   \n';
    assert.equal((await extractText({ bytes: bytesOf(note), contentType: 'text/plain' })).text, note);
  });
  it('takes a 5 MB note', async () => {
    const note = 'Patient reports no chest pain. '.repeat(170_000);
    assert.equal((await extractText({ bytes: bytesOf(note), contentType: 'text/plain' })).text, note);
  });
  it('refuses more text than any note has', async () => {
    await assert.rejects(extractText({ bytes: bytesOf('pain '.repeat(2_200_000)) }), { code: 'input-too-large' });
  });
  it('refuses a blank note', async () => {
    await refused('blank.txt', 'order-incomplete', /contains no text/);
    await assert.rejects(extractText({ bytes: new Uint8Array() }), { code: 'order-incomplete' });
  });
});

describe('HTML', () => {
  it('keeps what is shown, with its headings, lists and tables, and drops the rest', async () => {
    assert.equal(
      await textOf('progress-note.html', 'text/html'),
      [
        'Assessment',
        'Patient Renée Müller, 38.2 °C, no chest pain.\nPlan: apixaban – 5 mg.',
        '- First item\n- Second item\n  1. inner',
        'Test\tValue\nHaemoglobin\t9.1 g/dL\nLeukocytes\t10^9/L',
        'end',
      ].join('\n\n'),
    );
  });
  it('reads the charset of the meta element', async () => {
    assert.equal(await textOf('windows-1252-meta.html', 'text/html'), 'Renée – 5 €');
  });
  it('shows which boxes of a form are ticked, and nothing hidden however its style is spaced', async () => {
    const bytes = bytesOf(
      '<p><input type="checkbox" checked> Asthma <input type="CHECKBOX">COPD <input type="radio"> Gout</p><p style="DISPLAY : NONE">x</p><p style="visibility : hidden">y</p>',
    );
    assert.equal((await extractText({ bytes, contentType: 'text/html' })).text, '[x] Asthma [ ] COPD [ ] Gout');
  });
  it('refuses nesting that would break the stack', async () => {
    const bytes = bytesOf(`<html>${'<div>'.repeat(20_000)}x`);
    await assert.rejects(extractText({ bytes }), { code: 'input-unsupported', message: /nested too deeply/ });
  });
});

describe('RTF', () => {
  it('reads escapes, code pages, symbols, lists, tables and fields, and drops what is hidden or deleted', async () => {
    assert.equal(
      await textOf('progress-note.rtf', 'application/rtf'),
      [
        'Assessment',
        'Patient Renée Müller, 38.2 °C, no chest pain.',
        'Plan: apixaban – 5 mg “twice” daily 😀',
        '•\tFirst item',
        '•\tSecond item, český',
        'Haemoglobin\t9.1 g/dL',
        'Leukocytes\t10^9/L',
        'a link, ☑ consent, α-blocker, age ≥65 {sic}',
        'shown end',
      ].join('\n'),
    );
  });
  it('reads HTML packed into RTF once', async () => {
    assert.equal(await textOf('encapsulated.rtf'), 'Follow-up in 2 weeks');
  });
  it('reads double-byte characters made of two escapes', async () => {
    const bytes = bytesOf(
      String.raw`{\rtf1\ansi\ansicpg932{\fonttbl{\f0\fcharset128 MS Mincho;}}\f0 \'93\'aa\'92\'c9}`,
    );
    assert.equal((await extractText({ bytes })).text, '頭痛');
  });
  it('is not harmed by very many nested groups', async () => {
    const bytes = bytesOf(`{\\rtf1 ${'{'.repeat(3e5)}pain${'}'.repeat(3e5)}}`);
    assert.equal((await extractText({ bytes })).text, 'pain');
  });
});

describe('C-CDA', () => {
  it('walks the sections in order, titles as headings, narrative only', async () => {
    assert.equal(await textOf('ccda.xml', 'text/xml'), STRUCTURED);
  });
  it('reads the charset of the XML declaration', async () => {
    assert.equal(await textOf('ccda-latin1.xml'), 'Plan\n\nRenée');
  });
  it('reads a body that is not XML: text, RTF, PDF', async () => {
    assert.equal(await textOf('ccda-text-body.xml'), 'Renée has no chest pain.');
    assert.equal(await textOf('ccda-rtf-body.xml'), await textOf('progress-note.rtf'));
    assert.equal(await textOf('ccda-pdf-body.xml'), await textOf('progress-note.pdf'));
  });
  it('refuses a truncated document, a pointer to a file, and entities that could expand', async () => {
    await refused('ccda-truncated.xml', 'input-unsupported', /not well-formed/);
    await refused('ccda-reference-body.xml', 'input-unsupported', /points to a file/);
    await refused('ccda-bomb.xml', 'input-unsupported', /document type declaration/);
  });
});

describe('PDF', () => {
  it('reads the text layer page by page, columns apart', async () => {
    const text = await textOf('progress-note.pdf', 'application/pdf');
    assert.equal(
      text.replace('μ', 'µ'),
      [
        'Assessment',
        'Atrial fibrillation, diagnosed in 2021. Patient Renée Müller\nreports no chest pain. Temperature 38.2 °C.',
        'Haemoglobin\t9.1 g/dL\nCreatinine\t88 µmol/L',
        'Plan: apixaban 5 mg twice daily.',
      ].join('\n\n'),
    );
  });
  it('reads one that only its printing is locked', async () => {
    assert.equal(await textOf('owner-locked.pdf'), await textOf('progress-note.pdf'));
  });
  it('says what is wrong with an encrypted, a scanned and a damaged one', async () => {
    await refused('encrypted.pdf', 'input-unsupported', /encrypted/);
    await refused('scanned.pdf', 'input-unsupported', /scanned/);
    const damaged = (await fixture('progress-note.pdf')).slice(0, 300);
    await assert.rejects(extractText({ bytes: damaged }), { code: 'input-unsupported' });
  });
});

describe('media types', () => {
  const wrong = [
    undefined,
    'application/octet-stream',
    'text/plain',
    'application/pdf',
    'application/msword',
    'text/xml',
  ];
  const documents = {
    'progress-note.rtf': 'rtf',
    'progress-note.html': 'html',
    'ccda.xml': 'ccda',
    'progress-note.pdf': 'pdf',
  };
  for (const [name, format] of Object.entries(documents)) {
    it(`knows ${name} whatever it is declared as`, async () => {
      const bytes = await fixture(name);
      for (const type of wrong) {
        assert.equal(sniff(bytes, type), format, type);
      }
    });
  }
  it('takes text that is declared as something else for text', async () => {
    assert.equal(await textOf('windows-1252.txt', 'application/pdf'), PLAIN);
  });
  it('does not take data for a note, nor markup for words', () => {
    const json = bytesOf('{"resourceType": "Bundle"}');
    assert.deepEqual(sniff(json), { other: 'application/json' });
    assert.deepEqual(sniff(json, 'application/fhir+json'), { other: 'application/fhir+json' });
    assert.equal(sniff(bytesOf('<div>No <b>pain</b></div>'), 'text/plain'), 'html');
    assert.equal(sniff(bytesOf('<b is less than b'), 'text/plain'), 'plain');
    assert.equal(sniff(bytesOf('[x] consent'), undefined), 'plain');
  });
  it('names the type of what holds no text', async () => {
    await refused('picture.png', 'input-unsupported', /image\/png/);
    await assert.rejects(extractText({ bytes: Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0]), contentType: 'text/plain' }), {
      message: /application\/zip/,
    });
  });
});

describe('the thread that reads', () => {
  it('is ended after its time, and the note refused', async () => {
    const bytes = bytesOf(`<html>${'<p>pain</p>'.repeat(200_000)}`);
    await assert.rejects(extractText({ bytes }, { seconds: 0.01, megabytes: 256 }), {
      code: 'input-unsupported',
      message: /within 0.01 seconds/,
    });
  });
  it('is ended when it needs too much memory, and nothing else is', async () => {
    const bytes = bytesOf(`<html>${'<p>pain</p>'.repeat(300_000)}`);
    await assert.rejects(extractText({ bytes }, { seconds: 60, megabytes: 24 }), { code: 'input-too-large' });
  });
});
