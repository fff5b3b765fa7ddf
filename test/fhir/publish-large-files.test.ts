/** Files of the site's storage: Binaries up to a limit, above it referred to where we serve them, never both. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attachment, Binary, DiagnosticReport, DocumentReference, Media, Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import { isWithdrawn } from '../../src/fhir/take-back.ts';
import type { FhirClient, Publication, PublishedFile, WrittenPart } from '../../src/fhir/types.ts';
import { openValidator } from '../../src/fhir/validate.ts';
import {
  addressOf,
  assertHolds,
  CRC32C,
  HEAT_MAP,
  keptFile,
  MASK,
  mask,
  picture,
  vendorsReport,
} from './publish-files-support.ts';
import { findingsOf, openWard, PALPITATIONS, type Ward } from './publish-support.ts';
import { retractionOf, take } from './retract-support.ts';

const ITEMS = [PALPITATIONS, HEAT_MAP, MASK];
const LIMIT = 1000;
const CHECKSUM = [{ url: 'urn:fhir-ai-adapter:crc32c', valueString: CRC32C }];

/** Three kept files: a small one, a large one, and a large one beside the report. */
const three = () => [
  keptFile(picture('small'), 'picture'),
  keptFile(mask('large', LIMIT + 1), 'mask'),
  keptFile(vendorsReport('table', 5000), 'table'),
];

function withFiles(ward: Ward, files: PublishedFile[], more: Partial<Publication> = {}): Promise<Publication> {
  const { report } = findingsOf([]);
  const findings = findingsOf(ITEMS, { report: { ...report, attachments: ['vendor.json'] } });
  return ward.publication(ITEMS, { findings, files, binaryLimit: LIMIT, ...more });
}

const documentOf = async (ward: Ward): Promise<DocumentReference> => {
  const all = await ward.all<DocumentReference>('DocumentReference');
  const [document, ...others] = all.filter(({ identifier }) => identifier);
  assert.equal(others.length, 0);
  return document ?? assert.fail('no document');
};
const mediaOf = async (ward: Ward): Promise<Media> => (await ward.all<Media>('Media'))[0] ?? assert.fail('no picture');
const reportOf = async (ward: Ward): Promise<DiagnosticReport> =>
  (await ward.all<DiagnosticReport>('DiagnosticReport'))[0] ?? assert.fail('no report');

async function assertValid(resources: Resource[]): Promise<void> {
  const validate = await openValidator();
  for (const resource of resources) {
    assert.deepEqual(validate(resource), [], resource.resourceType);
  }
}

/** The attachment refers to the file where we serve it, and says all that lets a reader check it. */
function assertLinked(attachment: Attachment | undefined, file: PublishedFile): void {
  assert.deepEqual(attachment, {
    extension: CHECKSUM,
    contentType: file.contentType,
    url: file.kept?.url,
    size: file.size,
    hash: file.sha1,
    title: file.title,
  });
}

