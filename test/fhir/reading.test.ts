import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { DocumentReference, Patient, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import { DOWNLOAD_LIMIT } from '../../src/fhir/attachments.ts';
import { readOrder } from '../../src/fhir/inputs.ts';
import type { OrderReading } from '../../src/fhir/types.ts';
import { type ReadingServer, readingServer } from './reading-client.ts';

const patient: Patient = { resourceType: 'Patient', id: 'p' };
const encounter: Resource = {
  resourceType: 'Encounter',
  id: 'e',
  status: 'finished',
  class: { code: 'AMB' },
  subject: { reference: 'Patient/p' },
};
const bytesOf = (text: string) => new TextEncoder().encode(text);
const base64 = (text: string) => Buffer.from(text).toString('base64');

function note(more: Partial<DocumentReference> = {}): DocumentReference {
  return {
    resourceType: 'DocumentReference',
    id: 'n',
    meta: { versionId: '3' },
    status: 'current',
    docStatus: 'final',
    subject: { reference: 'Patient/p' },
    author: [{ reference: 'Practitioner/d' }],
    date: '2024-03-01T10:00:00Z',
    context: { encounter: [{ reference: 'Encounter/e' }] },
    content: [{ attachment: { contentType: 'text/plain', data: base64('No chest pain. 🫀') } }],
    ...more,
  };
}

function request(more: Partial<ServiceRequest> = {}): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    id: 's',
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/p' },
    encounter: { reference: 'Encounter/e' },
    requester: { reference: 'Practitioner/d' },
    supportingInfo: [{ reference: 'DocumentReference/n' }],
    ...more,
  };
}

async function reading(
  server: ReadingServer,
  id: 'n' | 's' = 'n',
  options: { acceptMissingDocStatus?: boolean; download?: boolean } = {},
): Promise<OrderReading> {
  const type = id === 'n' ? 'DocumentReference' : 'ServiceRequest';
  const order = { type, id, needs: ['note' as const], acceptMissingDocStatus: true, ...options };
  const result = await readOrder(server.client, order);
  assert.ok(result);
  return result;
}

function textOf({ inputs, refusal }: OrderReading): string {
  const [input] = inputs;
  assert.ok(input, JSON.stringify(refusal));
  return new TextDecoder().decode(input.bytes);
}

describe('an order that is a note', () => {
  it('is read with patient, encounter and author, and its text with hash and length', async () => {
    const result = await reading(readingServer([note(), patient, encounter]));
    assert.equal(result.version, '3');
    assert.deepEqual(result.patient, patient);
    assert.deepEqual(result.encounter, encounter);
    assert.equal(result.subject, 'Patient/p');
    assert.equal(result.encounterReference, 'Encounter/e');
    assert.equal(result.requester, 'Practitioner/d');
    const bytes = bytesOf('No chest pain. 🫀');
    assert.deepEqual(result.inputs, [
      {
        name: 'note',
        kind: 'note',
        contentType: 'text/plain',
        sha256: createHash('sha256').update(bytes).digest('hex'),
        size: bytes.byteLength,
        characters: 16,
        date: '2024-03-01T10:00:00Z',
        reference: 'DocumentReference/n',
        bytes,
      },
    ]);
  });
  it('costs one request where the server searches, and reads side by side where not', async () => {
    const searching = readingServer([note(), patient, encounter], { searchable: true });
    await reading(searching);
    assert.deepEqual(searching.asked, [
      'search DocumentReference?_id=n&_include=DocumentReference:patient&_include=DocumentReference:encounter',
    ]);
    const plain = readingServer([note(), patient, encounter]);
    await reading(plain);
    assert.deepEqual(plain.asked, ['read DocumentReference/n', 'read Patient/p', 'read Encounter/e']);
  });
  it('is read by its id where the search refuses or does not know it yet', async () => {
    const server = readingServer([note(), patient, encounter], { searchable: true });
    const refusing = {
      ...server.client,
      search: () => Promise.reject(new AdapterError('ehr-rejected', 'unknown parameter')),
    };
    const result = await readOrder(refusing, {
      type: 'DocumentReference',
      id: 'n',
      needs: ['note'],
      acceptMissingDocStatus: true,
    });
    assert.equal(result?.inputs.length, 1);
  });
  it('is undefined when it is gone', async () => {
    const order = { type: 'DocumentReference', id: 'n', needs: [], acceptMissingDocStatus: true };
    assert.equal(await readOrder(readingServer([]).client, order), undefined);
  });
  it('takes its date from the period, then from the attachment', async () => {
    const { date: _date, ...undated } = note();
    const period = { ...undated, context: { period: { start: '2024-02-02' } } };
    assert.equal((await reading(readingServer([period, patient]))).inputs[0]?.date, '2024-02-02');
    const created = {
      ...undated,
      content: [{ attachment: { contentType: 'text/plain', data: base64('pain'), creation: '2024-01-01' } }],
    };
    assert.equal((await reading(readingServer([created, patient]))).inputs[0]?.date, '2024-01-01');
  });
  it('understands absolute and versioned references of its own server only', async () => {
    const own = note({ subject: { reference: 'https://ehr.example/fhir/R4/Patient/p/_history/2' } });
    assert.equal((await reading(readingServer([own, patient]))).subject, 'Patient/p');
    const foreign = note({ subject: { reference: 'https://other.example/fhir/Patient/p' } });
    assert.equal((await reading(readingServer([foreign, patient]))).refusal?.code, 'order-incomplete');
  });
  it("leaves out an encounter that is another patient's or gone", async () => {
    const other: Resource = { ...encounter, resourceType: 'Encounter', subject: { reference: 'Patient/q' } };
    for (const others of [[other], []]) {
      const result = await reading(readingServer([note(), patient, ...others]));
      assert.equal(result.encounterReference, undefined);
      assert.equal(result.inputs.length, 1);
    }
  });
});

