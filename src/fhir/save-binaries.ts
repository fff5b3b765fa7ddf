/**
 * Puts the files of a publication into the EHR before what refers to them: as Binaries, never within the transaction,
 * which they would make too large; inline where the server takes no Binary.
 *
 * A Binary has no identifier to look it up by. Where the server takes ids of our choosing, its id is derived from the
 * order and the content, so that writing it again changes nothing. Elsewhere it is remembered as soon as it stands. We may
 * die between the two: then a Media, DocumentReference or report that stands already says which Binary it refers to, and
 * that one is adopted; where none does, one Binary that nothing refers to is left behind. Bytes are held one file at a time.
 */
import type { Attachment, Binary, Resource } from '@medplum/fhirtypes';
import { type AdapterError, asAdapterError } from '../errors.ts';
import { binaryReference } from './binary-reference.ts';
import { derivedId } from './identifiers.ts';
import { aiMeta } from './labels.ts';
import type { Session } from './part-planner.ts';
import { refusedType, saysTooLarge, speaksOfType } from './refusal.ts';
import type { Standing } from './standing.ts';
import { cleanText, shorten } from './tidy.ts';
import type { FhirClient, Publication, PublishedFile, Saved, WrittenPart } from './types.ts';

/** Where a file stands: what refers to it holds this Attachment; or why it stands nowhere, in words. */
export type FilePlace = { attachment: Attachment } | { why: string };

/** Characters of base64 of one file, and of all of a publication, that may stand inline: servers limit a body to 1 MB. */
export const MOST_INLINE = 700_000;
const MOST_INLINE_TOGETHER = 4_000_000;
/** `Attachment.size` is an unsignedInt of 32 bits. */
const MOST_SIZE = 0x7fffffff;
const TITLE = 300;

const REFUSED = 'this system refused its file';
const TOO_LARGE = 'its file is larger than this system takes';
export const TOO_LARGE_INLINE =
  'its file is too large to stand within a resource, and this system takes no Binary resources';

/** The name under which a Binary is remembered: other content or another type of it, another Binary. */
export function binaryPart({ sha1, contentType }: Pick<PublishedFile, 'sha1' | 'contentType'>): string {
  return `binary/${Buffer.from(sha1, 'base64').toString('base64url')}/${contentType.trim()}`;
}

/** The files that the findings and the report name, each once. */
export function neededFiles({ findings, files }: Pick<Publication, 'findings' | 'files'>): PublishedFile[] {
  const named = [...(findings.report.attachments ?? []), ...findings.items.map(({ file }) => file)];
  return files.filter(({ name }) => named.includes(name));
}

function attachmentOf({ contentType, title, size, sha1 }: PublishedFile, where: Attachment): FilePlace {
  return {
    attachment: {
      contentType: contentType.trim(),
      ...where,
      ...(size <= MOST_SIZE && { size }),
      hash: sha1,
      title: shorten(cleanText(title).trim(), TITLE) || 'File',
    },
  };
}

function attachmentsIn(resource: Resource): Attachment[] {
  switch (resource.resourceType) {
    case 'Media':
      return [resource.content];
    case 'DocumentReference':
      return resource.content.map(({ attachment }) => attachment);
    case 'DiagnosticReport':
      return resource.presentedForm ?? [];
    default:
      return [];
  }
}

/** Binaries that are known to stand, by part: those remembered, and those that what stands refers to. */
function knownBinaries({ written, superseded }: Publication, standing: Standing): Map<string, WrittenPart> {
  const adopted = [...standing.parts.values()].flatMap(attachmentsIn).flatMap((attachment) => {
    const { url, hash: sha1, contentType } = attachment;
    const id = binaryReference(url)?.slice('Binary/'.length);
    return id === undefined || sha1 === undefined || contentType === undefined
      ? []
      : [{ part: binaryPart({ sha1, contentType }), type: 'Binary', id }];
  });
  const remembered = [...superseded, ...written].filter(({ type }) => type === 'Binary');
  return new Map([...adopted, ...remembered].map((one) => [one.part, one]));
}

/** The patient as the server's rules of access may name it: only one of this server. */
function contextOf(subject: string): { context?: string } {
  return /^Patient\/[A-Za-z0-9\-.]{1,64}$/.test(subject) ? { context: subject } : {};
}

