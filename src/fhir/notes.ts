/** The one note of an order: which resource holds it, and in which representations. */
import type { Attachment, Composition, CompositionSection, Resource } from '@medplum/fhirtypes';
import { addressOf } from './attachments.ts';
import { orderStatus } from './order-status.ts';
import { localReference } from './references.ts';
import { declaredFormat, isMedia, mediaType } from './text/sniff.ts';

/** A note as a resource holds it. */
export interface NoteSource {
  resource: Resource;
  /** `DocumentReference/1`; the order's own for a contained resource. */
  reference: string;
  contained: boolean;
  /** The patient as the resource states it. */
  patient?: string;
  date?: string;
  /** Representations of the same document. */
  attachments: Attachment[];
}

/** Best first (clinical notes: text, HTML, C-CDA, RTF, then what does not say what it is, then PDF). */
const PREFERENCE = ['plain', 'html', 'ccda', 'rtf', undefined, 'pdf'] as const;

/** The representations worth a try, best first; pictures, sound and film are not. */
export function ranked(attachments: readonly Attachment[]): Attachment[] {
  const rank = ({ contentType }: Attachment) => PREFERENCE.indexOf(declaredFormat(contentType));
  return attachments.filter(({ contentType }) => !isMedia(contentType)).sort((one, other) => rank(one) - rank(other));
}

/** The media types that were left out, for a refusal that names them. */
export function mediaTypes(attachments: readonly Attachment[]): string[] {
  return attachments.flatMap(({ contentType }) => mediaType(contentType) ?? []);
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function sectionHtml({ title, text, section }: CompositionSection): string {
  const heading = title === undefined ? '' : `<h2>${escaped(title)}</h2>`;
  return `${heading}${text?.div ?? ''}${(section ?? []).map(sectionHtml).join('')}`;
}

/** A Composition is its sections' narratives. */
function compositionAttachment(composition: Composition): Attachment[] {
  const html = (composition.section ?? []).map(sectionHtml).join('');
  return html === ''
    ? []
    : [{ contentType: 'text/html;charset=utf-8', data: Buffer.from(`<html>${html}</html>`).toString('base64') }];
}

/** The representations that a resource holds of its note; empty for a resource that holds none. */
export function representations(resource: Resource): Attachment[] {
  switch (resource.resourceType) {
    case 'DocumentReference':
      return (resource.content ?? []).flatMap(({ attachment }) => attachment ?? []);
    case 'DiagnosticReport':
      return resource.presentedForm ?? [];
    case 'Composition':
      return compositionAttachment(resource);
    default:
      return [];
  }
}

function dateOf(resource: Resource): string | undefined {
  switch (resource.resourceType) {
    case 'DocumentReference':
      return resource.date ?? resource.context?.period?.start;
    case 'DiagnosticReport':
      return resource.effectiveDateTime ?? resource.effectivePeriod?.start ?? resource.issued;
    case 'Composition':
      return resource.date;
    default:
      return undefined;
  }
}

/** A resource as a note; undefined where it holds nothing to read. `owner`: the order that contains it, where one does. */
export function noteOf(baseUrl: string, resource: Resource, owner?: string): NoteSource | undefined {
  const attachments = representations(resource);
  if (attachments.length === 0) {
    return undefined;
  }
  const patient = 'subject' in resource && !Array.isArray(resource.subject) ? resource.subject : undefined;
  const local = patient && 'reference' in patient ? localReference(baseUrl, patient)?.reference : undefined;
  const date = dateOf(resource);
  return {
    resource,
    reference: owner ?? `${resource.resourceType}/${resource.id}`,
    contained: owner !== undefined,
    attachments,
    ...(local !== undefined && { patient: local }),
    ...(date !== undefined && { date }),
  };
}

/** The files a note consists of, for telling whether two resources hold the same one. */
function files(note: NoteSource): string[] {
  return note.attachments.flatMap((attachment) => [
    ...(attachment.hash === undefined ? [] : [`hash ${attachment.hash}`]),
    ...(attachment.data === undefined ? [] : [`data ${attachment.data}`]),
    ...(attachment.url === undefined ? [] : [`url ${addressOf(attachment)}`]),
  ]);
}

/** The references of documents that one of these replaces, or is another format of. */
export function replacedAmong(baseUrl: string, resources: readonly Resource[]): ReadonlySet<string> {
  return new Set(
    resources.flatMap((resource) =>
      resource.resourceType === 'DocumentReference'
        ? (resource.relatesTo ?? [])
            .filter(({ code }) => code === 'replaces' || code === 'transforms')
            .flatMap(({ target }) => localReference(baseUrl, target)?.reference ?? [])
        : [],
    ),
  );
}

export type NoteChoice = { note: NoteSource } | { none: string } | { notYet: string } | { several: number };

/**
 * The one note among candidates: finished ones only, not those that another candidate replaces, and a report that is
 * also there as a document only once (US Core has servers expose both).
 */
export function chooseNote(baseUrl: string, candidates: NoteSource[], acceptMissingDocStatus: boolean): NoteChoice {
  const states = candidates.map((note) => ({ note, ...orderStatus(note.resource, acceptMissingDocStatus) }));
  const standing = states.filter(({ withdrawn }) => withdrawn === undefined);
  const replaced = replacedAmong(
    baseUrl,
    standing.map(({ note }) => note.resource),
  );
  const finished = standing.filter(({ note, notYet }) => notYet === undefined && !replaced.has(note.reference));
  const readable = finished.filter(({ note }) => ranked(note.attachments).length > 0);
  const distinct: NoteSource[] = [];
  for (const { note } of readable.length > 0 ? readable : finished) {
    const own = files(note);
    const same = (other: NoteSource) =>
      other.reference === note.reference || files(other).some((file) => own.includes(file));
    if (!distinct.some(same)) {
      distinct.push(note);
    }
  }
  const [note] = distinct;
  if (note && distinct.length === 1) {
    return { note };
  }
  if (note) {
    return { several: distinct.length };
  }
  const waiting = standing.find(({ notYet }) => notYet !== undefined)?.notYet;
  return waiting === undefined ? { none: 'The order names no note that could be read.' } : { notYet: waiting };
}