describe('an order that is none', () => {
  it('not yet: preliminary, or without docStatus where the site wants one', async () => {
    const preliminary = await reading(readingServer([note({ docStatus: 'preliminary' }), patient]));
    assert.match(preliminary.notYet ?? '', /preliminary/);
    assert.deepEqual(preliminary.inputs, []);
    const { docStatus: _docStatus, ...silent } = note();
    const server = readingServer([silent, patient]);
    assert.equal((await reading(server)).notYet, undefined);
    assert.match((await reading(server, 'n', { acceptMissingDocStatus: false })).notYet ?? '', /docStatus/);
  });
  it('any more: entered in error, superseded, revoked', async () => {
    const gone: Partial<DocumentReference>[] = [
      { status: 'entered-in-error' },
      { docStatus: 'entered-in-error' },
      { status: 'superseded' },
    ];
    for (const more of gone) {
      assert.notEqual((await reading(readingServer([note(more), patient]))).withdrawn, undefined);
    }
    assert.match(
      (await reading(readingServer([request({ status: 'revoked' }), patient]), 's')).withdrawn?.text ?? '',
      /revoked/,
    );
  });
  it('at all: it says that it is not to be done', async () => {
    const server = (more: Partial<ServiceRequest>) => readingServer([request(more), note(), patient]);
    const not = await reading(server({ doNotPerform: true }), 's');
    assert.deepEqual(not.withdrawn, { code: 'revoked', text: 'The order says that it is not to be done.' });
    assert.deepEqual(not.inputs, []);
    assert.equal((await reading(server({ doNotPerform: false }), 's')).withdrawn, undefined);
  });
  it('refused: with an instruction that nobody here understands', async () => {
    const modifierExtension = [{ url: 'urn:site:only-if', valueString: 'somebody has asked' }];
    for (const [id, resources] of [
      ['n', [note({ modifierExtension })]],
      ['s', [request({ modifierExtension }), note()]],
    ] as const) {
      const { refusal, inputs } = await reading(readingServer([...resources, patient]), id);
      assert.equal(refusal?.code, 'order-incomplete');
      assert.match(refusal?.text ?? '', /an instruction that this service does not understand/);
      assert.deepEqual(inputs, []);
    }
    const known = await reading(readingServer([note({ modifierExtension: [] }), patient]));
    assert.equal(known.refusal, undefined);
  });
  it('refused: without a patient, or one that cannot be found', async () => {
    const { subject: _subject, ...nobody } = note();
    assert.match((await reading(readingServer([nobody]))).refusal?.text ?? '', /no patient/);
    const group = note({ subject: { reference: 'Group/g' } });
    assert.match((await reading(readingServer([group]))).refusal?.text ?? '', /no patient/);
    assert.match((await reading(readingServer([note()]))).refusal?.text ?? '', /cannot be found/);
  });
});

