/** Which pictures a resource holds, and where in it. Pure: what the bytes are shows only when they are read. */
import type {
  Attachment,
  Binary,
  CodeableConcept,
  DocumentReference,
  DocumentReferenceContent,
  Extension,
  Media,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import { PICTURE_TYPES } from '../pictures/types.ts';
import { isOwn } from './task-for-us.ts';
import { AI_ASSERTED } from './terminology.ts';
import { mediaType } from './text/sniff.ts';

/** What can hold a picture. An ImagingStudy does not: its frames are DICOM. */
export type PictureHolder = Media | DocumentReference | Binary;

/** A picture as a resource holds it, before anybody has looked inside. */
export interface HeldPicture {
  /** `content` of a Media, `content/2` of a DocumentReference, `data` of a Binary; `#id/content` in a contained one. */
  place: string;
  attachment: Attachment;
  /** When it was taken (FHIR dateTime), as far as the resource says. */
  date?: string;
  view?: CodeableConcept;
  bodySite?: CodeableConcept;
  /** Of the resource, then of the element. */
  extension: Extension[];
  /** What took it. */
  devices: Reference[];
}

export function isPictureHolder(resource: Resource | undefined): resource is PictureHolder {
  return (
    resource?.resourceType === 'Media' ||
    resource?.resourceType === 'DocumentReference' ||
    resource?.resourceType === 'Binary'
  );
}

/** Whether a vendor made it, by us or by anybody: such a picture is never sent to be analysed again. */
export function isResult(resource: Resource): boolean {
  const label = ({ system, code }: { system?: string; code?: string }) =>
    system === AI_ASSERTED.system && code === AI_ASSERTED.code;
  return isOwn(resource) || (resource.meta?.security ?? []).some(label);
}

/**
 * Whether a declared media type lets a file be a picture; where nothing or only `application/octet-stream` is declared,
 * the first bytes say. Types that no vendor takes (TIFF, DICOM) are pictures too: their refusal says which they are.
 */
export function mayBePicture(contentType: string | undefined): boolean {
  const type = mediaType(contentType);
  return type === undefined || /^image\/|^application\/(dicom|zip|x-zip-compressed)$/.test(type);
}

/** `front.jpg` and `front.png` are called the same. */
const stem = ({ title }: Attachment) => title?.replace(/\.[A-Za-z0-9]{1,5}$/, '');

/** Which of a resource's attachments are meant. */
export interface WantedFiles {
  mayBe(contentType: string | undefined): boolean;
  /** Of a file that stands there in several formats, the first of these is taken. */
  sendable: readonly string[];
}

const PICTURES: WantedFiles = { mayBe: mayBePicture, sendable: PICTURE_TYPES };
const typeOf = ([, { attachment }]: readonly [number, DocumentReferenceContent]) => mediaType(attachment.contentType);

/**
 * R4 lets a document repeat its content in other formats, and EHRs put several pictures into one document. Of those that
 * are called the same, as many of each media type, one type is taken: the first that can be sent, else the first. Any
 * others are pictures of their own.
 */
function withoutOtherFormats(contents: readonly [number, DocumentReferenceContent][], { sendable }: WantedFiles) {
  const groups = Map.groupBy(contents, ([, { attachment }]) => stem(attachment));
  const taken = [...groups.values()].flatMap((group) => {
    const formats = [...Map.groupBy(group, typeOf)];
    const [, first = []] = formats.find(([type]) => type !== undefined && sendable.includes(type)) ?? formats[0] ?? [];
    return formats.every(([, { length }]) => length === first.length) ? first : group;
  });
  return taken.sort(([one], [other]) => one - other);
}

function ofMedia(media: Media, wanted: WantedFiles): HeldPicture[] {
  const { content, createdDateTime, createdPeriod, view, bodySite, device } = media;
  if (!content || !wanted.mayBe(content.contentType)) {
    return [];
  }
  const date = createdDateTime ?? createdPeriod?.start ?? content.creation ?? media.issued;
  return [
    {
      place: 'content',
      attachment: content,
      ...(date !== undefined && { date }),
      ...(view && { view }),
      ...(bodySite && { bodySite }),
      extension: [...(media.extension ?? []), ...(content.extension ?? [])],
      devices: device ? [device] : [],
    },
  ];
}

function ofDocument(document: DocumentReference, wanted: WantedFiles): HeldPicture[] {
  const { context, author = [], description } = document;
  const pictures = (document.content ?? [])
    .map((content, index): [number, DocumentReferenceContent] => [index, content])
    .filter(([, { attachment }]) => attachment !== undefined && wanted.mayBe(attachment.contentType));
  return withoutOtherFormats(pictures, wanted).map(([index, content]) => {
    const { attachment } = content;
    const date = attachment.creation ?? context?.period?.start ?? document.date;
    // What one picture of several shows, only its own title can say.
    const text = attachment.title ?? (pictures.length === 1 ? description : undefined);
    return {
      place: `content/${index}`,
      attachment,
      ...(date !== undefined && { date }),
      ...(text !== undefined && { view: { text } }),
      extension: [document, content, attachment].flatMap(({ extension = [] }) => extension),
      devices: author.filter(({ reference }) => /(^|\/)Device\//.test(reference ?? '')),
    };
  });
}

/** A Binary on the server is never read as a resource (it would be in memory whole): its type comes with its bytes. */
function ofBinary({ id, contentType, data }: Binary, wanted: WantedFiles): HeldPicture[] {
  const attachment: Attachment = data === undefined ? { url: `Binary/${id}` } : { contentType, data };
  return wanted.mayBe(contentType) ? [{ place: 'data', attachment, extension: [], devices: [] }] : [];
}

/** The files of a kind that a resource may hold, in its order. */
export function filesIn(holder: PictureHolder, wanted: WantedFiles): HeldPicture[] {
  switch (holder.resourceType) {
    case 'Media':
      return ofMedia(holder, wanted);
    case 'DocumentReference':
      return ofDocument(holder, wanted);
    case 'Binary':
      return ofBinary(holder, wanted);
  }
}

/** The pictures that a resource may hold, in its order. */
export const picturesIn = (holder: PictureHolder): HeldPicture[] => filesIn(holder, PICTURES);

/** Where in the resource it is contained in a picture is, for a `place`. */
export const placeWithin = (id: string | undefined, place: string) => `#${id}/${place}`;

const PLACE = /^(?:#([A-Za-z0-9.-]{1,64})\/)?(content|data)(?:\/(0|[1-9]\d{0,3}))?$/;

/** What stands at a `place` of a resource, however the resource looks now; undefined: nothing. Never throws. */
export function attachmentAt(resource: Resource, place: string): Attachment | undefined {
  const [, inner, element, index] = PLACE.exec(place) ?? [];
  const contained = 'contained' in resource ? resource.contained : undefined;
  const holder = inner === undefined ? resource : contained?.find(({ id }) => id === inner);
  if (holder?.resourceType === 'Media' && element === 'content' && index === undefined) {
    return holder.content;
  }
  if (holder?.resourceType === 'DocumentReference' && element === 'content' && index !== undefined) {
    return holder.content?.[Number(index)]?.attachment;
  }
  if (holder?.resourceType === 'Binary' && element === 'data' && index === undefined) {
    return filesIn(holder, { ...PICTURES, mayBe: () => true })[0]?.attachment;
  }
  return undefined;
}
