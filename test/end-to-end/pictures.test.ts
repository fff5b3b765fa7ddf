/** What stands in the EHR after the example smear and the example photo, line by line, and what left for it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { DiagnosticReport, DocumentReference, Media, Resource, Task } from '@medplum/fhirtypes';
import sharp from 'sharp';
import { HAUTAI_DEFAULTS } from '../../sandbox/hautai/defaults.ts';
import { openLog } from '../../src/log.ts';
import { find, ofType, orderOf, outputsOf, type PlacedNote, tasksOf, taskWhen } from '../support/clinic.ts';
import { FACE_ROUTE, SMEAR_ROUTE } from '../support/picture-sites.ts';
import {
  billsOf,
  bytesOf,
  disclosuresOf,
  nameOf,
  partOf,
  placeExampleOf,
  pseudonymsOf,
  withoutMetadata,
} from '../support/pictures.ts';
import { assertSound } from '../support/sound.ts';
import { onEveryWhole, type Place } from '../support/whole.ts';

const SMEAR_FILE = await readFile(new URL('../../sandbox/examples/smear.jpg', import.meta.url));
const FACE_FILE = await readFile(new URL('../../sandbox/examples/face-front.jpg', import.meta.url));

const lines: string[] = [];
const log = openLog('debug', { write: (line) => void lines.push(line) });

const SITE = { hemato: {}, hautai: {}, policy: { requireConsent: ['hautai'] } } as const;
const SITES = {
  medplum: { manner: 'medplum', ...SITE },
  hapi: { manner: 'hapi', ...SITE },
  none: { manner: 'hapi', transactions: 'none', ...SITE },
} as const;

/** What both have in common: one Task, one set, all of it ours, preliminary, and of this patient. */
async function assertSet(place: Place, order: PlacedNote, task: Task, outputs: Resource[]): Promise<DiagnosticReport> {
  assert.equal((await tasksOf(place, order)).length, 1);
  assert.deepEqual([task.focus?.reference, task.for?.reference], [order.reference, order.patient]);
  assert.equal(task.statusReason, undefined);
  const parts = outputs.map((one) => partOf(one, place, order));
  assert.equal(new Set(parts).size, parts.length);
  const [report, ...others] = ofType(outputs, 'DiagnosticReport');
  assert.ok(report && others.length === 0);
  assert.equal(report.status, 'preliminary');
  assert.deepEqual(report.basedOn, [{ reference: order.reference }]);
  assert.equal(report.subject?.reference, order.patient);
  assert.match(report.performer?.[0]?.reference ?? '', /^Organization\//);
  assert.match(report.text?.div ?? '', /AI-generated, not verified by a clinician/);
  assert.deepEqual(
    report.result?.map(({ reference }) => reference),
    ofType(outputs, 'Observation').map(nameOf),
  );
  assert.deepEqual(
    report.media?.map(({ link }) => link.reference),
    ofType(outputs, 'Media').map(nameOf),
  );
  assert.ok(report.media?.every(({ comment = '' }) => comment.length > 10));
  assert.deepEqual(ofType(outputs, 'Condition'), []);
  for (const one of ofType(outputs, 'Observation')) {
    assert.deepEqual([one.status, one.subject?.reference], ['preliminary', order.patient]);
    assert.match(one.performer?.[0]?.reference ?? '', /^Organization\//);
    assert.match(one.device?.reference ?? '', /^Device\//);
  }
  const stored = JSON.stringify([task, ...outputs]);
  assert.doesNotMatch(stored, /https?:\/\/(?:127\.0\.0\.1|localhost)|Signature=|Expires=|AccessKeyId/);
  for (const pseudonym of await pseudonymsOf(place)) {
    assert.ok(!stored.includes(pseudonym), 'a pseudonym stands in the EHR');
  }
  return report;
}

/** The bytes that a result stands for, as anybody reads them over FHIR, of the type that they say. */
async function pictureOf(place: Place, result: Media | DocumentReference) {
  const attachment = result.resourceType === 'Media' ? result.content : result.content[0]?.attachment;
  assert.match(attachment?.url ?? '', /^Binary\//);
  const bytes = await bytesOf(place, attachment?.url ?? '');
  assert.equal(bytes.length, attachment?.size);
  return { bytes, contentType: attachment?.contentType };
}

async function assertSmear(place: Place, order: PlacedNote): Promise<void> {
  const task = await taskWhen(place, order);
  const outputs = await outputsOf(place, task);
  const report = await assertSet(place, order, task, outputs);
  assert.deepEqual(
    report.category?.flatMap(({ coding = [] }) => coding.map(({ code }) => code)),
    ['LAB', 'HM'],
  );
  assert.equal(report.code.coding?.[0]?.code, '5909-7');
  // When the blood was taken, not when the picture was.
  assert.equal(Date.parse(report.effectiveDateTime ?? ''), Date.parse('2026-11-21T08:15:00+01:00'));
  assert.match(report.specimen?.[0]?.reference ?? '', /^Specimen\//);
  const parts = outputs.map((one) => partOf(one, place, order));
  for (const part of ['report', 'finding/ring-trophozoite', 'obs/rbc-density', 'differential/b50', 'heat-map/1']) {
    assert.ok(parts.includes(part), `${part} is not among ${parts}`);
  }
  const [density] = ofType(outputs, 'Observation').filter((one) => partOf(one, place, order) === 'obs/rbc-density');
  assert.deepEqual(
    [density?.valueQuantity?.system, density?.valueQuantity?.code],
    ['http://unitsofmeasure.org', '10*6/uL'],
  );
  assert.match(density?.derivedFrom?.[0]?.reference ?? '', /^Media\//);
  const [heatMap, ...more] = ofType(outputs, 'Media');
  assert.ok(heatMap && more.length === 0);
  const { bytes, contentType } = await pictureOf(place, heatMap);
  const { format, width, height, exif } = await sharp(bytes).metadata();
  assert.deepEqual([contentType, format, width, exif], ['image/png', 'png', 1200, undefined]);
  assert.ok(height >= 900);
  const kept = (report.presentedForm ?? []).find((form) => form.contentType === 'application/json');
  const vendors = JSON.parse((await bytesOf(place, kept?.url ?? '')).toString('utf8'));
  assert.match(JSON.stringify(vendors), /ring trophozoite/);
  assert.equal(report.presentedForm?.[0]?.contentType, 'text/html');
}

async function assertFace(place: Place, order: PlacedNote): Promise<void> {
  const task = await taskWhen(place, order);
  const outputs = await outputsOf(place, task);
  const report = await assertSet(place, order, task, outputs);
  assert.equal(Date.parse(report.effectiveDateTime ?? ''), Date.parse('2026-11-20T10:05:00+01:00'));
  assert.match(report.conclusion ?? '', /not a medical diagnosis/);
  const observations = ofType(outputs, 'Observation');
  assert.equal(observations.length, 27);
  for (const one of observations) {
    assert.equal(one.code.coding?.[0]?.system, 'urn:fhir-ai-adapter:hautai');
    assert.equal(one.effectiveDateTime, report.effectiveDateTime);
  }
  const [masks, drawings] = [ofType(outputs, 'Media'), ofType(outputs, 'DocumentReference')];
  assert.ok(
    masks.length >= 10 && masks.length === drawings.length,
    `${masks.length} masks, ${drawings.length} drawings`,
  );
  for (const drawing of drawings) {
    const { bytes, contentType } = await pictureOf(place, drawing);
    assert.equal(contentType, 'image/svg+xml');
    assert.match(bytes.toString('utf8'), /^<svg .*<\/svg>$/s);
    assert.doesNotMatch(bytes.toString('utf8'), /script|href="http|data:/i);
    assert.deepEqual([drawing.docStatus, drawing.subject?.reference], ['preliminary', order.patient]);
  }
  for (const mask of masks.slice(0, 3)) {
    const { bytes, contentType } = await pictureOf(place, mask);
    assert.deepEqual([contentType, (await sharp(bytes).metadata()).format], ['image/png', 'png']);
    assert.equal(mask.view?.text, 'front');
  }
}

/** The model, its maker and we stand behind each result. */
async function assertMakers(place: Place, order: PlacedNote, maker: string): Promise<void> {
  const outputs = await outputsOf(place, await taskWhen(place, order));
  const provenances = await find(place, 'Provenance');
  for (const output of outputs) {
    const [made, ...others] = provenances.filter(({ target }) =>
      target.some((one) => one.reference === nameOf(output)),
    );
    assert.ok(made && others.length === 0, nameOf(output));
    const [author, assembler] = made.agent;
    const [type = '', id = ''] = author?.who.reference?.split('/') ?? [];
    const model = await place.sandbox.ehr.read(type, id);
    assert.ok(model?.resourceType === 'Device' && model.manufacturer === maker, `${model?.resourceType}`);
    assert.match(author?.onBehalfOf?.reference ?? '', /^Organization\//);
    assert.match(assembler?.who.reference ?? '', /^Device\//);
  }
}

/** What may never be said: whose it is, under which name it left, and with what we came in. */
function assertDiscreet(): void {
  const said = lines.join('');
  assert.ok(lines.length > 20);
  const secrets = [HAUTAI_DEFAULTS.token, 'sandbox-password', 'Signature', 'Bearer'];
  for (const word of ['Lefèvre', 'Noémie', '1958-04-23', 'EX-20417', 'trophozoite', 'Mask of', ...secrets]) {
    assert.ok(!said.includes(word), `a line of the log says ${word}`);
  }
}

onEveryWhole(
  'an order of pictures',
  SITES,
  (whole) => {
    for (const name of ['medplum', 'hapi', 'none']) {
      test(`leaves what is promised in the EHR of ${name}, of a smear and of a face`, async () => {
        const place = whole().place(name);
        // The same patient: one after the other.
        const smear = await placeExampleOf(place, SMEAR_ROUTE);
        const face = await placeExampleOf(place, FACE_ROUTE);
        assert.equal(smear.patient, face.patient);
        await assertSmear(place, smear);
        await assertFace(place, face);
        await assertMakers(place, smear, 'Hemato.AI');
        await assertMakers(place, face, 'Haut.AI');
        assert.deepEqual(billsOf(place, 'hemato', [withoutMetadata(SMEAR_FILE)]), { received: 1, bills: 1 });
        assert.deepEqual(billsOf(place, 'hautai', [withoutMetadata(FACE_FILE)]), { received: 1, bills: 1 });
        assert.deepEqual((await orderOf(place, smear))?.notes, []);
        await assertSound(place);
        assertDiscreet();
        const told = [...((await disclosuresOf(place, smear)) ?? []), ...((await disclosuresOf(place, face)) ?? [])];
        const inputs = new Set(told.flatMap(({ input }) => input ?? []));
        assert.deepEqual([...inputs], told.length === 0 ? [] : ['picture/001']);
        assert.ok(told.every(({ fields }) => fields.length > 0));
        const pseudonyms = await pseudonymsOf(place);
        assert.ok(pseudonyms.length > 0 && lines.every((line) => !pseudonyms.some((one) => line.includes(one))));
      });
    }

    test('has a place in its photo that nobody may learn', async () => {
      const { exif = Buffer.alloc(0) } = await sharp(FACE_FILE).metadata();
      // The pointer to a block of GPS positions.
      assert.ok(exif.includes(Buffer.from('8825', 'hex')) || exif.includes(Buffer.from('2588', 'hex')));
      assert.equal((await sharp(withoutMetadata(FACE_FILE)).metadata()).exif, undefined);
    });
  },
  { log },
);
