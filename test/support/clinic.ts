/** What a clinic does with its EHR in the tests: notes are written, and what came of them is read. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Attachment, DocumentReference, Resource, Task } from '@medplum/fhirtypes';
import { z } from 'zod';
import { until } from './until.ts';
import { type Place, ROUTE } from './whole.ts';

/** Where notes are written: a place, or its EHR alone. */
export type EhrSide = Omit<Place, 'whole'>;

export type Typed<T extends Resource['resourceType']> = Extract<Resource, { resourceType: T }>;

export interface NoteWish {
  text?: string;
  /** Instead of `text`. */
  attachment?: Attachment;
  docStatus?: DocumentReference['docStatus'];
  /** A reference to one that is there; default: a new one for each note. */
  patient?: string;
  /** A note that names no patient. */
  nobody?: boolean;
  /** A client's own id, where the EHR takes one. */
  id?: string;
}

export interface PlacedNote {
  id: string;
  reference: string;
  patient: string;
  /** The route that makes an order of it; default ROUTE. */
  route?: string;
}

export interface Reply {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks into is whatever the server sent
  json: any;
  headers: Headers;
}

/** A request with FHIR JSON to the EHR, or to any other address. */
export async function call(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const sent = isRaw ? new Uint8Array(Buffer.from(body)) : JSON.stringify(body);
  const response = await fetch(url, {
    method,
    headers: { Accept: 'application/fhir+json', 'Content-Type': 'application/fhir+json', ...headers },
    ...(body !== undefined && { body: sent }),
  });
  const answer = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '') && answer !== '';
  return { status: response.status, json: isJson ? JSON.parse(answer) : undefined, headers: response.headers };
}

const withId = z.object({ id: z.string() });

/** Creates (or, with `id`, puts) a resource over FHIR; gives its id. */
export async function create(place: EhrSide, resource: Resource): Promise<string> {
  const path = [resource.resourceType, ...(resource.id ? [resource.id] : [])].join('/');
  const reply = await call(resource.id ? 'PUT' : 'POST', `${place.ehrUrl}/${path}`, resource);
  if (reply.status > 201) {
    throw new Error(`The EHR answered ${reply.status} to ${resource.resourceType}: ${JSON.stringify(reply.json)}`);
  }
  return withId.parse(reply.json).id;
}

/** Raw bytes as a Binary; gives its relative URL. */
export async function createBinary(place: EhrSide, bytes: Uint8Array, contentType: string): Promise<string> {
  const reply = await call('POST', `${place.ehrUrl}/Binary`, bytes, { 'Content-Type': contentType });
  return `Binary/${withId.parse(reply.json).id}`;
}

export function createPatient(place: EhrSide, family = 'Öztürk-Lefèvre'): Promise<string> {
  const name = [{ family, given: ['Ángela'] }];
  return create(place, { resourceType: 'Patient', name, gender: 'female', birthDate: '1958-04-23' });
}

/** `text` as an inline attachment. */
export function inline(text: string, contentType = 'text/plain; charset=utf-8'): Attachment {
  return { contentType, data: Buffer.from(text, 'utf8').toString('base64'), creation: '2026-11-19T14:40:00+01:00' };
}

/** A note as it stands in the EHR, with its patient, author and visit; its arrival orders the coding. */
export async function placeNote(place: EhrSide, wish: NoteWish): Promise<PlacedNote> {
  const patient = wish.patient ?? (wish.nobody ? '' : `Patient/${await createPatient(place)}`);
  const subject = { reference: patient };
  const author = `Practitioner/${await create(place, { resourceType: 'Practitioner', name: [{ family: 'Peeters' }] })}`;
  const encounter = wish.nobody
    ? undefined
    : `Encounter/${await create(place, {
        resourceType: 'Encounter',
        status: 'finished',
        class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
        subject,
      })}`;
  const id = await create(place, {
    resourceType: 'DocumentReference',
    ...(wish.id && { id: wish.id }),
    status: 'current',
    docStatus: wish.docStatus ?? 'final',
    type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
    ...(patient && { subject }),
    date: '2026-11-19T14:40:00+01:00',
    author: [{ reference: author }],
    content: [{ attachment: wish.attachment ?? inline(wish.text ?? '') }],
    ...(encounter && { context: { encounter: [{ reference: encounter }] } }),
  });
  return { id, reference: `DocumentReference/${id}`, patient };
}

/** The note as it stands, changed and put back. */
export async function editNote(
  place: EhrSide,
  { id }: PlacedNote,
  change: (note: DocumentReference) => DocumentReference,
): Promise<void> {
  const note = await place.sandbox.ehr.read('DocumentReference', id);
  if (note?.resourceType !== 'DocumentReference') {
    throw new Error('The note is gone');
  }
  await create(place, change(note));
}