for (const options of [
  { manner: 'medplum', transactions: 'atomic' },
  { manner: 'hapi', transactions: 'none' },
] as const) {
  const where = `${options.manner}, ${options.transactions}`;

  test(`what is small becomes a Binary, what is large stays and is referred to (${where})`, async (t) => {
    const ward = await openWard(t, options);
    const files = three();
    const [small, large, table] = files;
    assert.ok(small && large && table);
    const done = await ward.publish(await withFiles(ward, files));
    assert.deepEqual(done.leftOut, []);
    assert.deepEqual([small.reads, large.reads, table.reads], [1, 0, 0], 'what stays is not even read');
    const [media, document, report] = [await mediaOf(ward), await documentOf(ward), await reportOf(ward)];
    await assertHolds(ward, media.content, small);
    assert.deepEqual(media.content.extension, CHECKSUM, 'the vendor’s own checksum stands beside FHIR’s');
    assertLinked(document.content[0]?.attachment, large);
    assertLinked(report.presentedForm?.[1], table);
    assert.equal((await ward.all('Binary')).length, 1);
    assert.match(report.text?.div ?? '', /Mask of pores: see the document beside this report\./);
    assert.match(report.text?.div ?? '', /File vendor\.json: attached to this report\./);
    await assertValid([media, document, report]);
    const isOurs = (url: string): boolean => url.startsWith('https://adapter.example/');
    const told = done.holders.map(({ type, id, urls }) => [`${type}/${id}`, urls.filter(isOurs)]);
    assert.deepEqual(told, [
      [`Media/${media.id}`, []],
      [`DocumentReference/${document.id}`, [addressOf('mask')]],
      [`DiagnosticReport/${report.id}`, [addressOf('table')]],
    ]);

    const again = await ward.publish(await withFiles(ward, three(), { written: done.written }));
    const forgetful = await ward.publish(await withFiles(ward, three()));
    assert.deepEqual([again.task, forgetful.task], [done.task, done.task], 'nothing is left to do');
    assert.deepEqual(forgetful.holders.at(-1), done.holders.at(-1));
  });

  test(`what is taken back is referred to by nothing that stands (${where})`, async (t) => {
    const ward = await openWard(t, options);
    const publication = await withFiles(ward, three());
    const { written } = await ward.publish(publication);
    const done = await take(ward, retractionOf(publication, written));
    const document = await documentOf(ward);
    assert.ok(isWithdrawn(document));
    assert.equal(document.content[0]?.attachment.url, addressOf('mask'), 'whoever has seen it finds out what it was');
    assert.deepEqual(done.holders.map(({ type, urls }) => [type, urls]).sort(), [
      ['DiagnosticReport', []],
      ['DocumentReference', []],
      ['Media', []],
    ]);
    await assertValid([document]);
  });
}

test('one that somebody has edited since still refers to its file after the rest is taken back', async (t) => {
  const ward = await openWard(t);
  const publication = await withFiles(ward, three());
  const { written } = await ward.publish(publication);
  const document = await documentOf(ward);
  await ward.update({ ...document, description: 'Shown to the tumour board' });
  const { holders } = await take(ward, retractionOf(publication, written));
  assert.deepEqual(
    holders.find(({ type }) => type === 'DocumentReference'),
    { type: 'DocumentReference', id: document.id, urls: [addressOf('mask')] },
  );
});

test('another file under another address takes the place of the one before', async (t) => {
  const ward = await openWard(t);
  const first = await ward.publish(await withFiles(ward, three()));
  const before = await documentOf(ward);
  const changed = keptFile(mask('another', LIMIT + 5), 'mask2');
  const files = three().map((file) => (file.name === changed.name ? changed : file));
  const { holders } = await ward.publish(await withFiles(ward, files, { written: first.written }));
  const document = await documentOf(ward);
  assert.equal(document.id, before.id);
  assertLinked(document.content[0]?.attachment, changed);
  assert.deepEqual(holders.find(({ id }) => id === document.id)?.urls, [addressOf('mask2')]);
});

test('a file that is not found any more is withdrawn, and nothing refers to it', async (t) => {
  const ward = await openWard(t);
  const first = await ward.publish(await withFiles(ward, three()));
  const { report } = findingsOf([]);
  const items = [PALPITATIONS];
  const fewer = await ward.publication(items, { findings: findingsOf(items, { report }), written: first.written });
  const { holders } = await ward.publish(fewer);
  assert.ok(isWithdrawn(await documentOf(ward)));
  assert.deepEqual(
    holders.map(({ type, urls }) => [type, urls]),
    [
      ['Media', []],
      ['DocumentReference', []],
      ['DiagnosticReport', []],
    ],
  );
});

test('where nobody can reach us, a large file is left out, and that is said', async (t) => {
  const ward = await openWard(t);
  const files = [picture(), keptFile(mask('large', LIMIT + 1)), keptFile(vendorsReport('table', 5000))];
  const done = await ward.publish(await withFiles(ward, files));
  assert.deepEqual(
    done.leftOut.map(({ part }) => part),
    ['file/vendor.json', MASK.part],
  );
  const report = await reportOf(ward);
  assert.match(report.text?.div ?? '', /Left out.*Mask of pores.*not set up to hand it out itself/s);
  assert.equal(report.presentedForm?.length, 1);
  const notes = (await ward.task()).note?.map(({ text }) => text ?? '') ?? [];
  assert.ok(notes.some((note) => /^Mask of pores is left out: its file is too large for this system/.test(note)));
  assert.ok(notes.some((note) => /^File vendor\.json is left out/.test(note)));
});

