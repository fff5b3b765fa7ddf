import { AdapterError } from '../errors.ts';
import { isOwnReport } from '../fhir/report-parts.ts';
import type { WrittenPart } from '../fhir/types.ts';
import { later } from './clock.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { publishedFiles, saveHolders } from './result-files.ts';
import { review } from './review-news.ts';
import { stopAtVendor } from './stop-at-vendor.ts';
import { latestResult, listSuperseded, listWritten, saveWritten } from './store/order-data.ts';
import { listReplaced } from './store/replacements.ts';
import { closedInTheEhr } from './task-sync.ts';
import { taskView, withTaskShown } from './task-view.ts';
import { vendorOrder } from './vendor-context.ts';

/**
 * Writes what the vendor found into the EHR. The result is stored, so this may fail and come again as often as it must
 * without the vendor being called; what already stands is found by its identifiers.
 */
export async function writeResults(order: Order, snapshot: OrderSnapshot, hand: Hand): Promise<StepDone> {
  const { database, clock, route, site } = hand;
  const { vendor } = route;
  const stored = await latestResult(database, order.id, order.run);
  if (!stored) {
    throw new AdapterError('unexpected', 'There is no result to write', { kind: 'permanent', remedy: 'hold' });
  }
  // News may have been lost: results of an order that is none any more, or of what has changed since, are not written.
  const { done } = await review(order, snapshot, hand);
  if (done) {
    return done;
  }
  const findings = vendor.toFindings(vendor.result.parse(stored.result), vendorOrder(order, snapshot, route.options));
  const final = order.publishing?.final ?? true;
  const now = clock.now();
  const shown: Order = {
    ...order,
    status: final ? 'completed' : 'working',
    endedAt: final ? now : null,
    reason: null,
  };
  const written = await listWritten(database, order.id);
  const who = { name: vendor.name, title: vendor.title };
  const replaced = await replacedResults(order, snapshot, hand);
  await hand.checkpoint('publishing', order);
  const published = await site.ehr.publish({
    key: order.key,
    vendor: who,
    focus: snapshot.focus,
    ...(snapshot.subject && { subject: snapshot.subject }),
    ...(snapshot.encounterReference && { encounter: snapshot.encounterReference }),
    findings,
    inputs: snapshot.inputs,
    files: await publishedFiles(database, order, site, now),
    remember: (parts) => saveWritten(database, order.id, parts, clock.now()),
    ranFrom: (order.startedAt ?? now).toISOString(),
    ranUntil: now.toISOString(),
    now: now.toISOString(),
    written,
    superseded: [...(await listSuperseded(database, order.baseKey, order.generation)), ...replaced.takenBack],
    replaces: { reports: replaced.reports },
    task: { ...taskView(shown, snapshot, who, [], now), jobs: findings.jobs },
    taskId: order.taskId ?? '',
    taskVersion: order.taskVersion ?? undefined,
  });
  await hand.checkpoint('published', order);
  if (published.cancelled) {
    const closed: Order = { ...order, taskVersion: published.task.version ?? null };
    return closedInTheEhr(closed, await stopAtVendor(order, snapshot, hand), now);
  }
  const after: Order = {
    ...shown,
    leg: final ? 'ended' : 'vendor',
    publishing: !final && order.publishing?.again ? { final: true, again: true } : null,
    notes: published.leftAlone.length > 0 ? published.leftAlone : order.notes,
    taskId: published.task.id,
    taskVersion: published.task.version ?? null,
    attempts: 0,
    lastError: null,
    nextAt: final ? null : later(now, order.publishing?.after ?? 0),
  };
  return {
    order: withTaskShown(after, now),
    events: [
      {
        event: 'written',
        detail: {
          final,
          resources: published.written.length,
          leftOut: published.leftOut.length,
          leftAlone: published.leftAlone.length,
        },
      },
      ...(final ? [{ event: 'completed' }] : []),
    ],
    async also(sql) {
      await saveWritten(sql, order.id, published.written, now);
      await saveHolders(sql, order, published.holders, { retentionDays: site.retentionDays, now });
    },
  };
}

/** What stands of the orders that this one replaces: the reports to point at, and what is taken back with our writing. */
async function replacedResults(
  order: Order,
  snapshot: OrderSnapshot,
  { database, site }: Hand,
): Promise<{ reports: string[]; takenBack: WrittenPart[] }> {
  const { resourceType, id } = snapshot.focus;
  const about = { site: order.site, route: order.route, reference: `${resourceType}/${id}` };
  const parts = await listReplaced(database, about);
  const reports = parts.filter(isOwnReport).map(({ type, id: report }) => `${type}/${report}`);
  const takesBack = resourceType === 'DocumentReference' && site.policy.supersededNote === 'take-back';
  // What is taken back is replaced all the same, and pointed at as such.
  return takesBack ? { reports: [], takenBack: parts } : { reports, takenBack: [] };
}
