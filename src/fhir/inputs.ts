/**
 * Reads an order with everything it refers to, and collects the inputs that its vendor needs.
 * For a note: its text, extracted and normalised once; all offsets of all findings refer to it.
 * For pictures: which they are and what their bytes show; the bytes stay in the EHR until they are sent.
 * For slides: which they are and what their headers say; their bytes are copied when the order is worked on.
 */
import type { Reference, Resource, Task } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { PICTURE_TYPES, type PictureLimits } from '../pictures/types.ts';
import { consentObjection } from './consent.ts';
import { type Candidates, candidatesOf, judgeNote, readNote } from './note-input.ts';
import { asStated, ownExtensions, withoutPatient } from './order-about-others.ts';
import {
  type OrderRead,
  type OrderSurroundings,
  readOrderResource,
  readSurroundings,
  stated,
} from './order-reading.ts';
import { orderStatus } from './order-status.ts';
import { type PictureCandidates, pictureCandidates } from './picture-candidates.ts';
import { judgePictures, readPictures } from './picture-input.ts';
import type { Whom } from './picture-owner.ts';
import { localReference } from './references.ts';
import { isInputRefusal, type Refused, refuse } from './refuse-order.ts';
import { type Source, signatureOf } from './signature.ts';
import { type SlideCandidates, slideCandidates } from './slide-candidates.ts';
import { judgeSlides, readSlides } from './slide-input.ts';
import type { CollectedInput, FhirClient, OrderReading, ReadOrder } from './types.ts';

type Request = Parameters<ReadOrder>[1];

/** The order that a Task asks us to do, and what the Task itself names for it. */
interface Asked {
  order: OrderRead;
  task?: Task;
  /** `Task.input` that refers to something. */
  named: Reference[];
}

async function asked(client: FhirClient, { type, id, others }: Request): Promise<Asked | undefined> {
  const read = (which: { type: string; id: string }) =>
    readOrderResource(client, which.type, which.id, { alone: others === true });
  const order = await read({ type, id });
  if (order?.focus.resourceType !== 'Task') {
    return order && { order, named: [] };
  }
  const task = order.focus;
  const named = (task.input ?? []).flatMap(({ valueReference }) => valueReference ?? []);
  const focus = localReference(client.baseUrl, task.focus);
  // What else a Task may be about is somebody's.
  const underlying = focus && (!others || focus.type === 'ServiceRequest') ? await read(focus) : undefined;
  return { order: underlying ?? order, task, named };
}

/** Orders that this one replaces, as it says itself. */
function replacedBy(client: FhirClient, focus: Resource): string[] {
  const named =
    focus.resourceType === 'DocumentReference'
      ? (focus.relatesTo ?? []).flatMap(({ code, target }) => (code === 'replaces' ? target : []))
      : focus.resourceType === 'ServiceRequest'
        ? (focus.replaces ?? [])
        : [];
  return named.flatMap((reference) => localReference(client.baseUrl, reference)?.reference ?? []);
}

/** What an order may be done with, of the kinds that its vendor needs. */
interface Found {
  notes?: Candidates;
  pictures?: PictureCandidates;
  slides?: SlideCandidates;
}

/** For a look at an order whose vendor's limits nobody has told. */
const ANY_PICTURES: PictureLimits = { types: PICTURE_TYPES, most: 500, largest: 50 * 1024 * 1024 };

async function find(client: FhirClient, { order, task, named }: Asked, request: Request): Promise<Found> {
  const { needs, acceptMissingDocStatus } = request;
  const search = { task, named, acceptMissingDocStatus };
  const [notes, pictures, slides] = await Promise.all([
    needs.includes('note') ? candidatesOf(client, order, named) : undefined,
    needs.includes('picture') ? pictureCandidates(client, order, search) : undefined,
    needs.includes('slide') ? slideCandidates(client, order, search) : undefined,
  ]);
  return { ...(notes && { notes }), ...(pictures && { pictures }), ...(slides && { slides }) };
}

/** Each once; where only one kind of input had it read, as read. */
function sourcesOf({ notes, pictures, slides }: Found): Source[] {
  const sources = new Map<string, Source>();
  for (const source of [notes, pictures, slides].flatMap((each) => each?.sources ?? [])) {
    const known = sources.get(source.reference);
    sources.set(source.reference, known?.resource ? known : source);
  }
  return [...sources.values()];
}

type Collected = { inputs: CollectedInput[] } | Refused;

async function collectNote(
  client: FhirClient,
  order: OrderRead,
  { notes }: Candidates,
  subject: string,
  request: Request,
): Promise<Collected> {
  const judged = judgeNote(client, order.focus, notes, subject, request.acceptMissingDocStatus);
  if (!('note' in judged)) {
    return judged;
  }
  if (request.download === false) {
    return { inputs: [] };
  }
  try {
    return { inputs: [await readNote(client, order, judged.note)] };
  } catch (error) {
    if (error instanceof AdapterError && isInputRefusal(error.code)) {
      return refuse(error.code, error.orderer);
    }
    throw error;
  }
}

type Around = OrderSurroundings & { subject: string };

