/**
 * Reads an order with everything it refers to, and collects the inputs that its vendor needs.
 * For a note: its text, extracted and normalised once; all offsets of all findings refer to it.
 */
import { createHash } from 'node:crypto';
import type { Attachment, Reference, Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { addressOf, fetchAttachment } from './attachments.ts';
import { chooseNote, mediaTypes, type NoteSource, noteOf, ranked, representations } from './notes.ts';
import { type OrderRead, readOrderResource, readSurroundings } from './order-reading.ts';
import { orderStatus } from './order-status.ts';
import { localReference } from './references.ts';
import { signatureOf } from './signature.ts';
import { extractText } from './text/index.ts';
import type { CollectedInput, FhirClient, OrderReading, ReadOrder } from './types.ts';

type RefusalCode = NonNullable<OrderReading['refusal']>['code'];
const REFUSALS: ReadonlySet<string> = new Set<RefusalCode>([
  'order-incomplete',
  'input-unavailable',
  'input-unsupported',
  'input-too-large',
]);

function isRefusal(code: string): code is RefusalCode {
  return REFUSALS.has(code);
}

type Outcome = Pick<OrderReading, 'refusal' | 'notYet'>;

function refuse(code: RefusalCode, text: string): Outcome {
  return { refusal: { code, text } };
}

/** The notes that an order may mean: its own, those it names, else documents that name it. */
async function noteCandidates(client: FhirClient, order: OrderRead): Promise<NoteSource[]> {
  const { focus } = order;
  const noteList = (resource: Resource | undefined, owner?: string) =>
    (resource && noteOf(client.baseUrl, resource, owner)) ?? [];
  if (focus.resourceType !== 'ServiceRequest') {
    return [noteList(focus)].flat();
  }
  const named = await Promise.all(
    supporting(client, focus.supportingInfo ?? []).map(async (reference) =>
      noteList(
        await order.find(reference),
        reference.reference?.startsWith('#') ? `${focus.resourceType}/${focus.id}` : undefined,
      ),
    ),
  );
  return named.flat().length > 0 ? named.flat() : (await order.related()).flatMap((resource) => noteList(resource));
}

/** Only what can hold a note is read. */
function supporting(client: FhirClient, references: Reference[]): Reference[] {
  const holders = ['DocumentReference', 'DiagnosticReport', 'Composition'];
  return references.filter(
    (reference) =>
      reference.reference?.startsWith('#') || holders.includes(localReference(client.baseUrl, reference)?.type ?? ''),
  );
}

/** The same attachment of the resource as it is now: by its address without query, else by its place. */
async function sameAgain(client: FhirClient, order: OrderRead, note: NoteSource, attachment: Attachment) {
  const { contained } = note;
  const holder = contained ? order.focus : note.resource;
  if (holder.id === undefined) {
    return undefined;
  }
  const fresh = await client.read<Resource>(holder.resourceType, holder.id);
  const inner = contained && fresh && 'contained' in fresh ? fresh.contained : undefined;
  const resource = contained ? inner?.find(({ id }) => id === note.resource.id) : fresh;
  const now = resource ? representations(resource) : [];
  const place = note.attachments.indexOf(attachment);
  return now.find((candidate) => addressOf(candidate) === addressOf(attachment)) ?? now[place];
}

async function readNote(client: FhirClient, order: OrderRead, note: NoteSource): Promise<CollectedInput> {
  const attachments = ranked(note.attachments);
  if (attachments.length === 0) {
    const types = mediaTypes(note.attachments).join(', ');
    throw new AdapterError('input-unsupported', `The note is of type ${types}, which cannot be read as text.`);
  }
  let first: AdapterError | undefined;
  for (const attachment of attachments) {
    try {
      const document = await fetchAttachment(client, attachment, () => sameAgain(client, order, note, attachment));
      const { text } = await extractText({
        bytes: document.bytes,
        ...(document.contentType !== undefined && { contentType: document.contentType }),
      });
      const bytes = new TextEncoder().encode(text);
      const date = note.date ?? attachment.creation;
      return {
        name: 'note',
        kind: 'note',
        contentType: 'text/plain',
        sha256: createHash('sha256').update(bytes).digest('hex'),
        size: bytes.byteLength,
        characters: codePoints(text),
        reference: note.reference,
        bytes,
        ...(date !== undefined && { date }),
      };
    } catch (error) {
      // What is wrong with this representation may be right with the next; anything else is the engine's to retry.
      if (!(error instanceof AdapterError) || !isRefusal(error.code)) {
        throw error;
      }
      first ??= error;
    }
  }
  throw first ?? new AdapterError('order-incomplete', 'The note contains no text.');
}

/** Without making an array of a text that may have ten million. */
function codePoints(text: string): number {
  let count = 0;
  for (const _character of text) {
    count++;
  }
  return count;
}

/** Which note it is, and whether it is this patient's. */
function judge(
  client: FhirClient,
  candidates: NoteSource[],
  subject: string | undefined,
  acceptMissing: boolean,
): { note: NoteSource } | Outcome {
  const choice = chooseNote(client.baseUrl, candidates, acceptMissing);
  if ('several' in choice) {
    return refuse('order-incomplete', `The order names ${choice.several} different notes; it has to name one.`);
  }
  if ('none' in choice) {
    return refuse('order-incomplete', choice.none);
  }
  if ('notYet' in choice) {
    return choice;
  }
  if (choice.note.patient !== undefined && choice.note.patient !== subject) {
    return refuse('order-incomplete', 'The note belongs to another patient than the order.');
  }
  return choice;
}

/**
 * Reads an order as it is now; undefined where it is gone. `refusal`: it cannot be done as it stands. `notYet`: it is no
 * order yet. `withdrawn`: it is none any more. With any of the three, `inputs` is empty and nothing was downloaded in
 * vain. Throws the client's `ehr-…` errors, which the engine retries or holds for.
 */
export const readOrder: ReadOrder = async (client, request) => {
  const order = await readOrderResource(client, request.type, request.id);
  if (!order) {
    return undefined;
  }
  const { focus } = order;
  const wantsNote = request.needs.includes('note');
  const [around, candidates] = await Promise.all([
    readSurroundings(client, order),
    wantsNote ? noteCandidates(client, order) : [],
  ]);
  const reading: OrderReading = {
    focus,
    version: focus.meta?.versionId,
    ...around,
    inputs: [],
    signature: signatureOf(
      focus,
      candidates.map(({ resource }) => resource).filter((resource) => resource !== focus),
    ),
    ...orderStatus(focus, request.acceptMissingDocStatus),
  };
  if (reading.withdrawn !== undefined || reading.notYet !== undefined) {
    return reading;
  }
  if (around.subject === undefined) {
    return { ...reading, ...refuse('order-incomplete', 'The order names no patient.') };
  }
  if (around.patient === undefined) {
    return { ...reading, ...refuse('order-incomplete', 'The patient of the order cannot be found in the EHR.') };
  }
  if (!wantsNote) {
    return reading;
  }
  const judged = judge(client, candidates, around.subject, request.acceptMissingDocStatus);
  if (!('note' in judged) || request.download === false) {
    return 'note' in judged ? reading : { ...reading, ...judged };
  }
  try {
    return { ...reading, inputs: [await readNote(client, order, judged.note)] };
  } catch (error) {
    if (error instanceof AdapterError && isRefusal(error.code)) {
      return { ...reading, ...refuse(error.code, error.orderer) };
    }
    throw error;
  }
};