describe('representations of one note', () => {
  const html = { attachment: { contentType: 'text/html', url: 'Binary/h' } };
  const pdf = { attachment: { contentType: 'application/pdf', url: 'Binary/f' } };
  const text = { attachment: { contentType: 'text/plain', url: 'Binary/t' } };
  it('are taken best first, never together', async () => {
    const server = readingServer([note({ content: [pdf, html, text] }), patient]);
    server.files.set('Binary/t', { bytes: bytesOf('plain') });
    server.files.set('Binary/h', { bytes: bytesOf('<p>markup</p>') });
    assert.equal(textOf(await reading(server)), 'plain');
    assert.deepEqual(
      server.asked.filter((line) => line.startsWith('fetch')),
      ['fetch Binary/t'],
    );
  });
  it('stand in for each other when one is gone or empty', async () => {
    const server = readingServer([note({ content: [pdf, html, text] }), patient]);
    server.files.set('Binary/t', { bytes: bytesOf('  \n') });
    server.files.set('Binary/h', { bytes: bytesOf('<p>markup</p>') });
    assert.equal(textOf(await reading(server)), 'markup');
  });
  it('are refused with the reason of the best one when none can be read', async () => {
    const server = readingServer([note({ content: [pdf, text] }), patient]);
    server.files.set('Binary/t', { bytes: bytesOf(' ') });
    assert.deepEqual((await reading(server)).refusal, { code: 'order-incomplete', text: 'The note contains no text.' });
  });
  it('that are pictures are named and not fetched', async () => {
    const picture = { attachment: { contentType: 'image/jpeg', url: 'Binary/i' } };
    const server = readingServer([note({ content: [picture] }), patient]);
    const { refusal } = await reading(server);
    assert.equal(refusal?.code, 'input-unsupported');
    assert.match(refusal?.text ?? '', /image\/jpeg/);
    assert.equal(
      server.asked.some((line) => line.startsWith('fetch')),
      false,
    );
  });
});

