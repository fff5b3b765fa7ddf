/** Files in the EHR: Binaries before the transaction, what refers to them within it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  Binary,
  DiagnosticReport,
  DocumentReference,
  Media,
  Observation,
  Provenance,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import { isWithdrawn } from '../../src/fhir/take-back.ts';
import type { FhirClient, Publication, WrittenPart } from '../../src/fhir/types.ts';
import { openValidator } from '../../src/fhir/validate.ts';
import type { Finding } from '../../src/findings.ts';
import { assertHolds, HEAT_MAP, MASK, mask, picture, vendorsReport } from './publish-files-support.ts';
import { findingsOf, openWard, PALPITATIONS, type Ward } from './publish-support.ts';
import { nullified, retractionOf, take } from './retract-support.ts';

const ALL = [PALPITATIONS, HEAT_MAP, MASK];

/** The findings with their files, and the vendor's own report beside ours. */
async function withFiles(ward: Ward, more: Partial<Publication> = {}, items: Finding[] = ALL): Promise<Publication> {
  const findings = findingsOf(items);
  return ward.publication(items, {
    findings: { ...findings, report: { ...findings.report, attachments: ['vendor.json'] } },
    files: [picture(), mask(), vendorsReport()],
    ...more,
  });
}

const ours = (documents: DocumentReference[]): DocumentReference[] => documents.filter(({ identifier }) => identifier);
const documentsOf = async (ward: Ward) => ours(await ward.all<DocumentReference>('DocumentReference'));
const mediaOf = (ward: Ward) => ward.all<Media>('Media');

async function reportOf(ward: Ward): Promise<DiagnosticReport> {
  const [report, ...others] = await ward.all<DiagnosticReport>('DiagnosticReport');
  assert.ok(report);
  assert.equal(others.length, 0);
  return report;
}

async function assertValid(resources: Resource[]): Promise<void> {
  const validate = await openValidator();
  for (const resource of resources) {
    assert.deepEqual(validate(resource), [], resource.resourceType);
  }
}

