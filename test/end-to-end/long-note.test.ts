/** A long note in every format: each result quotes exactly its words, and says no more than the words do. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Attachment, Condition, Extension, Observation, Procedure, Resource, Task } from '@medplum/fhirtypes';
import { extractText } from '../../src/fhir/text/index.ts';
import { createBinary, find, inline, ofType, outputsOf, placeNote, taskWhen } from '../support/clinic.ts';
import { asHtml, asPdf, asRtf, DONE, LISTED, LONG_NOTE, OBSERVED, WRITTEN } from '../support/long-note.ts';
import { MANNERS, onOneWhole, type Place } from '../support/whole.ts';

const DERIVATION = 'http://hl7.org/fhir/StructureDefinition/derivation-reference';
const SNOMED = 'http://snomed.info/sct';
const bytesOf = (text: string) => new TextEncoder().encode(text);

interface Format {
  contentType: string;
  bytes: Uint8Array;
  /** The note within the resource itself. */
  inline?: boolean;
}

const LATIN_NOTE = LONG_NOTE.replaceAll('’', "'")
  .replaceAll('–', '-')
  .replace(/[^\n\u0020-\u00ff]/gu, '');

const FORMATS: Record<string, Format> = {
  'plain text': { contentType: 'text/plain; charset=utf-8', bytes: bytesOf(LONG_NOTE), inline: true },
  HTML: { contentType: 'text/html', bytes: bytesOf(asHtml(LONG_NOTE)) },
  RTF: { contentType: 'application/rtf', bytes: bytesOf(asRtf(LONG_NOTE)) },
  PDF: { contentType: 'application/pdf', bytes: asPdf(LATIN_NOTE) },
};

/** The words at the place that a derivation names. */
function wordsAt(points: string[], extension: Extension, note: string): string {
  const inner = extension.extension ?? [];
  assert.equal(inner.find(({ url }) => url === 'reference')?.valueReference?.reference, note);
  const offset = inner.find(({ url }) => url === 'offset')?.valueInteger ?? -1;
  const length = inner.find(({ url }) => url === 'length')?.valueInteger ?? -1;
  assert.ok(offset >= 0 && length > 0 && offset + length <= points.length);
  return points.slice(offset, offset + length).join('');
}

const derivations = (extensions: Extension[] | undefined) => (extensions ?? []).filter(({ url }) => url === DERIVATION);

function snomedOf(result: Resource): string {
  const { code } = coded(result);
  return code?.coding?.find(({ system }) => system === SNOMED)?.code ?? '';
}

function coded(result: Resource): Condition | Observation | Procedure {
  assert.ok(
    result.resourceType === 'Condition' || result.resourceType === 'Observation' || result.resourceType === 'Procedure',
  );
  return result;
}

async function assertQuotes(place: Place, results: Resource[], text: string, note: string): Promise<void> {
  const points = Array.from(text);
  const sha256 = createHash('sha256').update(text, 'utf8').digest('hex');
  let places = 0;
  for (const result of results.map(coded)) {
    const found = derivations(result.extension).map((one) => wordsAt(points, one, note));
    const quoted = (result.note ?? []).flatMap(
      ({ text: line }) => /^Quoted from the source: “(.*)”$/su.exec(line ?? '')?.[1] ?? [],
    );
    assert.ok(found.length > 0, `${result.resourceType} ${snomedOf(result)} has no place`);
    assert.deepEqual([...new Set(found.map((words) => words.trim()))].sort(), quoted.sort());
    places += found.length;
    const [provenance, ...others] = await find(place, 'Provenance', `target=${result.resourceType}/${result.id}`);
    assert.deepEqual(others, []);
    const source = provenance?.entity?.find(({ role }) => role === 'source');
    assert.equal(source?.what.reference, note);
    assert.equal(source?.what.identifier?.value, sha256);
    assert.deepEqual(
      derivations(source?.extension).map((one) => wordsAt(points, one, note)),
      found,
    );
  }
  assert.ok(places >= results.length);
}

function assertSaidNoMore(results: Resource[], task: Task): void {
  const conditions = ofType(results, 'Condition');
  const certainties = conditions.map((one): [string, string] => [
    snomedOf(one),
    one.verificationStatus?.coding?.[0]?.code ?? '',
  ]);
  assert.deepEqual(Object.fromEntries(certainties), WRITTEN);
  assert.deepEqual(ofType(results, 'Observation').map(snomedOf).sort(), [...OBSERVED].sort());
  assert.deepEqual(ofType(results, 'Procedure').map(snomedOf), DONE);
  const [report] = ofType(results, 'DiagnosticReport');
  const told = report?.text?.div ?? '';
  const html = Buffer.from(report?.presentedForm?.[0]?.data ?? '', 'base64').toString();
  for (const [label, why] of Object.entries(LISTED)) {
    for (const shown of [told, html]) {
      const line =
        new RegExp(`<(?:tr|li)>(?:(?!</(?:tr|li)>).)*${label}(?:(?!</(?:tr|li)>).)*`, 'su').exec(shown)?.[0] ?? '';
      assert.match(line, why, `${label} is not told: ${task.id}`);
    }
  }
}

async function attachmentOf(place: Place, { contentType, bytes, inline: within }: Format): Promise<Attachment> {
  const creation = '2026-11-19T14:40:00+01:00';
  return within
    ? inline(Buffer.from(bytes).toString('utf8'), contentType)
    : { contentType, creation, url: await createBinary(place, bytes, contentType) };
}

test('the note is as long and as odd as it has to be', () => {
  assert.ok(Array.from(LONG_NOTE).length > 6000, String(Array.from(LONG_NOTE).length));
  assert.ok(LONG_NOTE.length > Array.from(LONG_NOTE).length);
  assert.equal(LONG_NOTE.normalize('NFC'), LONG_NOTE);
});

onOneWhole('a long note', { medplum: { manner: 'medplum' }, hapi: { manner: 'hapi' } }, (whole) => {
  for (const manner of MANNERS) {
    for (const [name, format] of Object.entries(FORMATS)) {
      test(`as ${name} is quoted to the letter in the EHR of ${manner}'s manner`, async () => {
        const place = whole().place(manner);
        const note = await placeNote(place, { attachment: await attachmentOf(place, format) });
        const task = await taskWhen(place, note);
        const { text } = await extractText({ bytes: format.bytes, contentType: format.contentType });
        if (format.inline) {
          assert.equal(text, LONG_NOTE);
        }
        const outputs = await outputsOf(place, task);
        const results = outputs.filter(({ resourceType }) => resourceType !== 'DiagnosticReport');
        assertSaidNoMore(outputs, task);
        await assertQuotes(place, results, text, note.reference);
      });
    }
  }
});