/** All resources that a search of the EHR brings, deleted ones not. */
export async function find<T extends Resource['resourceType']>(
  place: EhrSide,
  type: T,
  words = '',
): Promise<Typed<T>[]> {
  const bundle = await place.sandbox.ehr.search(`${type}?${words}${words === '' ? '' : '&'}_count=200`);
  return ofType(
    (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []),
    type,
  );
}

export function keyOf(place: Place, note: PlacedNote, generation = 1): string {
  return `${place.name}/${note.reference}/${note.route ?? ROUTE}${generation > 1 ? `~${generation}` : ''}`;
}

/** The Tasks of an order and generation: one, if all is well. */
export function tasksOf(place: Place, note: PlacedNote, generation = 1): Promise<Task[]> {
  const key = encodeURIComponent(`urn:fhir-ai-adapter:order|${keyOf(place, note, generation)}`);
  return find(place, 'Task', `identifier=${key}`);
}

/** The order's Task once it has one of these states. */
export async function taskWhen(
  place: Place,
  note: PlacedNote,
  states: Task['status'][] = ['completed'],
  generation = 1,
): Promise<Task & { id: string }> {
  let seen = 'none';
  const task = await until(
    `Task of ${keyOf(place, note, generation)} ${states.join(' or ')}`,
    async () => {
      const [found] = await tasksOf(place, note, generation);
      seen = found ? `${found.status} (${found.statusReason?.text ?? ''})` : 'none';
      // Many wait at the same time, and each look is a search.
      return found && states.includes(found.status) ? found : pause(40, undefined);
    },
    45,
  ).catch((thrown: unknown) => {
    throw new Error(`${thrown instanceof Error ? thrown.message : thrown}; the Task is: ${seen}`);
  });
  return { ...task, id: task.id ?? '' };
}

/** The resources that a Task names as its outputs. Throws where one does not resolve. */
export async function outputsOf(place: Place, task: Task): Promise<Resource[]> {
  const references = (task.output ?? []).flatMap(({ valueReference }) => valueReference?.reference ?? []);
  return Promise.all(
    references
      .filter((reference) => !reference.startsWith('#'))
      .map(async (reference) => {
        const [type = '', id = ''] = reference.split('/');
        const resource = await place.sandbox.ehr.read(type, id);
        if (!resource) {
          throw new Error(`${reference} stands in Task.output but not in the EHR`);
        }
        return resource;
      }),
  );
}

export function ofType<T extends Resource['resourceType']>(resources: Resource[], type: T): Typed<T>[] {
  const isWanted = (resource: Resource): resource is Typed<T> => resource.resourceType === type;
  return resources.filter(isWanted);
}

const orders = z.object({ orders: z.array(z.object({ id: z.string(), key: z.string() })) });
const page = z.looseObject({
  id: z.string(),
  status: z.string(),
  notes: z.array(z.string()),
  actions: z.array(z.string()),
  calls: z.array(z.object({ key: z.string(), state: z.string(), attempts: z.number(), doubts: z.number() })),
  timeline: z.array(z.looseObject({ event: z.string() })),
  reason: z.object({ code: z.string(), text: z.string() }).optional(),
});
export type OrderPage = z.output<typeof page>;

/** A request to the adapter's API as the operator. */
export function api(place: Place, method: string, path: string, body?: unknown): Promise<Reply> {
  const { url, token } = place.whole;
  return call(method, `${url}/api${path}`, body, {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
  });
}

/** All orders of the site, newest first. */
export async function ordersOf(place: Place): Promise<{ id: string; key: string }[]> {
  return orders.parse((await api(place, 'GET', `/orders?site=${place.name}&limit=200`)).json).orders;
}

/** The order as the API tells it; undefined where there is none. */
export async function orderOf(place: Place, note: PlacedNote, generation = 1): Promise<OrderPage | undefined> {
  const order = (await ordersOf(place)).find(({ key }) => key === keyOf(place, note, generation));
  if (!order) {
    return undefined;
  }
  const { status, json } = await api(place, 'GET', `/orders/${order.id}`);
  // Forgotten since it was listed.
  return status === 404 ? undefined : page.parse(json);
}

/** How many notes HealthSage has billed at this site. */
export function billed(place: Place): number {
  return place.sandbox.ledger.read().healthsage?.billed.generations ?? 0;
}

/** Until nothing waits: no notification has work left. */
export async function allTaken(place: Place): Promise<void> {
  // Nothing says from outside that all notifications were looked at, but the counter of their ends.
  const seen = async () => {
    const text = await (await fetch(`${place.whole.url}/metrics`)).text();
    return text.split('\n').filter((line) => /notification/.test(line) && line.includes(`"${place.name}"`));
  };
  let before = '';
  for (let same = 0; same < 4; await pause(50)) {
    const now = (await seen()).join('\n');
    same = now === before ? same + 1 : 0;
    before = now;
  }
}
