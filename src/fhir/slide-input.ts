/** The slides of an order: which they are, whether they are this patient's, and what their headers say. */
import type { Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { inspectSlide } from '../slides/inspect.ts';
import type { SlideFacts } from '../slides/types.ts';
import { judgeHeld } from './judge-held.ts';
import type { OrderRead } from './order-reading.ts';
import type { FoundHolder } from './picture-candidates.ts';
import { placeWithin } from './picture-holders.ts';
import { about, deviceExtensions } from './picture-input.ts';
import type { Whom } from './picture-owner.ts';
import { isInputRefusal, type Refused, refuse } from './refuse-order.ts';
import { sideBySide } from './side-by-side.ts';
import { disagreement } from './slide-agreement.ts';
import { locateSlide } from './slide-bytes.ts';
import type { SlideCandidates } from './slide-candidates.ts';
import { type HeldSlide, SLIDES, type SlideHolder, slidesIn } from './slide-holders.ts';
import { openSlideReader, type SlideReader } from './slide-reader.ts';
import type { CollectedInput, FhirClient } from './types.ts';

/** A slide of the order whose header is worth reading. */
interface Candidate extends HeldSlide {
  /** The resource it is read again from: `Media/1`. */
  reference: string;
}

/** More slides than one order has by intent: each is hours of work, and billed. */
const MOST = 100;
/** Instances of one series: the levels of a pyramid, its label and its overview. */
const MOST_INSTANCES = 64;
/** Slides whose headers are read at once. */
const AT_ONCE = 3;
/** Of a file whose size its server does not say. */
const UNKNOWN_SIZE = Number.MAX_SAFE_INTEGER;

/** The same file twice is one slide; that it is named twice must not bill it twice. */
function fileOf({ places, reference, attachment }: Candidate): string {
  const { data, url, hash } = attachment ?? {};
  return data ?? (hash && `hash ${hash}`) ?? (url && `url ${url}`) ?? `${reference} ${places.join(' ')}`;
}

function heldBy(found: readonly FoundHolder<SlideHolder>[]): Candidate[] {
  const all = found.flatMap(({ holder, reference, isContained }) =>
    slidesIn(holder).map((held) => ({
      ...held,
      reference,
      places: isContained ? held.places.map((place) => placeWithin(holder.id, place)) : held.places,
    })),
  );
  return [...new Map(all.toReversed().map((each) => [fileOf(each), each])).values()].toReversed();
}

/** Which slides they are; nothing is fetched for it. One of somebody else refuses the order, whatever else there is. */
export async function judgeSlides(
  focus: Resource,
  candidates: SlideCandidates,
  whom: Whom,
): Promise<{ slides: Candidate[] } | Refused> {
  const judged = await judgeHeld(focus, candidates, whom, { what: 'slide', heldBy });
  if (!('held' in judged)) {
    return judged;
  }
  const slides = judged.held;
  if (slides.length > MOST) {
    return refuse('input-too-large', `The order has ${slides.length} slides; at most ${MOST} are taken at once.`);
  }
  const bare = slides.find(({ places }) => places.length === 0);
  return bare
    ? refuse('input-unsupported', `${bare.reference}: The imaging study does not name the instances of its slides.`)
    : { slides };
}

interface Read {
  place: string;
  reader: SlideReader;
  facts: SlideFacts;
}

/** The header of one file or instance. Undefined: the server says that it is something else, and its bytes agree. */
async function readHeader(client: FhirClient, { reference, attachment }: Candidate, place: string) {
  const located = await locateSlide(client, { reference, place });
  if (!located) {
    throw new AdapterError('input-unavailable', 'A slide is not where its resource says', {
      orderer: attachment
        ? 'A slide of the order is no longer where it was in the EHR.'
        : 'The imaging study names no endpoint (DICOMweb) that its slides can be fetched from.',
    });
  }
  const reader = await openSlideReader(client, located);
  try {
    return { place, reader, facts: await inspectSlide(reader.readAt, reader.size ?? UNKNOWN_SIZE) };
  } catch (error) {
    const isSomethingElse = attachment?.contentType === undefined && !SLIDES.mayBe(reader.contentType);
    if (attachment && isSomethingElse && error instanceof AdapterError && error.code === 'input-unsupported') {
      return undefined;
    }
    throw error;
  }
}

/**
 * The largest image of a series: its label and its overview are no slides, and the smaller levels of its pyramid are made
 * of the largest one.
 */
async function readSeries(client: FhirClient, candidate: Candidate): Promise<Read> {
  if (candidate.places.length > MOST_INSTANCES) {
    throw new AdapterError('input-too-large', `A series has more than ${MOST_INSTANCES} instances.`);
  }
  let largest: Read | undefined;
  let unfit: AdapterError | undefined;
  for (const place of candidate.places) {
    try {
      const read = await readHeader(client, candidate, place);
      const pixels = ({ facts }: Read) => facts.width * facts.height;
      if (read && largest && pixels(read) === pixels(largest)) {
        throw new AdapterError('input-too-large', 'The largest image of a series is in several instances.', {
          orderer: 'The slide is spread over several DICOM instances, which cannot be sent yet.',
        });
      }
      largest = read && (!largest || pixels(read) > pixels(largest)) ? read : largest;
    } catch (error) {
      if (!(error instanceof AdapterError) || error.code !== 'input-unsupported') {
        throw error;
      }
      unfit = error;
    }
  }
  if (!largest) {
    throw unfit ?? new AdapterError('input-unsupported', 'The imaging study has no slide.');
  }
  return largest;
}

async function readSlide(
  client: FhirClient,
  { find }: OrderRead,
  candidate: Candidate,
): Promise<Omit<CollectedInput, 'name'> | undefined> {
  const { reference, places, date, bodySite, specimen, attachment } = candidate;
  const read = attachment ? await readHeader(client, candidate, places[0] ?? '') : await readSeries(client, candidate);
  if (!read) {
    return undefined;
  }
  const { place, reader } = read;
  const size = await reader.measure();
  const facts = { ...read.facts, size };
  const unlike = disagreement(candidate, facts);
  if (unlike !== undefined) {
    throw new AdapterError('order-incomplete', 'What the EHR says of a slide differs from its header', {
      orderer: unlike,
    });
  }
  return {
    kind: 'slide',
    contentType: facts.mediaType,
    sha256: reader.known(size),
    size,
    reference,
    place,
    ...(date !== undefined && { date }),
    slide: {
      ...facts,
      ...(bodySite && { bodySite }),
      extension: [...candidate.extension, ...(await deviceExtensions(candidate.devices, find))],
      ...(specimen !== undefined && { specimen }),
    },
  };
}

/**
 * The slides as inputs: their headers are read, nothing else of their bytes. `refusal`: the first that cannot be sent, in
 * words. Throws the client's `ehr-…` errors, which are the engine's to retry.
 */
export async function readSlides(
  client: FhirClient,
  order: OrderRead,
  slides: readonly Candidate[],
): Promise<{ inputs: CollectedInput[] } | Refused> {
  try {
    const read = await sideBySide(slides, AT_ONCE, (candidate) =>
      readSlide(client, order, candidate).catch((error: unknown) => {
        throw error instanceof AdapterError ? about(error, candidate, slides.length === 1) : error;
      }),
    );
    // The same file under two addresses that differ in their signature alone.
    const files = new Map(read.toReversed().flatMap((input) => (input ? [[input.sha256, input] as const] : [])));
    const inputs = [...files.values()].toReversed();
    if (inputs.length === 0) {
      return refuse('order-incomplete', 'The order has no slide.');
    }
    return {
      inputs: inputs.map((input, index) => ({ name: `slide/${String(index + 1).padStart(3, '0')}`, ...input })),
    };
  } catch (error) {
    if (error instanceof AdapterError && isInputRefusal(error.code)) {
      return refuse(error.code, error.orderer);
    }
    throw error;
  }
}
