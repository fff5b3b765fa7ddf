/** What happens to orders in the EHR, as data: how each kind is born, and every move of its life. Pure. */
import type { DocumentReference, Resource, ServiceRequest } from '@medplum/fhirtypes';
import type { ModelServer } from './model-server.ts';

export const CODE = { coding: [{ system: 'http://loinc.org', code: '11506-3' }] };
export const NOTE_ROUTE = {
  id: 'notes',
  on: 'DocumentReference?status=current&type=http://loinc.org|11506-3',
  vendor: 'toy',
};
export const REQUEST_ROUTE = {
  id: 'requests',
  on: 'ServiceRequest?status=active&code=http://loinc.org|11506-3',
  vendor: 'toy',
};
export const PATIENT = 'Patient/p1';
/** Whose note it turns out to be. */
export const OTHER_PATIENT = 'Patient/p2';

/** `bare-request` comes before its note; `pair`: a note, and one that says that it replaces the note. */
export const KINDS = ['note', 'request', 'bare-request', 'pair'] as const;
export type Kind = (typeof KINDS)[number];

type Stored = Resource & { id: string };

/** The resources of a life: of what it is an order, and the note of a request or the newer note of a pair. */
export function resourcesOf(kind: Kind, id: string): { first: string; second?: string } {
  switch (kind) {
    case 'note':
      return { first: `DocumentReference/${id}` };
    case 'pair':
      return { first: `DocumentReference/${id}`, second: `DocumentReference/${id}-newer` };
    default:
      return { first: `ServiceRequest/${id}`, second: `DocumentReference/${id}-note` };
  }
}

function note(
  reference: string,
  text: string,
  more: Partial<DocumentReference> = {},
): DocumentReference & { id: string } {
  return {
    resourceType: 'DocumentReference',
    id: reference.split('/')[1] ?? '',
    status: 'current',
    docStatus: 'final',
    type: CODE,
    subject: { reference: PATIENT },
    date: '2026-11-20T09:00:00Z',
    content: [{ attachment: inline(text) }],
    ...more,
  };
}

function inline(text: string) {
  return { contentType: 'text/plain', data: Buffer.from(text).toString('base64') };
}

/** The life's first resources, in the order in which the EHR has them. */
export function born(kind: Kind, id: string, draft: boolean): Stored[] {
  const { first, second = '' } = resourcesOf(kind, id);
  if (kind === 'note' || kind === 'pair') {
    return [note(first, `Note ${id}.`, { docStatus: draft ? 'preliminary' : 'final' })];
  }
  const request: ServiceRequest & { id: string } = {
    resourceType: 'ServiceRequest',
    id,
    status: draft ? 'draft' : 'active',
    intent: 'order',
    code: CODE,
    subject: { reference: PATIENT },
    ...(kind === 'request' && { supportingInfo: [{ reference: second }] }),
  };
  return kind === 'request' ? [note(second, `Note ${id}.`), request] : [request];
}

type Edit = (resource: Resource, count: number) => Resource;
const onNote =
  (change: (one: DocumentReference, count: number) => Partial<DocumentReference>): Edit =>
  (resource, count) =>
    resource.resourceType === 'DocumentReference' ? { ...resource, ...change(resource, count) } : resource;
const onRequest =
  (change: (one: ServiceRequest, count: number) => Partial<ServiceRequest>): Edit =>
  (resource, count) =>
    resource.resourceType === 'ServiceRequest' ? { ...resource, ...change(resource, count) } : resource;

/** `count` makes two edits of one life differ; `back` brings the first text again. */
const NOTE_EDITS: Record<string, Edit> = {
  edit: onNote((_, count) => ({ content: [{ attachment: inline(`Edited ${count} times.`) }] })),
  back: onNote(({ id }) => ({ content: [{ attachment: inline(`Note ${id}.`) }] })),
  touch: onNote((_, count) => ({ description: `Looked at ${count} times` })),
  draft: onNote(() => ({ docStatus: 'preliminary' })),
  patient: onNote(() => ({ subject: { reference: OTHER_PATIENT } })),
  restore: onNote(() => ({ status: 'current', docStatus: 'final', type: CODE })),
  error: onNote(() => ({ status: 'entered-in-error' })),
  supersede: onNote(() => ({ status: 'superseded' })),
  retype: onNote(() => ({ type: { text: 'A letter' } })),
};

const REQUEST_EDITS: Record<string, Edit> = {
  edit: onRequest((_, count) => ({ orderDetail: [{ text: `In detail ${count}` }] })),
  touch: onRequest((_, count) => ({ note: [{ text: `Looked at ${count} times` }] })),
  hold: onRequest(() => ({ status: 'on-hold' })),
  restore: onRequest(() => ({ status: 'active', code: CODE })),
  revoke: onRequest(() => ({ status: 'revoked' })),
  error: onRequest(() => ({ status: 'entered-in-error' })),
  complete: onRequest(() => ({ status: 'completed' })),
  retype: onRequest(() => ({ code: { text: 'A sandwich' } })),
};

const REMOVALS = ['delete'];
/** Moves of the life's second resource. */
const SECOND = {
  note: [],
  pair: ['replace', 'newer-edit', 'newer-touch'],
  request: ['note-edit', 'note-touch', 'note-error'],
};
/** A person ends the newest Task that is open. */
const BY_PERSON = ['cancel-task'];

