import { randomBytes } from 'node:crypto';
import type { DocumentReference, Resource } from '@medplum/fhirtypes';
import type { OrderReading } from '../fhir/types.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { saveReading } from './store/order-data.ts';
import { previousNote } from './store/previous-note.ts';
import { end } from './transitions.ts';

/**
 * Reads the order with everything it refers to, and keeps what was read: from here on the vendor leg does not need the
 * EHR. A reading may also show that this is no order (yet): then it is forgotten, and no Task was ever made.
 */
export async function readOrder(order: Order, hand: Hand): Promise<StepDone> {
  const { site, route, clock } = hand;
  const reading = await site.ehr.readOrder({
    type: order.resourceType,
    id: order.resourceId,
    needs: route.vendor.needs,
  });
  if (!reading || reading.withdrawn !== undefined) {
    return withdrawn(order, hand);
  }
  if (reading.notYet !== undefined && order.taskId === null) {
    return { order, events: [], forget: true };
  }
  if (order.generation > 1 && order.taskId === null && (await unchanged(order, reading, hand))) {
    return { order, events: [], forget: true };
  }
  const snapshot = await takeSnapshot(reading, hand);
  const now = clock.now();
  return {
    order: {
      ...order,
      leg: 'vendor',
      status: 'received',
      state: null,
      signature: reading.signature,
      seenVersion: reading.version ?? order.seenVersion,
      seenUpdated: reading.focus.meta?.lastUpdated ?? order.seenUpdated,
      // Shown only once the Task has been born: the next step turns it into a rejection.
      reason: reading.refusal ?? null,
      attempts: 0,
      lastError: null,
      nextAt: now,
    },
    events: [
      {
        event: 'read',
        detail: {
          version: reading.version ?? null,
          inputs: snapshot.inputs.length,
          bytes: snapshot.inputs.reduce((sum, input) => sum + input.size, 0),
        },
      },
    ],
    also: (sql) => saveReading(sql, order.id, snapshot, reading.inputs),
  };
}

/** Deleted or entered in error before we began: with a Task there is somebody to tell. */
function withdrawn(order: Order, hand: Hand): StepDone {
  if (order.taskId === null) {
    return { order, events: [], forget: true };
  }
  const reason = { code: 'withdrawn', text: 'The order was withdrawn in the EHR before it was done.' };
  return end(order, 'cancelled', reason, hand.clock.now());
}

/** A new version of a note with the very text that was already done is not done again. */
async function unchanged(order: Order, reading: OrderReading, hand: Hand): Promise<boolean> {
  const before = await previousNote(hand.database, order.baseKey, order.generation);
  const note = reading.inputs.find((input) => input.kind === 'note');
  return before !== undefined && note !== undefined && before === note.sha256;
}

async function takeSnapshot(reading: OrderReading, hand: Hand): Promise<OrderSnapshot> {
  const { subject } = reading;
  const pseudonym = await hand.route.memory.get(`pseudonym/${subject ?? reading.focus.id}`, async () => ({
    value: `pseud-${randomBytes(9).toString('hex')}`,
  }));
  return {
    focus: withoutInlineData(reading.focus),
    patient: reading.patient,
    encounter: reading.encounter,
    subject,
    encounterReference: reading.encounterReference,
    requester: reading.requester,
    inputs: reading.inputs.map(({ bytes: _, ...about }) => about),
    pseudonym,
  };
}

/** A document's bytes are kept once, as an input; the snapshot is loaded at every step. */
function withoutInlineData(resource: Resource): Resource {
  if (resource.resourceType !== 'DocumentReference') {
    return resource;
  }
  const document: DocumentReference = resource;
  return {
    ...document,
    content: document.content.map((content) => {
      const { data: _, ...attachment } = content.attachment;
      return { ...content, attachment };
    }),
  };
}