function whomOf({ baseUrl }: FhirClient, { find }: OrderRead, { subject, patient, specimens = [] }: Around): Whom {
  return { baseUrl, subject, patient, specimens, find };
}

async function collectSlides(
  client: FhirClient,
  order: OrderRead,
  candidates: SlideCandidates,
  around: Around,
  request: Request,
): Promise<Collected> {
  const judged = await judgeSlides(order.focus, candidates, whomOf(client, order, around));
  if (!('slides' in judged)) {
    return judged;
  }
  return request.download === false ? { inputs: [] } : readSlides(client, order, judged.slides);
}

async function collectPictures(
  client: FhirClient,
  order: OrderRead,
  candidates: PictureCandidates,
  around: Around,
  request: Request,
): Promise<Collected> {
  const limits = request.pictures ?? ANY_PICTURES;
  const judged = await judgePictures(order.focus, candidates, whomOf(client, order, around), limits);
  if (!('pictures' in judged)) {
    return judged;
  }
  return request.download === false ? { inputs: [] } : readPictures(client, order, judged.pictures, limits);
}

/** All inputs of the order, or why one kind of them cannot be had. */
async function collect(
  client: FhirClient,
  order: OrderRead,
  { notes, pictures, slides }: Found,
  around: Around,
  request: Request,
): Promise<Collected> {
  const kinds = [
    () => notes && collectNote(client, order, notes, around.subject, request),
    () => pictures && collectPictures(client, order, pictures, around, request),
    () => slides && collectSlides(client, order, slides, around, request),
  ];
  const inputs: CollectedInput[] = [];
  for (const collectKind of kinds) {
    const collected = (await collectKind()) ?? { inputs: [] };
    if (!('inputs' in collected)) {
      return collected;
    }
    inputs.push(...collected.inputs);
  }
  return { inputs };
}

/**
 * Whether it carries a modifierExtension: one may turn its meaning round, and whoever does not know it must not act on what
 * it modifies (FHIR R4, Extensibility). We know none.
 */
function isModified(resource: Resource): boolean {
  return 'modifierExtension' in resource && (resource.modifierExtension?.length ?? 0) > 0;
}

const MODIFIED = 'The order carries an instruction that this service does not understand, so it is not done.';
const ABOUT_NOBODY = 'The order does not say whom it is about (subject).';

/** What the patient's Consents say; nobody is asked for a look at an order whose data goes nowhere. */
async function objection(client: FhirClient, patient: string, request: Request): Promise<Refused | undefined> {
  const { vendor, requireConsent: required = false } = request;
  const said = vendor === undefined ? undefined : await consentObjection(client, { patient, vendor, required });
  return said && { refusal: { code: 'consent-denied', ...said } };
}

/**
 * Reads an order as it is now; undefined where it is gone. `refusal`: it cannot be done as it stands. `notYet`: it is no
 * order yet. `paused`: it is on hold. `withdrawn`: it is none any more. With any of them, `inputs` is empty and nothing
 * was downloaded in vain. Of a Task, the order it names is read; an order for `others` is read alone. Throws the client's
 * `ehr-…` errors, which the engine retries or holds for.
 */
export const readOrder: ReadOrder = async (client, request) => {
  const found = await asked(client, request);
  if (!found) {
    return undefined;
  }
  const { order, task } = found;
  const { focus } = order;
  const ordering = task ?? focus;
  const { others } = request;
  const [around, candidates] = others
    ? [asStated(client.baseUrl, focus), {}]
    : await Promise.all([readSurroundings(client, order), find(client, found, request)]);
  const document = request.needs.includes('slide') ? 'slide' : request.needs.includes('picture') ? 'picture' : 'note';
  const reading: OrderReading = {
    focus: others ? withoutPatient(focus) : focus,
    ordering,
    version: ordering.meta?.versionId,
    ...around,
    inputs: [],
    replaces: replacedBy(client, focus),
    signature: signatureOf(focus, sourcesOf(candidates), others && ownExtensions(focus)),
    ...orderStatus(focus, request.acceptMissingDocStatus, document),
    ...(task && orderStatus(task, request.acceptMissingDocStatus)),
  };
  if (reading.withdrawn !== undefined || reading.paused !== undefined || reading.notYet !== undefined) {
    return reading;
  }
  if (focus.resourceType === 'Task') {
    return { ...reading, ...refuse('order-incomplete', 'The Task names no order that could be read (focus).') };
  }
  if ([focus, ordering].some(isModified)) {
    return { ...reading, ...refuse('order-incomplete', MODIFIED) };
  }
  if (others) {
    return stated(focus).subject ? reading : { ...reading, ...refuse('order-incomplete', ABOUT_NOBODY) };
  }
  const { subject, patient } = around;
  if (subject === undefined) {
    return { ...reading, ...refuse('order-incomplete', 'The order names no patient.') };
  }
  if (patient === undefined) {
    return { ...reading, ...refuse('order-incomplete', 'The patient of the order cannot be found in the EHR.') };
  }
  const refused = await objection(client, subject, request);
  return { ...reading, ...(refused ?? (await collect(client, order, candidates, { ...around, subject }, request))) };
};