describe('an attachment', () => {
  const at = (url: string, more = {}) =>
    note({ content: [{ attachment: { contentType: 'text/plain', url, ...more } }] });
  const address = (number: number) => `https://storage.example/binary/b/1?Signature=${number}`;

  it('behind an expired presigned URL is fetched with a fresh one', async () => {
    const server = readingServer([at(address(0)), patient]);
    let reads = 0;
    server.beforeRead = (reference) => {
      if (reference === 'DocumentReference/n') {
        server.resources.set(reference, at(address(reads++)));
      }
    };
    server.files.set(address(2), { bytes: bytesOf('found') });
    assert.equal(textOf(await reading(server)), 'found');
    assert.equal(reads, 3);
  });
  it('that expires again and again is unavailable', async () => {
    const server = readingServer([at(address(0)), patient]);
    let reads = 0;
    server.beforeRead = (reference) => {
      if (reference === 'DocumentReference/n') {
        server.resources.set(reference, at(address(reads++)));
      }
    };
    assert.equal((await reading(server)).refusal?.code, 'input-unavailable');
    assert.equal(reads, 3);
  });
  it('whose address stays the same is not asked for again', async () => {
    const server = readingServer([at('Binary/x'), patient]);
    assert.equal((await reading(server)).refusal?.code, 'input-unavailable');
    assert.equal(server.asked.filter((line) => line.startsWith('fetch')).length, 1);
  });
  it('too large by its size is not fetched, and by its bytes not kept', async () => {
    const declared = readingServer([at('Binary/x', { size: DOWNLOAD_LIMIT + 1 }), patient]);
    assert.equal((await reading(declared)).refusal?.code, 'input-too-large');
    assert.equal(
      declared.asked.some((line) => line.startsWith('fetch')),
      false,
    );
    const real = readingServer([at('Binary/x'), patient]);
    real.files.set('Binary/x', { bytes: new Uint8Array(DOWNLOAD_LIMIT + 1) });
    assert.equal((await reading(real)).refusal?.code, 'input-too-large');
  });
  it('that is not what its hash says is unavailable', async () => {
    const hash = createHash('sha1').update('right').digest('base64');
    const server = readingServer([at('Binary/x', { hash }), patient]);
    server.files.set('Binary/x', { bytes: bytesOf('wrong') });
    assert.match((await reading(server)).refusal?.text ?? '', /hash/);
    server.files.set('Binary/x', { bytes: bytesOf('right') });
    assert.equal(textOf(await reading(server)), 'right');
  });
  it('with broken base64, or nothing in it, is refused', async () => {
    const broken = note({ content: [{ attachment: { contentType: 'text/plain', data: '%%%' } }] });
    assert.equal((await reading(readingServer([broken, patient]))).refusal?.code, 'input-unsupported');
    const hollow = note({ content: [{ attachment: { contentType: 'text/plain' } }] });
    assert.equal((await reading(readingServer([hollow, patient]))).refusal?.code, 'input-unavailable');
  });
  it('whose server is down is the engine’s to try again', async () => {
    const server = readingServer([at('Binary/x'), patient]);
    const down = {
      ...server.client,
      fetchBytes: () => Promise.reject(new AdapterError('ehr-unreachable', 'down')),
    };
    const order = { type: 'DocumentReference', id: 'n', needs: ['note' as const], acceptMissingDocStatus: true };
    await assert.rejects(readOrder(down, order), { code: 'ehr-unreachable' });
  });
});

describe('an order that names its note', () => {
  it('is read with it', async () => {
    const result = await reading(readingServer([request(), note(), patient, encounter]), 's');
    assert.equal(textOf(result), 'No chest pain. 🫀');
    assert.equal(result.inputs[0]?.reference, 'DocumentReference/n');
    assert.equal(result.requester, 'Practitioner/d');
  });
  it('finds a note that names the order instead', async () => {
    const { supportingInfo: _info, ...bare } = request();
    const back = note({ context: { related: [{ reference: 'ServiceRequest/s' }] } });
    const searching = readingServer([bare, back, patient, encounter], { searchable: true });
    assert.equal(textOf(await reading(searching, 's')), 'No chest pain. 🫀');
    assert.equal(searching.asked.length, 1);
  });
  it('brings its specimens', async () => {
    const specimen: Resource = { resourceType: 'Specimen', id: 'x' };
    const order = request({ specimen: [{ reference: 'Specimen/x' }] });
    const result = await reading(readingServer([order, specimen, note(), patient]), 's');
    assert.deepEqual(result.specimens, [specimen]);
  });
  it('is refused with several notes, without any, and with another patient’s', async () => {
    const second = note({ id: 'm', content: [{ attachment: { contentType: 'text/plain', data: base64('else') } }] });
    const both = request({
      supportingInfo: [{ reference: 'DocumentReference/n' }, { reference: 'DocumentReference/m' }],
    });
    assert.match(
      (await reading(readingServer([both, note(), second, patient]), 's')).refusal?.text ?? '',
      /2 different/,
    );
    assert.match((await reading(readingServer([request(), patient]), 's')).refusal?.text ?? '', /no note/);
    const others = note({ subject: { reference: 'Patient/q' } });
    assert.match(
      (await reading(readingServer([request(), others, patient]), 's')).refusal?.text ?? '',
      /another patient/,
    );
  });
  it('takes one note for one: a report shown as a document too, a replaced version', async () => {
    const attachment = { contentType: 'text/plain', url: 'https://ehr.example/fhir/R4/Binary/b' };
    const document = note({ content: [{ attachment }] });
    const report: Resource = {
      resourceType: 'DiagnosticReport',
      id: 'r',
      status: 'final',
      code: { text: 'report' },
      subject: { reference: 'Patient/p' },
      presentedForm: [attachment],
    };
    const named = request({
      supportingInfo: [{ reference: 'DiagnosticReport/r' }, { reference: 'DocumentReference/n' }],
    });
    const server = readingServer([named, document, report, patient]);
    server.files.set(attachment.url, { bytes: bytesOf('once') });
    assert.equal(textOf(await reading(server, 's')), 'once');

    const newer = note({
      id: 'm',
      relatesTo: [{ code: 'replaces', target: { reference: 'DocumentReference/n' } }],
      content: [{ attachment: { contentType: 'text/plain', data: base64('newer') } }],
    });
    const both = request({
      supportingInfo: [{ reference: 'DocumentReference/n' }, { reference: 'DocumentReference/m' }],
    });
    assert.equal(textOf(await reading(readingServer([both, note(), newer, patient]), 's')), 'newer');
  });
  it('waits for a preliminary note, and reads a contained one and a Composition', async () => {
    const waiting = await reading(readingServer([request(), note({ docStatus: 'preliminary' }), patient]), 's');
    assert.match(waiting.refusal?.text ?? '', /preliminary/);
    assert.equal(waiting.refusal?.awaits, true);
    const inside = request({ contained: [note({ id: 'c' })], supportingInfo: [{ reference: '#c' }] });
    const contained = await reading(readingServer([inside, patient]), 's');
    assert.equal(contained.inputs[0]?.reference, 'ServiceRequest/s');
    const composition: Resource = {
      resourceType: 'Composition',
      id: 'c',
      status: 'final',
      type: { text: 'note' },
      date: '2024-01-01',
      author: [{ reference: 'Practitioner/d' }],
      title: 'Note',
      subject: { reference: 'Patient/p' },
      section: [
        {
          title: 'Assessment & plan',
          text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>No pain.</p></div>' },
        },
      ],
    };
    const named = request({ supportingInfo: [{ reference: 'Composition/c' }] });
    assert.equal(
      textOf(await reading(readingServer([named, composition, patient]), 's')),
      'Assessment & plan\n\nNo pain.',
    );
  });
});

