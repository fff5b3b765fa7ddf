/** The pictures of an order: which they are, whether they are this patient's, and what their bytes show. */
import type { Extension, Reference, Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { inspectPicture } from '../pictures/inspect.ts';
import { tooMany } from '../pictures/refusals.ts';
import type { Inspected, PictureLimits } from '../pictures/types.ts';
import { addressOf } from './attachments.ts';
import { judgeHeld } from './judge-held.ts';
import { openHeld } from './open-picture.ts';
import type { Find, OrderRead } from './order-reading.ts';
import type { FoundHolder, PictureCandidates } from './picture-candidates.ts';
import { type HeldPicture, picturesIn, placeWithin } from './picture-holders.ts';
import type { Whom } from './picture-owner.ts';
import { isInputRefusal, type Refused, refuse } from './refuse-order.ts';
import { sideBySide } from './side-by-side.ts';
import type { CollectedInput, FhirClient } from './types.ts';

/** A picture of the order that is worth a download. */
interface Candidate extends HeldPicture {
  /** The resource it is read again from: `Media/1`. */
  reference: string;
}

/** Pictures that are read at once: each is a stream, but storage and the vendor's checks are shared. */
const AT_ONCE = 3;

/**
 * What tells two attachments apart without fetching them. An address counts with its query, although presigned ones of one
 * file differ there: an archive may tell its pictures apart by it alone. What is fetched twice so is sent once.
 */
export function fileOf({ attachment: { data, url, hash } }: HeldPicture): string | undefined {
  if (data !== undefined) {
    return `data ${data}`;
  }
  return hash !== undefined ? `hash ${hash}` : url && `url ${url}`;
}

function heldBy(found: readonly FoundHolder[]): Candidate[] {
  const files = new Set<string>();
  return found
    .flatMap(({ holder, reference, isContained }) =>
      picturesIn(holder).map((held) => ({
        ...held,
        reference,
        place: isContained ? placeWithin(holder.id, held.place) : held.place,
      })),
    )
    .filter((candidate) => {
      const file = fileOf(candidate);
      const isNew = file === undefined || !files.has(file);
      files.add(file ?? '');
      return isNew;
    });
}

const refuseSoMany = (count: number, { most }: PictureLimits) =>
  refuse('input-too-large', tooMany(count, most).orderer);

/** Which pictures they are; nothing is fetched for it. One of somebody else refuses the order, whatever else there is. */
export async function judgePictures(
  focus: Resource,
  candidates: PictureCandidates,
  whom: Whom,
  limits: PictureLimits,
): Promise<{ pictures: Candidate[] } | Refused> {
  const judged = await judgeHeld(focus, candidates, whom, { what: 'picture', heldBy });
  if (!('held' in judged)) {
    return judged;
  }
  const pictures = judged.held;
  return pictures.length > limits.most ? refuseSoMany(pictures.length, limits) : { pictures };
}

/** Extensions of the devices that took it; one that may not be read tells nothing. */
export async function deviceExtensions(devices: readonly Reference[], find: Find): Promise<Extension[]> {
  const found = await Promise.all(
    devices.map((device) =>
      find(device).catch((thrown: unknown) => {
        if (thrown instanceof AdapterError && thrown.code === 'ehr-forbidden') {
          return undefined;
        }
        throw thrown;
      }),
    ),
  );
  return found.flatMap((resource) => (resource && 'extension' in resource ? (resource.extension ?? []) : []));
}

/** A refusal that says which of several pictures it is about. */
export function about(error: AdapterError, { reference }: { reference: string }, isOnly: boolean): AdapterError {
  if (isOnly || !isInputRefusal(error.code)) {
    return error;
  }
  const orderer = `${reference}: ${error.orderer}`;
  return new AdapterError(error.code, error.message, { cause: error, orderer });
}

type Read = Omit<CollectedInput, 'name'>;

/** Reads one picture whole, once. Undefined: the answer said that it is something else, and its first bytes agree. */
async function readPicture(
  client: FhirClient,
  { find }: OrderRead,
  candidate: Candidate,
  limits: PictureLimits,
): Promise<Read | undefined> {
  const { reference, place, view, bodySite, date } = candidate;
  const opened = await openHeld(client, candidate, limits);
  let inspected: Inspected;
  try {
    inspected = await inspectPicture(opened.body, limits);
  } catch (error) {
    if (error instanceof AdapterError && error.code === 'input-unsupported' && opened.isSomethingElse) {
      return undefined;
    }
    throw error;
  }
  const { size, sha256, ...facts } = inspected;
  const extension = [...candidate.extension, ...(await deviceExtensions(candidate.devices, find))];
  return {
    kind: 'picture',
    contentType: inspected.contentType,
    sha256,
    size,
    reference,
    place,
    ...(date !== undefined && { date }),
    picture: { ...facts, ...(view && { view }), ...(bodySite && { bodySite }), extension },
  };
}

/** Each file once: the same bytes at one address are one, although presigned addresses differ in their query. */
function withoutRepeats(read: readonly (Read | undefined)[], pictures: readonly Candidate[]): Read[] {
  const known = new Set<string>();
  return read.flatMap((input, index) => {
    const address = pictures[index] && addressOf(pictures[index].attachment);
    const file = input && address !== undefined ? `${address} ${input.sha256}` : undefined;
    if (input === undefined || (file !== undefined && known.has(file))) {
      return [];
    }
    known.add(file ?? '');
    return [input];
  });
}

/**
 * The pictures as inputs, each read whole once and checked; nothing of their bytes is kept. `refusal`: the first that
 * cannot be sent, in words. Throws the client's `ehr-…` errors, which are the engine's to retry.
 */
export async function readPictures(
  client: FhirClient,
  order: OrderRead,
  pictures: readonly Candidate[],
  limits: PictureLimits,
): Promise<{ inputs: CollectedInput[] } | Refused> {
  let read: (Read | undefined)[];
  try {
    read = await sideBySide(pictures, AT_ONCE, (candidate) =>
      readPicture(client, order, candidate, limits).catch((error: unknown) => {
        throw error instanceof AdapterError ? about(error, candidate, pictures.length === 1) : error;
      }),
    );
  } catch (error) {
    if (error instanceof AdapterError && isInputRefusal(error.code)) {
      return refuse(error.code, error.orderer);
    }
    throw error;
  }
  const inputs = withoutRepeats(read, pictures).map((input, index) => ({
    name: `picture/${String(index + 1).padStart(3, '0')}`,
    ...input,
  }));
  const count = inputs.reduce((sum, { picture }) => sum + (picture?.pictures ?? 0), 0);
  return count > limits.most ? refuseSoMany(count, limits) : { inputs };
}