test('from 2 GiB on there is no size, but a hash', async (t) => {
  const ward = await openWard(t);
  let written: WrittenPart[] = [];
  const sized = async (size: number): Promise<Attachment | undefined> => {
    const huge = { ...keptFile(mask(), `mask${size}`), size, sha1: Buffer.alloc(20, size % 251).toString('base64') };
    ({ written } = await ward.publish(await withFiles(ward, [picture(), huge, vendorsReport()], { written })));
    const document = await documentOf(ward);
    await assertValid([document]);
    return document.content[0]?.attachment;
  };
  assert.equal((await sized(2 ** 31 - 1))?.size, 2 ** 31 - 1);
  const attachment = await sized(7_000_000_000);
  assert.equal(attachment?.size, undefined);
  assert.equal(attachment?.hash, Buffer.alloc(20, 7_000_000_000 % 251).toString('base64'));
});

test('a file that the server finds too large, or does not like, is referred to instead', async (t) => {
  for (const status of [413, 422]) {
    const ward = await openWard(t);
    const refusing: FhirClient = {
      ...ward.client,
      saveBytes: () => Promise.reject(new AdapterError('ehr-rejected', 'refused', { status })),
      create: (resource, options) =>
        resource.resourceType === 'Binary'
          ? Promise.reject(new AdapterError('ehr-rejected', 'refused', { status }))
          : ward.client.create(resource, options),
    };
    const files = three();
    const done = await ward.publish(await withFiles(ward, files), refusing);
    assert.deepEqual(done.leftOut, []);
    assertLinked((await mediaOf(ward)).content, files[0] ?? assert.fail());
  }
});

for (const typesSaid of ['declared', 'bare'] as const) {
  test(`without Binaries a kept file stands inline where it is small, else it is referred to (${typesSaid})`, async (t) => {
    const ward = await openWard(t, { lacks: { types: ['Binary'], typesSaid } });
    const large = keptFile(mask('large', 800_000), 'mask');
    const files = [keptFile(picture('small'), 'picture'), large, vendorsReport()];
    const done = await ward.publish(await withFiles(ward, files, { binaryLimit: 1_000_000 }));
    assert.deepEqual(done.leftOut, []);
    await assertHolds(ward, (await mediaOf(ward)).content, files[0] ?? assert.fail());
    assertLinked((await documentOf(ward)).content[0]?.attachment, large);
  });
}

test('a site that calls Binary essential needs none for what stays in its storage', async (t) => {
  const ward = await openWard(t, { lacks: { types: ['Binary'], typesSaid: 'declared' } });
  const files = [keptFile(picture('a', 2000), 'picture'), keptFile(mask('b', 2000), 'mask')];
  const essential = ['Binary', 'DiagnosticReport'];
  const only = await ward.publication(ITEMS, { files, essential, binaryLimit: LIMIT });
  assert.deepEqual((await ward.publish(only)).leftOut, []);
  const small = await withFiles(ward, three(), { essential });
  await assert.rejects(ward.publish(small), { code: 'ehr-rejected' });
});

test('what is referred to is not moved when the limit rises, nor a Binary when it falls', async (t) => {
  const ward = await openWard(t);
  const first = await ward.publish(await withFiles(ward, three()));
  const remembered: WrittenPart[] = [];
  const more = { written: first.written, remember: async (parts: WrittenPart[]) => void remembered.push(...parts) };
  const raised = await ward.publish(await withFiles(ward, three(), { ...more, binaryLimit: 1_000_000 }));
  const lowered = await ward.publish(await withFiles(ward, three(), { ...more, binaryLimit: 0 }));
  assert.deepEqual([raised.task, lowered.task], [first.task, first.task]);
  assert.equal((await ward.all<Binary>('Binary')).length, 1);
  assert.deepEqual(remembered, []);
});
