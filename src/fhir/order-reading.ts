/**
 * Reads an order and what it refers to in as few requests as the server allows: one search with `_include`, and what
 * that did not bring by reads side by side.
 */
import type { Bundle, Encounter, Patient, Reference, Resource, Specimen } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { type LocalReference, localReference } from './references.ts';
import type { Capabilities, FhirClient } from './types.ts';

/** Search parameters whose targets come along, by the type of the order. R4 has none for supportingInfo. */
const INCLUDES: Record<string, readonly string[]> = {
  DocumentReference: ['patient', 'subject', 'encounter'],
  ServiceRequest: ['patient', 'subject', 'encounter', 'specimen'],
  DiagnosticReport: ['patient', 'subject', 'encounter', 'specimen'],
  Composition: ['patient', 'subject', 'encounter'],
};

export type Find = (reference: Reference | undefined) => Promise<Resource | undefined>;

export interface OrderRead {
  focus: Resource;
  /** The resource a reference points to: contained, brought by the search, or read (once). undefined: gone or not here. */
  find: Find;
  /** What the reverse search brought: documents that name the order in context.related. */
  related: () => Promise<Resource[]>;
}

function searchFor(type: string, id: string, capabilities: Capabilities): string | undefined {
  const offered = capabilities.types[type];
  if (!offered?.interactions.includes('search-type')) {
    return undefined;
  }
  const includes = (INCLUDES[type] ?? []).filter((name) => offered.searchParams.includes(name));
  // `subject` brings the patient too; both would be asked of servers that know both.
  const wanted = includes.includes('patient') ? includes.filter((name) => name !== 'subject') : includes;
  const words = [`_id=${id}`, ...wanted.map((name) => `_include=${type}:${name}`)];
  if (type === 'ServiceRequest' && canAskRelated(capabilities)) {
    words.push('_revinclude=DocumentReference:related');
  }
  return wanted.length === 0 ? undefined : `${type}?${words.join('&')}`;
}

function canAskRelated(capabilities: Capabilities): boolean {
  const documents = capabilities.types.DocumentReference;
  return documents?.interactions.includes('search-type') === true && documents.searchParams.includes('related');
}

/** A search that a server takes back although it declared it is no failure: the reads do the same. */
async function trySearch(client: FhirClient, query: string): Promise<Bundle | undefined> {
  try {
    return await client.search(query);
  } catch (error) {
    if (error instanceof AdapterError && ['ehr-rejected', 'ehr-forbidden', 'ehr-protocol'].includes(error.code)) {
      return undefined;
    }
    throw error;
  }
}

function resourcesOf(bundle: Bundle | undefined): Resource[] {
  return (bundle?.entry ?? []).flatMap(({ resource, search }) =>
    resource && search?.mode !== 'outcome' ? [resource] : [],
  );
}

function isResource(value: { resourceType: string }, type: string, id: string): boolean {
  return value.resourceType === type && 'id' in value && value.id === id;
}

async function readAny(client: FhirClient, { type, id }: LocalReference): Promise<Resource | undefined> {
  const read: (type: Resource['resourceType'], id: string) => Promise<Resource | undefined> = client.read;
  return isTypeName(type) ? read.call(client, type, id) : undefined;
}

/** Any capitalised name may be asked for; a server that does not know the type answers 404. */
function isTypeName(type: string): type is Resource['resourceType'] {
  return /^[A-Z][A-Za-z]+$/.test(type);
}

/**
 * The order as it is now, with a finder for what it refers to; undefined where it is gone. `alone`: nothing that it refers
 * to comes along.
 */
