/**
 * Puts the files of a publication into the EHR before what refers to them: as Binaries, never within the transaction,
 * which they would make too large; inline where the server takes no Binary. A file of the site's storage that is too large
 * for the one and the other stays there, and is referred to where we serve it.
 *
 * A Binary has no identifier to look it up by. Where the server takes ids of our choosing, its id is derived from the
 * order and the content, so that writing it again changes nothing. Elsewhere it is remembered as soon as it stands. We may
 * die between the two: then a Media, DocumentReference or report that stands already says which Binary it refers to, and
 * that one is adopted; where none does, one Binary that nothing refers to is left behind. Files pass through piece by piece;
 * only FHIR JSON needs one whole.
 */
import { buffer } from 'node:stream/consumers';
import type { Binary } from '@medplum/fhirtypes';
import { type AdapterError, asAdapterError } from '../errors.ts';
import { binaryReference } from './binary-reference.ts';
import { attachmentsIn } from './file-holders.ts';
import {
  attachmentOf,
  type FilePlace,
  isLarge,
  linkTo,
  MOST_INLINE,
  NO_ADDRESS,
  TOO_LARGE_INLINE,
} from './file-place.ts';
import { derivedId } from './identifiers.ts';
import { aiMeta } from './labels.ts';
import type { Session } from './part-planner.ts';
import { refusedType, saysTooLarge, speaksOfType } from './refusal.ts';
import type { Standing } from './standing.ts';
import { isWithdrawn } from './take-back.ts';
import type { FhirClient, Publication, PublishedFile, Saved, WrittenPart } from './types.ts';

/** Characters of base64 of all files of a publication that may stand inline. */
const MOST_INLINE_TOGETHER = 4_000_000;
/** Bytes of a file that is held in memory to be sent as FHIR JSON; a server that takes no raw bytes takes no more either. */
const MOST_AS_JSON = 32 * 1024 * 1024;

const REFUSED = 'this system refused its file';
const TOO_LARGE = 'its file is larger than this system takes';

/** The name under which a Binary is remembered: other content or another type of it, another Binary. */
export function binaryPart({ sha1, contentType }: Pick<PublishedFile, 'sha1' | 'contentType'>): string {
  return `binary/${Buffer.from(sha1, 'base64').toString('base64url')}/${contentType.trim()}`;
}

/** The files that the findings and the report name, each once. */
export function neededFiles({ findings, files }: Pick<Publication, 'findings' | 'files'>): PublishedFile[] {
  const named = [...(findings.report.attachments ?? []), ...findings.items.map(({ file }) => file)];
  return files.filter(({ name }) => named.includes(name));
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

/**
 * By what the server's rules of access may decide who reads it: the patient, where it is one of this server; of what is
 * about others, whose group does not stand yet, the order.
 */
function contextOf({ subject, focus: { resourceType, id } }: Publication): { context?: string } {
  if (subject === undefined) {
    return id === undefined ? {} : { context: `${resourceType}/${id}` };
  }
  return /^Patient\/[A-Za-z0-9\-.]{1,64}$/.test(subject) ? { context: subject } : {};
}

async function base64Of(file: PublishedFile): Promise<string> {
  return (await buffer(file.read())).toString('base64');
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
  const contentType = file.contentType.trim();
  const about = { contentType, ...contextOf(publication) };
  const id = derivedId(publication.key, binaryPart(file));
  const asJson = async (): Promise<Saved> => {
    const { context: reference } = about;
    const made = await client.create<Binary>({
      resourceType: 'Binary',
      meta: aiMeta(),
      contentType,
      ...(reference !== undefined && { securityContext: { reference } }),
      data: await base64Of(file),
    });
    return { type: 'Binary', id: made.id ?? '', ...(made.meta?.versionId && { version: made.meta.versionId }) };
  };
  const ways = [
    ...(types.Binary?.updateCreate === true ? [() => client.saveBytes(file, { ...about, id })] : []),
    () => client.saveBytes(file, about),
  ];
  for (const [index, way] of ways.entries()) {
    try {
      return await way();
    } catch (thrown) {
      const error = asAdapterError(thrown);
      const isLast = index === ways.length - 1 && file.size > MOST_AS_JSON;
      if (!saysNo(error) || saysTooLarge(error) || isLast) {
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
  return attachmentOf(file, { data: await base64Of(file) });
}

/** Whether what stands refers to it at our address already: then it is not moved, whatever the limit is today. */
function isLinked({ kept }: PublishedFile, standing: Standing): boolean {
  const live = [...standing.parts.values()].filter((resource) => !isWithdrawn(resource));
  return kept?.url !== undefined && live.flatMap(attachmentsIn).some(({ url }) => url === kept.url);
}

async function findPlace(
  client: FhirClient,
  publication: Publication,
  file: PublishedFile,
  standing: Standing,
  session: Session,
): Promise<FilePlace> {
  const link = linkTo(file);
  if (isLarge(file, publication.binaryLimit) || isLinked(file, standing)) {
    return link ?? { why: NO_ADDRESS };
  }
  const binary = session.refused.has('Binary') ? undefined : await asBinary(client, publication, file, session);
  const place = binary ?? (await inline(file, session));
  return 'why' in place ? (link ?? place) : place;
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
    session.files.set(file.name, await findPlace(client, publication, file, standing, session));
  }
}
