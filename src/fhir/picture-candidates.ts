/** The resources that an order's pictures may be in: what it names, what its specimens lead to, what points back at it. */
import type { Binary, Reference, Resource, Task } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { replacedAmong } from './notes.ts';
import type { OrderRead } from './order-reading.ts';
import { type OrderStatus, orderStatus } from './order-status.ts';
import { isPictureHolder, isResult, type PictureHolder } from './picture-holders.ts';
import { localReference } from './references.ts';
import { sideBySide } from './side-by-side.ts';
import type { Source } from './signature.ts';
import type { FhirClient } from './types.ts';

/** A resource that may hold pictures of the order. */
export interface FoundHolder<Holder extends Resource = PictureHolder> {
  holder: Holder;
  /** `Media/1`; of a contained one, the resource that contains it. */
  reference: string;
  isContained: boolean;
  status: OrderStatus;
}

export interface PictureCandidates<Holder extends Resource = PictureHolder> {
  /** In the order in which the order names them, then by date and id. Results of vendors are not among them. */
  found: FoundHolder<Holder>[];
  /** Pictures that the order names and the EHR does not have. */
  gone: number;
  sources: Source[];
}

/** What holds what is looked for, and how it is found. */
export interface Holders<Holder extends Resource> {
  /** As the clinician knows it. */
  what: 'picture' | 'slide';
  isHolder(resource: Resource | undefined): resource is Holder;
  /** Types that are read where the order names one. A Binary never is: that would bring all its bytes as JSON. */
  types: readonly string[];
  /** Of a resource of these types that is named and not there, something is missing: they hold nothing else. */
  only: readonly string[];
  /** Searches: of what names the order, and of what names one of its specimens. */
  back: readonly { type: string; of: 'order' | 'specimen' | 'either'; name: string }[];
}

const PICTURES: Holders<PictureHolder> = {
  what: 'picture',
  isHolder: isPictureHolder,
  types: ['Media', 'DocumentReference'],
  only: ['Media'],
  back: [
    { type: 'Media', of: 'order', name: 'based-on' },
    // R4's Media names a specimen as its subject.
    { type: 'Media', of: 'specimen', name: 'subject' },
    { type: 'DocumentReference', of: 'either', name: 'related' },
  ],
};

export interface PictureSearch {
  /** The Task that asks for the order, where one does, and what its input names. */
  task?: Task | undefined;
  named: readonly Reference[];
  acceptMissingDocStatus: boolean;
}

/** Reads of single resources at once; servers allow more than that in one search, but have no `_id` for all types. */
const READS = 8;
/** Resources of one page of a search. */
const PAGE = 200;
/** A search that a server takes back although it declared it finds nothing; one that breaks off later is no answer. */
const REFUSALS = new Set(['ehr-rejected', 'ehr-forbidden', 'ehr-protocol']);

interface Named {
  reference: string;
  isContained: boolean;
  resource?: Resource | undefined;
}

function containedIn(owner: Resource, reference: string): Resource | undefined {
  const contained = 'contained' in owner ? owner.contained : undefined;
  return contained?.find(({ id }) => `#${id}` === reference);
}

/** One thing that the order (or its Task: `owner`) names, read where it is of one of the types. */
async function readNamed(
  client: FhirClient,
  order: OrderRead,
  { owner, named, types }: { owner: Resource; named: Reference; types: readonly string[] },
): Promise<Named[]> {
  const { reference } = named;
  if (reference?.startsWith('#')) {
    return [{ reference, isContained: true, resource: containedIn(owner, reference) }];
  }
  const local = localReference(client.baseUrl, named);
  if (!local) {
    return reference === undefined ? [] : [{ reference, isContained: false }];
  }
  const said = { reference: local.reference, isContained: false };
  if (local.type === 'Binary') {
    // What it is shows when it is fetched: a read would bring the whole picture as JSON.
    const unread: Binary = { resourceType: 'Binary', id: local.id, contentType: 'application/octet-stream' };
    return [{ ...said, resource: unread }];
  }
  return [{ ...said, ...(types.includes(local.type) && { resource: await order.find(named) }) }];
}

/** All resources of a search, where the server offers it; words are `name=value` of a declared parameter. */
async function searched(client: FhirClient, type: string, name: string, values: string[]): Promise<Resource[]> {
  const offered = (await client.capabilities()).types[type];
  const isOffered = offered?.interactions.includes('search-type') && offered.searchParams.includes(name);
  if (!isOffered || values.length === 0) {
    return [];
  }
  const found: Resource[] = [];
  let isAnswered = false;
  try {
    for await (const page of client.pages(`${type}?${name}=${values.join(',')}&_count=${PAGE}`)) {
      isAnswered = true;
      found.push(...(page.entry ?? []).flatMap(({ resource }) => (resource?.resourceType === type ? resource : [])));
    }
  } catch (thrown) {
    if (isAnswered || !(thrown instanceof AdapterError) || !REFUSALS.has(thrown.code)) {
      throw thrown;
    }
  }
  return found;
}