export async function readOrderResource(
  client: FhirClient,
  type: string,
  id: string,
  { alone = false } = {},
): Promise<OrderRead | undefined> {
  const capabilities = await client.capabilities();
  const query = alone ? undefined : searchFor(type, id, capabilities);
  const bundle = query === undefined ? undefined : await trySearch(client, query);
  const brought = resourcesOf(bundle);
  // A search index may lag behind: an order that was not found is asked for by its id.
  const focus =
    brought.find((resource) => isResource(resource, type, id)) ??
    (await readAny(client, { type, id, reference: `${type}/${id}` }));
  if (!focus) {
    return undefined;
  }
  const known = new Map(
    brought.map((resource) => [`${resource.resourceType}/${resource.id}`, Promise.resolve(resource)]),
  );
  const reads = new Map<string, Promise<Resource | undefined>>(known);
  const find: Find = async (reference) => {
    if (reference?.reference?.startsWith('#')) {
      const contained = 'contained' in focus ? focus.contained : undefined;
      return contained?.find((resource) => `#${resource.id}` === reference.reference);
    }
    const local = localReference(client.baseUrl, reference);
    if (!local) {
      return undefined;
    }
    const reading = reads.get(local.reference) ?? readAny(client, local);
    reads.set(local.reference, reading);
    return reading;
  };
  const related = async (): Promise<Resource[]> => {
    const isDocument = (resource: Resource) => resource.resourceType === 'DocumentReference';
    if (bundle && query?.includes('_revinclude')) {
      return brought.filter(isDocument);
    }
    if (!canAskRelated(capabilities)) {
      return [];
    }
    return resourcesOf(await trySearch(client, `DocumentReference?related=${type}/${id}`)).filter(isDocument);
  };
  return { focus, find, related };
}

export interface OrderSurroundings {
  patient?: Patient;
  encounter?: Encounter;
  subject?: string;
  encounterReference?: string;
  requester?: string;
  specimens?: Specimen[];
}

interface Stated {
  subject?: Reference;
  encounters: Reference[];
  requester?: Reference;
}

/** Who the order is about and from, as the resource states it. A document's author stands in for its orderer. */
export function stated(focus: Resource): Stated {
  switch (focus.resourceType) {
    case 'DocumentReference':
      return { subject: focus.subject, encounters: focus.context?.encounter ?? [], requester: focus.author?.[0] };
    case 'ServiceRequest':
      return { subject: focus.subject, encounters: listOf(focus.encounter), requester: focus.requester };
    case 'DiagnosticReport':
      return { subject: focus.subject, encounters: listOf(focus.encounter), requester: focus.resultsInterpreter?.[0] };
    case 'Composition':
      return { subject: focus.subject, encounters: listOf(focus.encounter), requester: focus.author?.[0] };
    case 'Media':
      return { subject: focus.subject, encounters: listOf(focus.encounter), requester: focus.operator };
    case 'Task':
      return { subject: focus.for, encounters: listOf(focus.encounter), requester: focus.requester };
    default:
      return { encounters: [] };
  }
}

function listOf<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

/** An encounter that we may not read is still the order's; one that is gone or another patient's is not. */
async function encounterOf(
  client: FhirClient,
  find: Find,
  references: Reference[],
  subject: string | undefined,
): Promise<Pick<OrderSurroundings, 'encounter' | 'encounterReference'>> {
  for (const reference of references) {
    const local = localReference(client.baseUrl, reference);
    if (local?.type !== 'Encounter') {
      continue;
    }
    const resource = await find(reference).catch((error: unknown) => {
      if (error instanceof AdapterError && error.code === 'ehr-forbidden') {
        return 'forbidden' as const;
      }
      throw error;
    });
    if (resource === 'forbidden') {
      return { encounterReference: local.reference };
    }
    if (resource?.resourceType === 'Encounter' && resource.status !== 'entered-in-error') {
      const patient = localReference(client.baseUrl, resource.subject)?.reference;
      if (patient === undefined || patient === subject) {
        return { encounter: resource, encounterReference: local.reference };
      }
    }
  }
  return {};
}

async function specimensOf({ focus, find }: OrderRead): Promise<Specimen[]> {
  const references = focus.resourceType === 'ServiceRequest' ? (focus.specimen ?? []) : [];
  const resources = await Promise.all(references.map(find));
  return resources.filter((resource) => resource?.resourceType === 'Specimen');
}

/** Patient, encounter, orderer and specimens of an order, read side by side. */
export async function readSurroundings(client: FhirClient, order: OrderRead): Promise<OrderSurroundings> {
  const { focus, find } = order;
  const { subject, encounters, requester } = stated(focus);
  const local = localReference(client.baseUrl, subject);
  const patientReference = local?.type === 'Patient' ? local.reference : undefined;
  const [patient, encounter, specimens] = await Promise.all([
    patientReference === undefined ? undefined : find(subject),
    encounterOf(client, find, encounters, patientReference),
    specimensOf(order),
  ]);
  const orderer = localReference(client.baseUrl, requester)?.reference;
  return {
    ...encounter,
    ...(patient?.resourceType === 'Patient' && { patient }),
    ...(patientReference !== undefined && { subject: patientReference }),
    ...(orderer !== undefined && { requester: orderer }),
    ...(specimens.length > 0 && { specimens }),
  };
}