for (const options of [
  { manner: 'medplum', transactions: 'atomic' },
  { manner: 'hapi', transactions: 'atomic' },
  { manner: 'medplum', transactions: 'batch' },
  { manner: 'medplum', transactions: 'none' },
  { manner: 'hapi', transactions: 'none' },
] as const) {
  const where = `${options.manner}, ${options.transactions}`;

  test(`files stand once, before what refers to them, and are not written again (${where})`, async (t) => {
    const ward = await openWard(t, options);
    const remembered: WrittenPart[] = [];
    const publication = await withFiles(ward, {
      remember: async (parts) => {
        assert.equal((await mediaOf(ward)).length, 0, 'remembered before anything refers to it');
        remembered.push(...parts);
      },
    });
    const first = await ward.publish(publication);
    assert.deepEqual(first.leftOut, []);
    assert.equal(remembered.length, 3);
    assert.ok(remembered.every(({ part, type }) => type === 'Binary' && /^binary\/[\w-]{27}\/\w+\/[\w+]+$/.test(part)));

    const [media, ...pictures] = await mediaOf(ward);
    const [document, ...documents] = await documentsOf(ward);
    const report = await reportOf(ward);
    assert.equal(pictures.length + documents.length, 0);
    await assertHolds(ward, media?.content, picture());
    await assertHolds(ward, document?.content[0]?.attachment, mask());
    assert.equal(report.presentedForm?.[0]?.contentType, 'text/html');
    await assertHolds(ward, report.presentedForm?.[1], vendorsReport());
    const binaries = await ward.all<Binary>('Binary');
    assert.equal(binaries.length, 3);
    assert.ok(binaries.every(({ securityContext }) => securityContext?.reference === ward.patient));

    assert.deepEqual(report.media, [{ comment: HEAT_MAP.label, link: { reference: `Media/${media?.id}` } }]);
    assert.match(report.text?.div ?? '', /Heat map of schistocytes: see the pictures of this report\./);
    assert.match(report.text?.div ?? '', /File vendor\.json: attached to this report\./);
    assert.doesNotMatch(report.text?.div ?? '', /<td>Heat map/);
    assert.equal(media?.status, 'completed');
    assert.equal(media?.type?.coding?.[0]?.code, 'image');
    assert.equal(media?.createdDateTime, publication.findings.report.effective);
    assert.deepEqual([document?.status, document?.docStatus], ['current', 'preliminary']);
    assert.match(document?.author?.[0]?.reference ?? '', /^Device\//);
    assert.equal(document?.context?.related?.[0]?.reference, ward.note);
    for (const one of [media, document]) {
      assert.equal(one?.meta?.security?.[0]?.code, 'AIAST');
      assert.equal(one?.subject?.reference, ward.patient);
    }
    const targets = (await ward.all<Provenance>('Provenance')).map(({ target }) => target[0]?.reference);
    const results = [`Media/${media?.id}`, `DocumentReference/${document?.id}`];
    assert.deepEqual(
      results.map((result) => targets.filter((target) => target === result).length),
      [1, 1],
    );
    const outputs = (await ward.task()).output?.map(({ valueReference }) => valueReference?.reference ?? '');
    assert.ok(results.every((result) => outputs?.includes(result)));
    assert.ok(!outputs?.some((output) => output.startsWith('Binary/')));
    await assertValid([...binaries, report, ...(media ? [media] : []), ...(document ? [document] : [])]);

    const files = [picture(), mask(), vendorsReport()];
    const again = await ward.publish(await withFiles(ward, { files, written: first.written }));
    const forgetful = await ward.publish(await withFiles(ward, { files }));
    assert.deepEqual(again.task, first.task, 'not even the Task');
    assert.deepEqual(forgetful.task, first.task);
    const byPart = (a: WrittenPart, b: WrittenPart): number => a.part.localeCompare(b.part);
    const known = (parts: WrittenPart[]) => parts.filter(({ type }) => type !== 'Binary').sort(byPart);
    assert.deepEqual(known(forgetful.written), known(first.written), 'what stands is known to be ours');
    assert.equal((await ward.all('Binary')).length, 3);
    assert.ok(
      files.every(({ reads }) => reads === 0),
      'what stands is not even read',
    );
    assert.deepEqual((await mediaOf(ward))[0]?.meta?.versionId, media?.meta?.versionId);
  });

  test(`a changed file is another Binary and a new version of what refers to it (${where})`, async (t) => {
    const ward = await openWard(t, options);
    const first = await ward.publish(await withFiles(ward));
    const before = (await mediaOf(ward))[0];
    const changed = picture('another heat map');
    const publication = await withFiles(ward, { files: [changed, mask(), vendorsReport()], written: first.written });
    await ward.publish(publication);
    const [media, ...others] = await mediaOf(ward);
    assert.equal(others.length, 0);
    assert.equal(media?.id, before?.id);
    await assertHolds(ward, media?.content, changed);
    assert.equal((await ward.all('Binary')).length, 4);
    const revisions = (await ward.all<Provenance>('Provenance')).filter(
      ({ activity }) => activity?.coding?.[0]?.code === 'UPDATE',
    );
    const ofMedia = revisions.filter(({ target }) => target[0]?.reference === `Media/${media?.id}`);
    assert.deepEqual(
      ofMedia.map(({ entity }) => entity?.find(({ role }) => role === 'revision')?.what.reference),
      [`Media/${media?.id}/_history/${before?.meta?.versionId}`],
    );
  });

  test(`files are withdrawn with the rest, but one that somebody has edited is left alone (${where})`, async (t) => {
    const ward = await openWard(t, options);
    const publication = await withFiles(ward);
    const { written } = await ward.publish(publication);
    const [document] = await documentsOf(ward);
    assert.ok(document);
    await ward.update({ ...document, description: 'Shown to the patient' });
    const done = await take(ward, retractionOf(publication, written));
    assert.deepEqual(done.leftAlone, [`DocumentReference/${document.id} was edited since and is left alone`]);
    const [media] = await mediaOf(ward);
    assert.ok(media && isWithdrawn(media));
    await assertHolds(ward, media.content, picture());
    assert.deepEqual(
      (await documentsOf(ward)).map(({ status }) => status),
      ['current'],
    );
    assert.ok((await nullified(ward)).some(({ target }) => target[0]?.reference === `Media/${media.id}`));
    assert.equal((await reportOf(ward)).presentedForm, undefined);
    await assertValid([media]);
    const forgetful = await take(ward, retractionOf(publication, written));
    assert.deepEqual(forgetful.leftAlone, done.leftAlone, 'a withdrawal whose answer was lost is known to be ours');
    assert.ok(forgetful.written.some(({ type, version }) => type === 'Media' && version === media.meta?.versionId));
    const again = await take(ward, retractionOf(publication, done.written));
    assert.equal((await mediaOf(ward))[0]?.meta?.versionId, media.meta?.versionId, 'signed URLs make no new version');
    assert.deepEqual(again.task, done.task);
  });
}

test('URLs that a server signs anew at every reading do not pass for changes', async (t) => {
  const ward = await openWard(t, { manner: 'medplum' });
  const first = await ward.publish(await withFiles(ward));
  const [stored] = await mediaOf(ward);
  const read = await ward.client.read<Media>('Media', stored?.id ?? '');
  assert.match(read?.content.url ?? '', /Signature=/);
  for (let round = 0; round < 2; round += 1) {
    await ward.publish(await withFiles(ward, { written: first.written }));
    // Nothing remembered, as after a lost answer.
    await ward.publish(await withFiles(ward));
  }
  assert.equal((await mediaOf(ward))[0]?.meta?.versionId, stored?.meta?.versionId);
  assert.equal((await reportOf(ward)).meta?.versionId, first.written.find(({ part }) => part === 'report')?.version);
});

/** The client, whose raw writes of Binaries go through `around`. */
function saving(
  ward: Ward,
  around: (
    work: FhirClient['saveBytes'],
    ...args: Parameters<FhirClient['saveBytes']>
  ) => ReturnType<FhirClient['saveBytes']>,
): FhirClient {
  return { ...ward.client, saveBytes: (bytes, about) => around(ward.client.saveBytes, bytes, about) };
}

for (const manner of ['medplum', 'hapi'] as const) {
  test(`a Binary whose answer was lost costs one orphan at most (${manner})`, async (t) => {
    const ward = await openWard(t, { manner });
    let lost = 0;
    const client = saving(ward, async (work, bytes, about) => {
      const saved = await work(bytes, about);
      lost += 1;
      if (lost === 1) {
        throw new AdapterError('ehr-timeout', 'no answer');
      }
      return saved;
    });
    await ward.publish(await withFiles(ward), client);
    // Under an id of our choosing the second is the first.
    assert.equal((await ward.all('Binary')).length, manner === 'hapi' ? 3 : 4);
    assert.equal((await mediaOf(ward)).length, 1);
    assert.equal((await documentsOf(ward)).length, 1);
  });

  test(`Binaries that were not remembered are adopted from what refers to them (${manner})`, async (t) => {
    const ward = await openWard(t, { manner });
    await ward.publish(await withFiles(ward));
    const remembered: WrittenPart[] = [];
    const richer = { ...HEAT_MAP, label: 'Heat map of schistocytes and helmet cells', remarks: ['twelve circles'] };
    const publication = await withFiles(ward, { remember: async (parts) => void remembered.push(...parts) }, [
      PALPITATIONS,
      richer,
      MASK,
    ]);
    const unread = saving(ward, async () => assert.fail('nothing is to be written as a Binary'));
    await ward.publish(publication, unread);
    assert.equal(remembered.length, 3);
    assert.equal((await ward.all('Binary')).length, 3);
  });
}

test('a server that takes no raw bytes gets the Binary as FHIR JSON, with the AI label', async (t) => {
  const ward = await openWard(t);
  const client = saving(ward, async () => {
    throw new AdapterError('ehr-rejected', 'refused', { status: 415 });
  });
  await ward.publish(await withFiles(ward), client);
  const binaries = await ward.all<Binary>('Binary');
  assert.equal(binaries.length, 3);
  assert.ok(binaries.every(({ meta }) => meta?.security?.[0]?.code === 'AIAST'));
  await assertHolds(ward, (await mediaOf(ward))[0]?.content, picture());
});

for (const typesSaid of ['declared', 'named', 'bare'] as const) {
  for (const transactions of ['atomic', 'none'] as const) {
    test(`without Binaries small files stand inline, large ones are left out and said (${typesSaid}, ${transactions})`, async (t) => {
      const ward = await openWard(t, { transactions, lacks: { types: ['Binary'], typesSaid } });
      const files = [picture('large', 600_000), mask(), vendorsReport()];
      const first = await ward.publish(await withFiles(ward, { files }));
      assert.deepEqual(
        first.leftOut.map(({ part }) => part),
        [HEAT_MAP.part],
      );
      assert.equal((await ward.all('Binary')).length + (await mediaOf(ward)).length, 0);
      const [document] = await documentsOf(ward);
      await assertHolds(ward, document?.content[0]?.attachment, mask());
      const report = await reportOf(ward);
      await assertHolds(ward, report.presentedForm?.[1], vendorsReport());
      assert.equal(report.media, undefined);
      assert.match(report.text?.div ?? '', /Left out.*Heat map of schistocytes.*too large/s);
      const notes = (await ward.task()).note?.map(({ text }) => text ?? '') ?? [];
      assert.ok(notes.some((note) => /^Heat map of schistocytes is left out: its file is too large/.test(note)));
      assert.ok(notes.some((note) => /does not take Binary resources: files stand within/.test(note)));
      const again = await ward.publish(await withFiles(ward, { files, written: first.written }));
      assert.deepEqual(again.task, first.task);
    });

    test(`without Media a picture becomes a DocumentReference (${typesSaid}, ${transactions})`, async (t) => {
      const ward = await openWard(t, { transactions, lacks: { types: ['Media'], typesSaid } });
      const first = await ward.publish(await withFiles(ward));
      assert.deepEqual(first.leftOut, []);
      const documents = await documentsOf(ward);
      const standIn = documents.find(({ identifier }) =>
        identifier?.[0]?.value?.endsWith(`#${HEAT_MAP.part}/document`),
      );
      assert.equal(documents.length, 2);
      await assertHolds(ward, standIn?.content[0]?.attachment, picture());
      const report = await reportOf(ward);
      assert.equal(report.media, undefined);
      assert.match(
        report.text?.div ?? '',
        /Heat map of schistocytes: see the document beside this report\. This system/,
      );
      const notes = (await ward.task()).note?.map(({ text }) => text ?? '') ?? [];
      assert.ok(notes.some((note) => /Media resources: the pictures stand as DocumentReferences/.test(note)));
      const again = await ward.publish(await withFiles(ward, { written: first.written }));
      assert.deepEqual(again.task, first.task);
      await assertValid([report, ...documents]);
    });
  }
}

test('a server that learns to take Media gets the picture, and what stood in for it is withdrawn', async (t) => {
  const ward = await openWard(t);
  const refusing: FhirClient = {
    ...ward.client,
    capabilities: async () => {
      const { types, ...rest } = await ward.client.capabilities();
      const { Media: _, ...others } = types;
      return { ...rest, types: others };
    },
  };
  const first = await ward.publish(await withFiles(ward), refusing);
  assert.equal((await documentsOf(ward)).length, 2);
  const second = await ward.publish(await withFiles(ward, { written: first.written }));
  const [media] = await mediaOf(ward);
  await assertHolds(ward, media?.content, picture());
  assert.deepEqual((await documentsOf(ward)).map(({ status }) => status).sort(), ['current', 'entered-in-error']);
  assert.equal((await reportOf(ward)).media?.[0]?.link.reference, `Media/${media?.id}`);
  assert.equal((await ward.all('Binary')).length, 3);
  const again = await ward.publish(await withFiles(ward, { written: second.written }));
  assert.deepEqual(again.task, second.task);
});

test('with neither Media nor DocumentReferences a picture is left out, and said', async (t) => {
  const ward = await openWard(t, { lacks: { types: ['Media', 'DocumentReference'], typesSaid: 'declared' } });
  const published = await ward.publish(await withFiles(ward));
  assert.deepEqual(published.leftOut.map(({ part }) => part).sort(), [MASK.part, HEAT_MAP.part].sort());
  assert.match((await reportOf(ward)).text?.div ?? '', /does not take Media resources/);
  assert.equal((await ward.all('Observation')).length, 1);
});

for (const type of ['Media', 'Binary']) {
  test(`a site that calls ${type} essential is refused by a server that has none`, async (t) => {
    const ward = await openWard(t, { lacks: { types: [type], typesSaid: 'declared' } });
    await assert.rejects(ward.publish(await withFiles(ward, { essential: [type] })), {
      code: 'ehr-rejected',
      message: new RegExp(type),
    });
    assert.equal((await ward.all('DiagnosticReport')).length + (await ward.all('Binary')).length, 0);
    // An order without pictures needs neither.
    await ward.publish(await ward.publication([PALPITATIONS], { essential: [type] }));
  });
}

test('a finding whose file is missing is left out; a cancelled order stores no file', async (t) => {
  const ward = await openWard(t);
  const published = await ward.publish(await withFiles(ward, { files: [mask(), vendorsReport()] }));
  assert.deepEqual(published.leftOut, [{ part: HEAT_MAP.part, why: 'its file is missing' }]);

  const other = await withFiles(ward, { key: 'ward/DocumentReference/2/note-coding', files: [picture('other')] });
  const task = await ward.client.read('Task', other.taskId);
  assert.ok(task?.resourceType === 'Task');
  await ward.update({ ...task, status: 'cancelled' });
  const before = (await ward.all('Binary')).length;
  const stopped = await ward.publish(other);
  assert.equal(stopped.cancelled, true);
  assert.equal((await ward.all('Binary')).length, before);
});

test('a file larger than the server takes is left out, and the others stand', async (t) => {
  const ward = await openWard(t);
  const client = saving(ward, async (work, bytes, about) => {
    if (about.contentType === 'image/png') {
      throw new AdapterError('ehr-rejected', 'too large', { status: 413 });
    }
    return work(bytes, about);
  });
  const published = await ward.publish(await withFiles(ward), client);
  assert.deepEqual(published.leftOut, [{ part: HEAT_MAP.part, why: 'its file is larger than this system takes' }]);
  assert.equal((await ward.all('Binary')).length, 2);
});

test('results name what the order says was taken of the patient', async (t) => {
  const ward = await openWard(t);
  const order: ServiceRequest = {
    resourceType: 'ServiceRequest',
    id: 'sr',
    status: 'active',
    intent: 'order',
    subject: { reference: ward.patient },
    specimen: [{ reference: '#inside' }, { reference: 'Specimen/1' }, { reference: 'Specimen/2' }],
  };
  await ward.publish(await withFiles(ward, { focus: order }));
  const [observation] = await ward.all<Observation>('Observation');
  assert.deepEqual(observation?.specimen, { reference: 'Specimen/1' });
  assert.deepEqual((await reportOf(ward)).specimen, [{ reference: 'Specimen/1' }, { reference: 'Specimen/2' }]);
  assert.deepEqual((await mediaOf(ward))[0]?.basedOn, [{ reference: 'ServiceRequest/sr' }]);
});
