import { randomBytes } from 'node:crypto';
import type { Attachment, Resource } from '@medplum/fhirtypes';
import { matchesCriteria } from '../config/criteria.ts';
import { sourcesOf } from '../fhir/signature.ts';
import type { OrderReading } from '../fhir/types.ts';
import { later } from './clock.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Awaiting, Order, OrderSnapshot } from './order.ts';
import { neededBy } from './site.ts';
import { stopOrder } from './stop-order.ts';
import { readSnapshot, saveReading } from './store/order-data.ts';
import { previousNote } from './store/previous-note.ts';
import { replacementOf, saveReplacements } from './store/replacements.ts';
import { saveSources } from './store/sources.ts';
import { tellOrdersOf } from './store/tell-order.ts';
import { verdictOf } from './verdict.ts';

/**
 * Reads the order with everything it refers to, and keeps what was read: from here on the vendor leg does not need the
 * EHR. A reading may also show that this is no order (yet): then it is forgotten, and no Task was ever made.
 */
export async function readOrder(order: Order, hand: Hand): Promise<StepDone> {
  const { site, route, clock } = hand;
  const found = await site.ehr.readOrder({
    type: order.resourceType,
    id: order.resourceId,
    ...neededBy(route.vendor),
    vendor: route.vendor.title,
    requireConsent: route.requireConsent,
  });
  const now = clock.now();
  const reference = `${order.resourceType}/${order.resourceId}`;
  const about = { site: order.site, route: order.route, reference };
  const verdict = verdictOf(route.on, found, await replacementOf(hand.database, about));
  if ('stopped' in verdict) {
    // Withdrawn before we began: with a Task there is somebody to tell.
    const stopped = order.taskId === null ? undefined : await stopOrder(order, undefined, verdict.stopped, hand);
    return stopped ?? { order, events: [], forget: true };
  }
  if ('paused' in verdict) {
    // It becomes an order, or goes on, when there is news of it.
    return order.taskId === null
      ? { order, events: [], forget: true }
      : { order: { ...order, paused: verdict.paused }, events: [{ event: 'paused', who: 'ehr' }] };
  }
  const reading = verdict.stands;
  const untouched = order.generation === 1 && order.taskId === null && order.awaiting === null;
  if (untouched && !matchesCriteria(reading.ordering, route.on)) {
    // We were told of an older version: meanwhile it is over (completed), and nothing was begun. One that waits may have a
    // Task already whose answer was lost, which is then no longer as the route wants it.
    return { order, events: [], forget: true };
  }
  if (order.generation > 1 && order.taskId === null && (await unchanged(order, reading, hand))) {
    return { order, events: [], forget: true };
  }
  const snapshot = await takeSnapshot(reading, hand);
  await tellReplaced(order, reading, hand);
  const seen: Order = {
    ...order,
    seenVersion: reading.version ?? order.seenVersion,
    seenUpdated: reading.ordering.meta?.lastUpdated ?? order.seenUpdated,
  };
  const awaiting = awaits(order, reading, hand);
  if (awaiting && now.getTime() < Date.parse(awaiting.until)) {
    return waitForInput(seen, awaiting, now, (sql) => saveReading(sql, order.id, snapshot, []));
  }
  const isLate = awaiting !== undefined || order.awaiting !== null;
  return {
    order: {
      ...seen,
      leg: 'vendor',
      status: 'received',
      state: null,
      awaiting: null,
      ...(isLate && { businessStatus: null }),
      signature: reading.signature,
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
    also: async (sql) => {
      await saveReading(sql, order.id, snapshot, reading.inputs);
      await saveSources(sql, order, sourcesOf(reading.signature));
    },
  };
}

/** What the order came without and may still come, and until when it is waited for. */
function awaits(order: Order, { refusal }: OrderReading, { site }: Hand): Awaiting | undefined {
  if (!refusal?.awaits || site.policy.awaitInputHours === 0) {
    return undefined;
  }
  // From when it was read first: an operator's retry does not begin the time anew for ever, a later one may.
  const until = order.awaiting?.until ?? later(order.createdAt, site.policy.awaitInputHours * 3600).toISOString();
  return { until, code: refusal.code, text: refusal.text };
}

/** Looked for again after a part of the time that it has waited already, in seconds. */
const LOOK_AGAIN = { least: 30, most: 600, share: 0.2 };

/** Stays received, says on the Task what is missing, and is read again until it is there. */
function waitForInput(order: Order, awaiting: Awaiting, now: Date, also: NonNullable<StepDone['also']>): StepDone {
  const age = (now.getTime() - order.createdAt.getTime()) / 1000;
  const seconds = Math.min(LOOK_AGAIN.most, Math.max(LOOK_AGAIN.least, age * LOOK_AGAIN.share));
  const left = (Date.parse(awaiting.until) - now.getTime()) / 1000;
  const until = awaiting.until.slice(0, 16).replace('T', ' ');
  return {
    order: {
      ...order,
      awaiting,
      status: 'received',
      businessStatus: `Awaiting information until ${until} UTC: ${awaiting.text}`,
      attempts: 0,
      lastError: null,
      nextAt: later(now, Math.min(seconds, Math.max(1, left))),
    },
    events: order.awaiting === null ? [{ event: 'awaiting-information', detail: { code: awaiting.code, until } }] : [],
    also,
  };
}

/** What this order says that it replaces is not done any more; what stands of it is dealt with when ours is written. */
async function tellReplaced(order: Order, reading: OrderReading, { database, clock }: Hand): Promise<void> {
  const reference = `${reading.focus.resourceType}/${reading.focus.id}`;
  const older = reading.replaces.filter((one) => one !== reference);
  await saveReplacements(database, order.site, reference, older);
  for (const one of older) {
    const [type = '', id = ''] = one.split('/');
    const news = { source: 'replacement', replacedBy: reference };
    await tellOrdersOf(database, { site: order.site, type, id, news }, clock.now());
  }
}

/** A new version of a note with the very text that was already done, of the same patient, is not done again. */
async function unchanged(order: Order, reading: OrderReading, { database }: Hand): Promise<boolean> {
  const before = await previousNote(database, order.baseKey, order.generation);
  const note = reading.inputs.find((input) => input.kind === 'note');
  if (before === undefined || note === undefined || before.sha256 !== note.sha256) {
    return false;
  }
  return (await readSnapshot(database, before.orderId))?.subject === reading.subject;
}

async function takeSnapshot(reading: OrderReading, hand: Hand): Promise<OrderSnapshot> {
  const { subject } = reading;
  const { memory, vendor } = hand.route;
  const newPseudonym = () => `pseud-${randomBytes(9).toString('hex')}`;
  // Where the results are about others, there is no patient to be known again.
  const pseudonym = vendor.others
    ? newPseudonym()
    : await memory.get(`pseudonym/${subject ?? reading.focus.id}`, async () => ({ value: newPseudonym() }));
  return {
    focus: withoutInlineData(reading.focus),
    patient: reading.patient,
    encounter: reading.encounter,
    subject,
    encounterReference: reading.encounterReference,
    requester: reading.requester,
    inputs: reading.inputs.map(({ bytes: _, ...about }) => about),
    specimens: reading.specimens,
    pseudonym,
  };
}

/**
 * The snapshot is loaded at every step: a note's bytes are kept beside it, as an input, and a picture's stay in the EHR.
 * What the resource contains may hold them as well.
 */
function withoutInlineData(resource: Resource): Resource {
  const bare = (attachment: Attachment): Attachment => {
    const { data: _, ...rest } = attachment;
    return rest;
  };
  const { resourceType } = resource;
  if (resourceType === 'DocumentReference') {
    const content = (resource.content ?? []).map((each) =>
      each.attachment ? { ...each, attachment: bare(each.attachment) } : each,
    );
    return { ...resource, content };
  }
  if (resourceType === 'Media') {
    return resource.content ? { ...resource, content: bare(resource.content) } : resource;
  }
  if (resourceType === 'Binary') {
    const { data: _, ...rest } = resource;
    return rest;
  }
  return 'contained' in resource && resource.contained
    ? { ...resource, contained: resource.contained.map(withoutInlineData) }
    : resource;
}