function dateOf(holder: Resource): string {
  switch (holder.resourceType) {
    case 'Media':
      return holder.createdDateTime ?? holder.createdPeriod?.start ?? holder.issued ?? '';
    case 'DocumentReference':
      return holder.context?.period?.start ?? holder.date ?? '';
    case 'ImagingStudy':
      return holder.started ?? '';
    default:
      return '';
  }
}

/** By date, then by id. Dates are compared as moments: they may be partial, and in any zone. */
function chronological(one: Resource, other: Resource): number {
  const moment = (resource: Resource) => Date.parse(dateOf(resource)) || 0;
  const id = (resource: Resource) => resource.id ?? '';
  return moment(one) - moment(other) || (id(one) < id(other) ? -1 : 1);
}

/** What points back at the order, and what was taken of its specimens. */
async function pointingBack(
  client: FhirClient,
  { focus }: OrderRead,
  searches: Holders<Resource>['back'],
): Promise<Resource[]> {
  if (focus.resourceType !== 'ServiceRequest') {
    return [];
  }
  const order = `ServiceRequest/${focus.id}`;
  const specimens = (focus.specimen ?? []).flatMap((specimen) => {
    const local = localReference(client.baseUrl, specimen);
    return local?.type === 'Specimen' ? local.reference : [];
  });
  const targets = { order: [order], specimen: specimens, either: [order, ...specimens] };
  const found = await Promise.all(searches.map(({ type, of, name }) => searched(client, type, name, targets[of])));
  return found.flat().sort(chronological);
}

const isStanding = ({ status }: FoundHolder<Resource>) => status.withdrawn === undefined && status.notYet === undefined;

/** A picture that stands where it is found, but is not to be done (yet), is known all the same: it may become one. */
function sourceOf({ reference, resource }: Named, found: FoundHolder<Resource> | undefined): Source {
  return { reference, resource, ...(found && !isStanding(found) && { isPart: false }) };
}

/**
 * The resources that may hold pictures of an order: its own, where it is one; else those that it and its Task name, then
 * those found. Each once.
 */
export const pictureCandidates = (
  client: FhirClient,
  order: OrderRead,
  search: PictureSearch,
): Promise<PictureCandidates> => candidatesOf(client, order, search, PICTURES);

/** The same of whatever holds what is looked for. */
export async function candidatesOf<Holder extends Resource>(
  client: FhirClient,
  order: OrderRead,
  { task, named, acceptMissingDocStatus: accept }: PictureSearch,
  { what, isHolder, types, only, back: searches }: Holders<Holder>,
): Promise<PictureCandidates<Holder>> {
  const { focus } = order;
  const foundHolder = (holder: Holder, reference: string, isContained: boolean): FoundHolder<Holder> => ({
    holder,
    reference,
    isContained,
    status: orderStatus(holder, accept, what),
  });
  if (isHolder(focus)) {
    return { found: [foundHolder(focus, `${focus.resourceType}/${focus.id}`, false)], gone: 0, sources: [] };
  }
  const asked = [
    ...(focus.resourceType === 'ServiceRequest' ? (focus.supportingInfo ?? []) : []).map((reference) => ({
      owner: focus,
      reference,
    })),
    ...(task ? named : []).map((reference) => ({ owner: task ?? focus, reference })),
  ];
  const [names, back] = await Promise.all([
    sideBySide(asked, READS, async ({ owner, reference }) =>
      (await readNamed(client, order, { owner, named: reference, types })).map((name) => ({ ...name, owner })),
    ),
    pointingBack(client, order, searches),
  ]);
  const pointing = back.map((resource) => ({
    reference: `${resource.resourceType}/${resource.id}`,
    isContained: false,
    resource,
    owner: resource,
  }));
  const known = new Set<string>();
  const all = [...names.flat(), ...pointing].filter(({ reference, resource, isContained, owner }) => {
    const key = isContained ? `${owner.resourceType}${reference}` : reference;
    const isNew = !known.has(key) && !(resource && isResult(resource));
    known.add(key);
    return isNew;
  });
  const holders = all.map((one) => {
    const { resource, owner, reference, isContained } = one;
    const where = isContained ? `${owner.resourceType}/${owner.id}` : reference;
    return { one, found: isHolder(resource) ? foundHolder(resource, where, isContained) : undefined };
  });
  const found = holders.flatMap((each) => each.found ?? []);
  const replaced = replacedAmong(
    client.baseUrl,
    found.filter(isStanding).map(({ holder }) => holder),
  );
  return {
    found: found.filter(({ reference, isContained }) => isContained || !replaced.has(reference)),
    gone: all.filter(
      ({ resource, reference }) => resource === undefined && only.some((type) => reference.startsWith(`${type}/`)),
    ).length,
    sources: holders.map((each) => sourceOf(each.one, each.found)),
  };
}