export const MOVES: Record<Kind, readonly string[]> = {
  note: [...Object.keys(NOTE_EDITS), ...REMOVALS, ...BY_PERSON],
  pair: [...Object.keys(NOTE_EDITS), ...REMOVALS, ...BY_PERSON, ...SECOND.pair, ...SECOND.pair, ...SECOND.pair],
  request: [...Object.keys(REQUEST_EDITS), ...REMOVALS, ...BY_PERSON, ...SECOND.request],
  'bare-request': [
    ...Object.keys(REQUEST_EDITS),
    ...REMOVALS,
    ...BY_PERSON,
    ...SECOND.request,
    'note-comes',
    'note-comes',
  ],
};

const CLOSED = ['completed', 'cancelled', 'failed', 'rejected', 'entered-in-error'];

/** Makes one move of a life; false: it changes nothing as things stand. `count` counts the life's moves. */
export function move(server: ModelServer, kind: Kind, id: string, name: string, count: number): boolean {
  const { first, second = '' } = resourcesOf(kind, id);
  if (name === 'cancel-task') {
    return cancelTask(server, first);
  }
  if (name === 'replace' || name === 'note-comes') {
    if (server.versions(second).length > 0) {
      return false;
    }
    const more: Partial<DocumentReference> =
      name === 'replace'
        ? { relatesTo: [{ code: 'replaces', target: { reference: first } }] }
        : { context: { related: [{ reference: first }] } };
    server.put(note(second, name === 'replace' ? `Newer ${id}.` : `Note ${id}.`, more));
    return true;
  }
  const [of = name, what = of] = name.split('-');
  const reference = of === 'newer' || of === 'note' ? (name.includes('-') ? second : first) : first;
  const last = server.versions(reference).findLast(({ resource }) => resource)?.resource;
  if (!last) {
    return false;
  }
  if (what === 'delete') {
    if (!server.now(reference)) {
      return false;
    }
    server.remove(reference);
    return true;
  }
  const edit = (last.resourceType === 'ServiceRequest' ? REQUEST_EDITS : NOTE_EDITS)[what];
  // What was deleted is brought back by an update only where the move restores it.
  if (!edit || (!server.now(reference) && what !== 'restore')) {
    return false;
  }
  const { meta: _, ...edited } = edit(last, count);
  const before = JSON.stringify({ ...last, meta: undefined });
  if (server.now(reference) && JSON.stringify({ ...edited, meta: undefined }) === before) {
    return false;
  }
  server.put({ ...edited, id: last.id ?? '' });
  return true;
}

function cancelTask(server: ModelServer, focus: string): boolean {
  const task = server
    .all('Task')
    .findLast((one) => one.resourceType === 'Task' && one.focus?.reference === focus && !CLOSED.includes(one.status));
  if (task?.resourceType !== 'Task') {
    return false;
  }
  server.put({ ...task, id: task.id ?? '', status: 'cancelled' });
  return true;
}

/** What an order is done with, as one text: the note's, and whose it is. */
export function contentAt(
  server: ModelServer,
  reference: string,
  at: (versions: string) => Resource | undefined,
): string | undefined {
  const order = at(reference);
  if (order?.resourceType === 'DocumentReference') {
    return withPatient(textOf(order), order);
  }
  if (order?.resourceType !== 'ServiceRequest') {
    return undefined;
  }
  const named = order.supportingInfo?.[0]?.reference ?? `DocumentReference/${order.id}-note`;
  const source = at(named);
  const text = source?.resourceType === 'DocumentReference' && source.status === 'current' ? textOf(source) : undefined;
  return text === undefined || server.versions(named).length === 0 ? undefined : withPatient(text, order);
}

/** Whose findings they are is as much content as what the note says. */
export function withPatient(text: string, focus: Resource): string {
  const subject = 'subject' in focus ? JSON.stringify(focus.subject) : '';
  return `${text} (${/Patient\/\w+/.exec(subject)?.[0]})`;
}

function textOf(resource: DocumentReference): string {
  return Buffer.from(resource.content[0]?.attachment.data ?? '', 'base64').toString();
}

/** How an order stands: to be done, over for the EHR (not begun any more), not (yet) to be done, taken back, stopped. */
export type Standing = 'done' | 'finished' | 'paused' | 'in-error' | 'stopped';

export function standingOf(resource: Resource | undefined): Standing {
  if (resource?.resourceType === 'DocumentReference') {
    if (resource.status !== 'current') {
      return resource.status === 'entered-in-error' ? 'in-error' : 'stopped';
    }
    return resource.type?.coding === undefined ? 'stopped' : resource.docStatus === 'preliminary' ? 'paused' : 'done';
  }
  if (resource?.resourceType === 'ServiceRequest') {
    if (resource.status === 'entered-in-error') {
      return 'in-error';
    }
    if (resource.status === 'revoked' || resource.code?.coding === undefined) {
      return 'stopped';
    }
    if (resource.status === 'completed') {
      return 'finished';
    }
    return resource.status === 'active' ? 'done' : 'paused';
  }
  return 'stopped';
}
