/** Finds out what can be said of the orders of one request, within the time that a clinician who signs will wait. */
import type { Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import { checkCriteria, matchesCriteria } from '../../config/criteria.ts';
import { type ConsentObjection, consentObjection, judgeConsents } from '../../fhir/consent.ts';
import { localReference } from '../../fhir/references.ts';
import type { RouteRuntime, SiteRuntime } from '../../orders/site.ts';
import { countBilledSince } from '../../orders/store/count-billed-since.ts';
import { readHold } from '../../orders/store/credentials.ts';
import type { Database } from '../../orders/store/database.ts';
import { type Card, cardFor, type OrderFacts } from './cards.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import { documentsToLookAt, judgeInputs } from './named-inputs.ts';
import { type CdsRequest, prefetched } from './request.ts';
import { PREFETCH } from './services.ts';

export interface FactSources {
  database: Database;
  now(): Date;
  /** Milliseconds for everything; the specification wants an answer in 500. */
  patience: number;
}

/** What is needed of a site. */
export type CdsSite = Pick<SiteRuntime, 'name' | 'config' | 'client' | 'routes'>;

interface Hand {
  site: CdsSite;
  request: CdsRequest;
  deadline: Deadline;
  /** Whether ids of the request are ids of the site's own EHR. */
  isOwnEhr: boolean;
  sources: FactSources;
}

const DAY_MS = 86_400_000;
/** More are not read for one answer. */
const MOST_READS = 20;

const about = z.looseObject({
  id: z.string().optional().catch(undefined),
  subject: z.looseObject({ reference: z.string() }).optional().catch(undefined),
  for: z.looseObject({ reference: z.string() }).optional().catch(undefined),
  code: z
    .looseObject({
      text: z.string().optional().catch(undefined),
      coding: z.array(z.looseObject({ display: z.string().optional() })).catch([]),
    })
    .optional()
    .catch(undefined),
});

/** Reads of the EHR side by side, by reference; what does not come in time is left out. */
async function readAll({ site, deadline, isOwnEhr }: Hand, references: readonly string[]): Promise<Resource[]> {
  const wanted = isOwnEhr ? [...new Set(references)].slice(0, MOST_READS) : [];
  const found = await Promise.all(
    wanted.map((reference) => {
      const [type, id = ''] = reference.split('/');
      const isReadable = type === 'ServiceRequest' || type === 'DocumentReference';
      return isReadable ? deadline.of<Resource | undefined>(site.client.read(type, id)) : undefined;
    }),
  );
  return found.flatMap((each) => each?.value ?? []);
}

const referenceOf = (resource: Resource) => `${resource.resourceType}/${resource.id}`;

/** Orders that were only named: as they came along, else as the EHR has them. */
async function namedOrders(hand: Hand): Promise<Resource[]> {
  const { named, prefetch } = hand.request;
  const brought = prefetched(prefetch[PREFETCH.orders])?.resources ?? [];
  const known = new Map(brought.map((resource) => [referenceOf(resource), resource]));
  const read = await readAll(
    hand,
    named.filter((reference) => !known.has(reference)),
  );
  return [...named.flatMap((reference) => known.get(reference) ?? []), ...read];
}

/** A resource of another patient, or of nobody, is none that we say anything about. */
function isAbout({ site, request }: Hand, order: Resource): boolean {
  const { data } = about.safeParse(order);
  const subject = data?.subject ?? data?.for;
  const local =
    localReference(site.client.baseUrl, subject)?.reference ?? subject?.reference.match(/Patient\/[^/]+$/)?.[0];
  return local === request.patient;
}

/** Routes whose search, without its status words, the order matches. What only the server can evaluate is not guessed. */
function routesFor(site: CdsSite, order: Resource): RouteRuntime[] {
  return [...site.routes.values()].filter((route) => {
    const { type, statusFree, askServer } = checkCriteria(route.on);
    return type === order.resourceType && !askServer && matchesCriteria(order, statusFree);
  });
}

/** False: nothing stands against it; undefined: not known in time. */
async function consentFor(hand: Hand, route: RouteRuntime): Promise<ConsentObjection | false | undefined> {
  const { site, request, deadline, isOwnEhr, sources } = hand;
  const { patient } = request;
  const { requireConsent: required } = route;
  const brought = prefetched(request.prefetch[PREFETCH.consents]);
  const question = { baseUrl: site.client.baseUrl, patient, vendor: route.vendor.title, now: sources.now() };
  // Of part of them only a denial is certain: the one that permits may be among the others.
  const said = judgeConsents(brought?.resources ?? [], question, required && brought?.whole === true);
  if (said !== undefined || brought?.whole) {
    return said ?? false;
  }
  const asked = isOwnEhr && (await deadline.of(consentObjection(site.client, { ...question, required })));
  return asked ? (asked.value ?? false) : undefined;
}

async function quotaFor({ site, deadline, sources }: Hand, route: RouteRuntime): Promise<OrderFacts['quotaUsedUp']> {
  const { perDay } = route.limits;
  const bills = Object.values(route.vendor.effects).flatMap((effect) => (effect.bills > 0 ? effect.bills : []));
  if (perDay === undefined || bills.length === 0) {
    return false;
  }
  const since = new Date(Math.floor(sources.now().getTime() / DAY_MS) * DAY_MS);
  const billed = await deadline.of(
    countBilledSince(sources.database, { site: site.name, vendor: route.vendor.name, since }),
  );
  return billed && (billed.value + Math.min(...bills) > perDay ? { perDay } : false);
}

async function holdFor({ deadline, sources }: Hand, route: RouteRuntime): Promise<OrderFacts['hold']> {
  const found = await deadline.of(readHold(sources.database, route.credential));
  const { until, reason } = found?.value ?? {};
  // A hold whose time has passed ends with the next order that tries.
  const holds = reason !== undefined && (until === undefined || until > sources.now());
  return found && (holds ? { text: reason.text } : false);
}

async function inputsFor(hand: Hand, order: Resource, route: RouteRuntime): Promise<OrderFacts['inputs']> {
  const { site, request } = hand;
  const { baseUrl } = site.client;
  const { needs } = route.vendor;
  const brought = prefetched(request.prefetch[PREFETCH.documents])?.resources ?? [];
  const known = new Map(brought.map((resource) => [referenceOf(resource), resource]));
  const unknown = documentsToLookAt(baseUrl, order, needs).filter((reference) => !known.has(reference));
  for (const resource of await readAll(hand, unknown)) {
    known.set(referenceOf(resource), resource);
  }
  return judgeInputs(baseUrl, order, needs, known);
}

async function factsOf(hand: Hand, order: Resource, route: RouteRuntime): Promise<OrderFacts> {
  const { title, needs } = route.vendor;
  const [inputs, quotaUsedUp, hold, consent] = await Promise.all([
    // A Task leads to its inputs by its order.
    order.resourceType === 'Task' ? ('unknown' as const) : inputsFor(hand, order, route),
    quotaFor(hand, route),
    holdFor(hand, route),
    consentFor(hand, route),
  ]);
  const code = about.safeParse(order).data?.code;
  return {
    label:
      order.resourceType === 'Task' ? undefined : (code?.text ?? code?.coding.find(({ display }) => display)?.display),
    vendor: title,
    needs,
    inputs,
    awaitHours: hand.site.config.policy.awaitInputHours,
    quotaUsedUp,
    hold,
    consent,
  };
}

/** Somebody else is asked to do the order: then it is nothing of ours, where the site says who we are. */
function isForOthers({ site, request: { performer } }: Hand): boolean {
  const { owners } = site.config.fhir;
  return performer !== undefined && owners.length > 0 && !owners.includes(performer);
}

/** The cards of a request: none where nothing is certain. */
export async function cardsFor(site: CdsSite, request: CdsRequest, sources: FactSources): Promise<Card[]> {
  const deadline = startDeadline(sources.patience);
  const said = request.fhirServer?.replace(/\/+$/, '');
  const hand = { site, request, deadline, sources, isOwnEhr: said === undefined || said === site.client.baseUrl };
  try {
    if (isForOthers(hand)) {
      return [];
    }
    const orders = [...request.orders, ...(await namedOrders(hand))].filter((order) => isAbout(hand, order));
    const matched = orders.flatMap((order) => routesFor(site, order).map((route) => ({ order, route })));
    const facts = await Promise.all(matched.map(({ order, route }) => factsOf(hand, order, route)));
    return facts.flatMap((each) => cardFor(each) ?? []);
  } finally {
    deadline.end();
  }
}