describe('the signature', () => {
  async function signature(document: DocumentReference, others: Resource[] = []): Promise<string> {
    const server = readingServer([document, patient, ...others]);
    const { signature: value } = await reading(server, 'n', { download: false });
    assert.equal(
      server.asked.some((line) => line.startsWith('fetch')),
      false,
    );
    return value;
  }
  const presigned = (query: string, more: Partial<DocumentReference> = {}) =>
    note({
      content: [{ attachment: { contentType: 'text/plain', url: `https://storage.example/b/1?${query}` } }],
      ...more,
    });

  it('does not change with meta, an author or the query of an address', async () => {
    const before = await signature(presigned('a'));
    assert.equal(await signature(presigned('b', { meta: { versionId: '9' }, description: 'x' })), before);
    assert.doesNotMatch(before, /storage|https/, 'only digests and references are stored');
  });
  it('changes with what the work depends on', async () => {
    const before = await signature(presigned('a'));
    const changes: Partial<DocumentReference>[] = [
      { docStatus: 'amended' },
      { status: 'superseded' },
      { subject: { reference: 'Patient/q' } },
      { content: [{ attachment: { contentType: 'text/plain', url: 'https://storage.example/b/2' } }] },
      { content: [{ attachment: { contentType: 'text/plain', data: base64('new') } }] },
      { relatesTo: [{ code: 'appends', target: { reference: 'DocumentReference/z' } }] },
    ];
    for (const change of changes) {
      assert.notEqual(await signature(presigned('a', change)), before, JSON.stringify(change));
    }
  });
  it('of an order changes with its note, not with its progress', async () => {
    const of = async (order: ServiceRequest, document: DocumentReference) =>
      (await reading(readingServer([order, document, patient]), 's', { download: false })).signature;
    const before = await of(request(), note());
    assert.equal(await of(request({ status: 'completed', note: [{ text: 'done' }] }), note()), before);
    assert.notEqual(await of(request(), note({ docStatus: 'amended' })), before);
  });
});
