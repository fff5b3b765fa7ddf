/**
 * Reads an order with everything it refers to, and collects the inputs that its vendor needs.
 * For a note: its text, extracted and normalised once; all offsets of all findings refer to it.
 */
import type { Reference, Resource, Task } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { consentDenies } from './consent.ts';
import { candidatesOf, judgeNote, readNote } from './note-input.ts';
import { type OrderRead, readOrderResource, readSurroundings } from './order-reading.ts';
import { orderStatus } from './order-status.ts';
import { localReference } from './references.ts';
import { isInputRefusal, refuse } from './refuse-order.ts';
import { signatureOf } from './signature.ts';
import type { FhirClient, OrderReading, ReadOrder } from './types.ts';

/** The order that a Task asks us to do, and what the Task itself names for it. */
interface Asked {
  order: OrderRead;
  task?: Task;
  /** `Task.input` that refers to something. */
  named: Reference[];
}

async function asked(client: FhirClient, request: { type: string; id: string }): Promise<Asked | undefined> {
  const order = await readOrderResource(client, request.type, request.id);
  if (order?.focus.resourceType !== 'Task') {
    return order && { order, named: [] };
  }
  const task = order.focus;
  const named = (task.input ?? []).flatMap(({ valueReference }) => valueReference ?? []);
  const focus = localReference(client.baseUrl, task.focus);
  const underlying = focus && (await readOrderResource(client, focus.type, focus.id));
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

/**
 * Reads an order as it is now; undefined where it is gone. `refusal`: it cannot be done as it stands. `notYet`: it is no
 * order yet. `paused`: it is on hold. `withdrawn`: it is none any more. With any of them, `inputs` is empty and nothing
 * was downloaded in vain. Of a Task, the order it names is read. Throws the client's `ehr-…` errors, which the engine
 * retries or holds for.
 */
export const readOrder: ReadOrder = async (client, request) => {
  const found = await asked(client, request);
  if (!found) {
    return undefined;
  }
  const { order, task, named } = found;
  const { focus } = order;
  const ordering = task ?? focus;
  const wantsNote = request.needs.includes('note');
  const [around, { notes, sources }] = await Promise.all([
    readSurroundings(client, order),
    wantsNote ? candidatesOf(client, order, named) : { notes: [], sources: [] },
  ]);
  const reading: OrderReading = {
    focus,
    ordering,
    version: ordering.meta?.versionId,
    ...around,
    inputs: [],
    replaces: replacedBy(client, focus),
    signature: signatureOf(focus, sources),
    ...orderStatus(focus, request.acceptMissingDocStatus),
    ...(task && orderStatus(task, request.acceptMissingDocStatus)),
  };
  if (reading.withdrawn !== undefined || reading.paused !== undefined || reading.notYet !== undefined) {
    return reading;
  }
  if (focus.resourceType === 'Task') {
    return { ...reading, ...refuse('order-incomplete', 'The Task names no order that could be read (focus).') };
  }
  if (around.subject === undefined) {
    return { ...reading, ...refuse('order-incomplete', 'The order names no patient.') };
  }
  if (around.patient === undefined) {
    return { ...reading, ...refuse('order-incomplete', 'The patient of the order cannot be found in the EHR.') };
  }
  const denied = request.vendor === undefined ? undefined : await consentDenies(client, around.subject, request.vendor);
  if (denied !== undefined) {
    return { ...reading, ...refuse('consent-denied', denied) };
  }
  if (!wantsNote) {
    return reading;
  }
  const judged = judgeNote(client, focus, notes, around.subject, request.acceptMissingDocStatus);
  if (!('note' in judged) || request.download === false) {
    return 'note' in judged ? reading : { ...reading, ...judged };
  }
  try {
    return { ...reading, inputs: [await readNote(client, order, judged.note)] };
  } catch (error) {
    if (error instanceof AdapterError && isInputRefusal(error.code)) {
      return { ...reading, ...refuse(error.code, error.orderer) };
    }
    throw error;
  }
};
