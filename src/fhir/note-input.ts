/** The note of an order: which one it is, whether it is this patient's, and its text. */
import { createHash } from 'node:crypto';
import type { Attachment, Reference, Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { addressOf, fetchAttachment } from './attachments.ts';
import { chooseNote, mediaTypes, type NoteSource, noteOf, ranked, representations } from './notes.ts';
import type { OrderRead } from './order-reading.ts';
import { localReference } from './references.ts';
import { awaitFor, isInputRefusal, type Refused, refuse } from './refuse-order.ts';
import type { Source } from './signature.ts';
import { extractText } from './text/index.ts';
import type { CollectedInput, FhirClient } from './types.ts';

/** What an order may be done with. */
export interface Candidates {
  notes: NoteSource[];
  sources: Source[];
}

/** The notes that an order may mean: its own, those it names, else documents that name it. */
export async function candidatesOf(client: FhirClient, order: OrderRead, alsoNamed: Reference[]): Promise<Candidates> {
  const { focus } = order;
  const noteList = (resource: Resource | undefined, owner?: string) =>
    (resource && noteOf(client.baseUrl, resource, owner)) ?? [];
  if (focus.resourceType !== 'ServiceRequest') {
    return { notes: [noteList(focus)].flat(), sources: [] };
  }
  const all = [...(focus.supportingInfo ?? []), ...alsoNamed];
  const named = await Promise.all(
    supporting(client, all).map(async (reference) => ({ reference, resource: await order.find(reference) })),
  );
  const notes = named.flatMap(({ reference, resource }) =>
    noteList(resource, reference.reference?.startsWith('#') ? `${focus.resourceType}/${focus.id}` : undefined),
  );
  const related = notes.length > 0 ? [] : await order.related();
  const known = new Map(named.map(({ reference, resource }) => [reference.reference, resource]));
  return {
    notes: [...notes, ...related.flatMap((resource) => noteList(resource))],
    sources: [
      ...all.flatMap((reference) => sourceOf(client, reference, known.get(reference.reference))),
      ...related.map((resource) => ({ reference: `${resource.resourceType}/${resource.id}`, resource })),
    ],
  };
}

function sourceOf(client: FhirClient, named: Reference, resource: Resource | undefined): Source[] {
  const reference = localReference(client.baseUrl, named)?.reference ?? named.reference;
  return reference === undefined ? [] : [{ reference, resource }];
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

export async function readNote(client: FhirClient, order: OrderRead, note: NoteSource): Promise<CollectedInput> {
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
      if (!(error instanceof AdapterError) || !isInputRefusal(error.code)) {
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

/** Which note it is, and whether it is this patient's. A note that an order should name may still come. */
export function judgeNote(
  client: FhirClient,
  focus: Resource,
  candidates: NoteSource[],
  subject: string | undefined,
  acceptMissing: boolean,
): { note: NoteSource } | Refused {
  const choice = chooseNote(client.baseUrl, candidates, acceptMissing);
  if ('several' in choice) {
    return refuse('order-incomplete', `The order names ${choice.several} different notes; it has to name one.`);
  }
  if (!('note' in choice)) {
    const text = 'none' in choice ? choice.none : choice.notYet;
    // A document that orders itself is complete or not; whatever comes to it is a new version of it.
    return focus.resourceType === 'ServiceRequest' ? awaitFor(text) : refuse('order-incomplete', text);
  }
  if (choice.note.patient !== undefined && choice.note.patient !== subject) {
    return refuse('order-incomplete', 'The note belongs to another patient than the order.');
  }
  return choice;
}