function saysNo(error: AdapterError): boolean {
  return error.code === 'ehr-rejected' || speaksOfType(error);
}

/**
 * Writes one Binary, in the first way that the server takes: raw bytes under an id of ours, raw bytes, FHIR JSON. Raw
 * comes first because some servers keep a body in JSON as the file itself. Throws the last refusal, or what else failed.
 */
async function write(client: FhirClient, publication: Publication, file: PublishedFile): Promise<Saved> {
  const { types } = await client.capabilities();
  const bytes = await file.read();
  const contentType = file.contentType.trim();
  const about = { contentType, ...contextOf(publication.subject) };
  const id = derivedId(publication.key, binaryPart(file));
  const asJson = async (): Promise<Saved> => {
    const { context: reference } = about;
    const made = await client.create<Binary>({
      resourceType: 'Binary',
      meta: aiMeta(),
      contentType,
      ...(reference !== undefined && { securityContext: { reference } }),
      data: Buffer.from(bytes).toString('base64'),
    });
    return { type: 'Binary', id: made.id ?? '', ...(made.meta?.versionId && { version: made.meta.versionId }) };
  };
  const ways = [
    ...(types.Binary?.updateCreate === true ? [() => client.saveBytes(bytes, { ...about, id })] : []),
    () => client.saveBytes(bytes, about),
  ];
  for (const way of ways) {
    try {
      return await way();
    } catch (thrown) {
      const error = asAdapterError(thrown);
      if (!saysNo(error) || saysTooLarge(error)) {
        throw error;
      }
    }
  }
  return asJson();
}

/** As Attachment that refers to a Binary; undefined where the server, as it now shows, takes none. */
async function asBinary(
  client: FhirClient,
  publication: Publication,
  file: PublishedFile,
  session: Session,
): Promise<FilePlace | undefined> {
  try {
    const saved = { part: binaryPart(file), ...(await write(client, publication, file)) };
    await publication.remember([saved]);
    session.binaries.set(saved.part, saved);
    return attachmentOf(file, { url: `Binary/${saved.id}` });
  } catch (thrown) {
    const error = asAdapterError(thrown);
    if (saysTooLarge(error)) {
      return { why: TOO_LARGE };
    }
    if (speaksOfType(error) || refusedType(error, ['Binary']) !== undefined) {
      session.refused.add('Binary');
      return undefined;
    }
    if (error.code === 'ehr-rejected') {
      return { why: REFUSED };
    }
    throw error;
  }
}

async function inline(file: PublishedFile, session: Session): Promise<FilePlace> {
  const characters = Math.ceil(file.size / 3) * 4;
  const held = [...session.files.values()].map((place) => ('why' in place ? 0 : (place.attachment.data?.length ?? 0)));
  const together = held.reduce((sum, one) => sum + one, characters);
  if (characters > MOST_INLINE || together > MOST_INLINE_TOGETHER) {
    return { why: TOO_LARGE_INLINE };
  }
  return attachmentOf(file, { data: Buffer.from(await file.read()).toString('base64') });
}

/**
 * Sees to it that every file that the publication needs stands somewhere, and lets the session know where. Files that it
 * knows of already are passed over. Throws the client's errors; an ambiguous one only says that a Binary may stand too many.
 */
export async function saveBinaries(
  client: FhirClient,
  publication: Publication,
  standing: Standing,
  session: Session,
): Promise<void> {
  const known = knownBinaries(publication, standing);
  for (const file of neededFiles(publication)) {
    if (session.files.has(file.name)) {
      continue;
    }
    const part = binaryPart(file);
    const stands = session.binaries.get(part) ?? known.get(part);
    if (stands !== undefined) {
      if (!publication.written.some((one) => one.part === part)) {
        await publication.remember([stands]);
      }
      session.binaries.set(part, stands);
      session.files.set(file.name, attachmentOf(file, { url: `Binary/${stands.id}` }));
      continue;
    }
    const binary = session.refused.has('Binary') ? undefined : await asBinary(client, publication, file, session);
    session.files.set(file.name, binary ?? (await inline(file, session)));
  }
}
