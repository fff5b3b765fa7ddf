/**
 * News of a Task. One of ours: its order is told. One that the EHR has made for us: what it is about becomes an order, with
 * this Task as its own. One that asks to stop another: that order is stopped.
 */
import { randomUUID } from 'node:crypto';
import type { Resource, Task } from '@medplum/fhirtypes';
import { checkCriteria, matchesCriteria } from '../config/criteria.ts';
import { AdapterError } from '../errors.ts';
import { answerTask, askedBy, isForUs } from '../fhir/task-for-us.ts';
import type { AdmissionServices, ByTask } from './admission.ts';
import type { SiteRuntime } from './site.ts';
import { ordersOfTask } from './store/list-orders.ts';
import { requestCancel, tellOrder } from './store/tell-order.ts';
import type { Admitted, News } from './types.ts';
import { mayBeNewer } from './versions.ts';

const NOTHING: Admitted = { orders: 0, told: 0 };
/** A Task's order that cannot be found may not be visible yet; after this long it is answered. */
const VISIBLE_AFTER_SECONDS = 600;

type AdmitToRoutes = (services: AdmissionServices, site: SiteRuntime, news: News, by: ByTask) => Promise<Admitted>;

export async function takeTask(
  services: AdmissionServices,
  site: SiteRuntime,
  news: News,
  admitToRoutes: AdmitToRoutes,
): Promise<Admitted> {
  const known = await ordersOfTask(services.database, site.name, news.id);
  const { versionId: version = null, lastUpdated: updated = null } = news.resource?.meta ?? {};
  // What we wrote last, and whatever was before it, we have seen.
  const told = known.filter(({ taskVersion }) =>
    mayBeNewer({ version: taskVersion, updated: null }, { version, updated }),
  );
  for (const { id } of told) {
    // Equal news would be taken for the news that a step which is under way has dealt with.
    const task = version ?? randomUUID();
    await tellOrder(services.database, id, { source: news.source, task }, services.clock.now());
  }
  const task = news.resource?.resourceType === 'Task' ? news.resource : undefined;
  if (known.length > 0 || task?.id === undefined || !isForUs(site.client.baseUrl, task, await site.owners())) {
    return { orders: 0, told: told.length };
  }
  const asked = askedBy(site.client.baseUrl, task);
  const ours = { ...task, id: task.id };
  if (asked && 'abort' in asked) {
    return abort(services, site, ours, asked.abort);
  }
  if (isRoutedItself(site, task)) {
    return NOTHING;
  }
  if (!asked) {
    return refuse(site, ours, 'The Task names no order (focus) that this service could do.');
  }
  return orderOf(services, site, news, ours, asked.order, admitToRoutes);
}

/** A route may order from Tasks directly; then this one is, or becomes, its order's own resource. */
function isRoutedItself({ config }: SiteRuntime, task: Task): boolean {
  return config.routes.some(
    ({ on }) => checkCriteria(on).type === 'Task' && matchesCriteria(task, checkCriteria(on).statusFree),
  );
}

async function orderOf(
  services: AdmissionServices,
  site: SiteRuntime,
  news: News,
  task: Task & { id: string },
  { type, id }: { type: string; id: string },
  admitToRoutes: AdmitToRoutes,
): Promise<Admitted> {
  const routes = site.config.routes.filter(({ on }) => checkCriteria(on).type === type);
  const resource = routes.length > 0 && isOrdered(type) ? await site.client.read<Resource>(type, id) : undefined;
  if (routes.length > 0 && !resource) {
    const age = services.clock.now().getTime() - Date.parse(task.meta?.lastUpdated ?? '');
    if (age < VISIBLE_AFTER_SECONDS * 1000) {
      throw new AdapterError('ehr-error', 'The order that a Task names cannot be found (yet)');
    }
  }
  if (!resource || !routes.some(({ on }) => matchesCriteria(resource, checkCriteria(on).statusFree))) {
    return refuse(site, task, 'This service does not do what the Task asks for.');
  }
  const by = { task: task.id, updated: task.meta?.lastUpdated };
  return admitToRoutes(services, site, { ...news, type, id, resource }, by);
}

function isOrdered(type: string): type is 'ServiceRequest' | 'DocumentReference' | 'Media' {
  return type === 'ServiceRequest' || type === 'DocumentReference' || type === 'Media';
}

/** Nobody should wait for a Task that nobody does. */
async function refuse(site: SiteRuntime, task: Task & { id: string }, text: string): Promise<Admitted> {
  await answerTask(site.client, task, { status: 'rejected', code: 'not-for-us', text });
  return NOTHING;
}

async function abort(
  { database, clock }: AdmissionServices,
  site: SiteRuntime,
  task: Task & { id: string },
  target: string,
): Promise<Admitted> {
  const orders = await ordersOfTask(database, site.name, target);
  if (orders.length === 0) {
    return refuse(site, task, 'The Task that shall be stopped is none of this service.');
  }
  for (const { id } of orders) {
    await requestCancel(database, id, { by: 'ehr', text: 'The order was cancelled by who placed it.' }, clock.now());
  }
  await answerTask(site.client, task, { status: 'completed', code: 'cancelled', text: 'The order is being stopped.' });
  return { orders: 0, told: orders.length };
}
