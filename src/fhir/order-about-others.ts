/**
 * Orders whose results are about other people. Whomever such an order names is context alone: nobody reads that, and of
 * the order itself only what is wanted is kept. Pure.
 */
import type { Extension, Resource } from '@medplum/fhirtypes';
import { type OrderSurroundings, stated } from './order-reading.ts';
import { localReference } from './references.ts';

/** What a request wants. Every other element may lead to the patient: narrative, `meta` and `reasonReference` do, too. */
const WANTED: ReadonlySet<string> = new Set([
  'resourceType',
  'id',
  'status',
  'intent',
  'category',
  'priority',
  'code',
  'orderDetail',
  'quantityQuantity',
  'quantityRatio',
  'quantityRange',
  'bodySite',
  'reasonCode',
]);

const OURS = 'urn:fhir-ai-adapter:';

function isOurs(extension: unknown): extension is Extension {
  const url = typeof extension === 'object' && extension !== null && 'url' in extension ? extension.url : undefined;
  return typeof url === 'string' && url.startsWith(OURS);
}

/** What the order says to this service that FHIR has no element for. The EHR's own extensions may hold anything. */
export function ownExtensions(focus: Resource): Extension[] {
  const extensions: unknown = 'extension' in focus ? focus.extension : undefined;
  return Array.isArray(extensions) ? extensions.filter(isOurs) : [];
}

/** A copy of the order that says what is wanted, and nothing of whom it names; a ServiceRequest has no subject then. */
export function withoutPatient(focus: Resource): Resource {
  const bare = { ...focus };
  for (const name of Object.keys(bare).filter((each) => !WANTED.has(each))) {
    Reflect.deleteProperty(bare, name);
  }
  const extension = ownExtensions(focus);
  return extension.length > 0 ? Object.assign(bare, { extension }) : bare;
}

/** Whom the order names and who ordered, for its Task: references as they stand, none of them read. */
export function asStated(baseUrl: string, focus: Resource): OrderSurroundings {
  const { subject, encounters, requester } = stated(focus);
  const about = localReference(baseUrl, subject)?.reference;
  const orderer = localReference(baseUrl, requester)?.reference;
  const encounter = encounters.map((each) => localReference(baseUrl, each)).find((each) => each?.type === 'Encounter');
  return {
    ...(about !== undefined && { subject: about }),
    ...(encounter && { encounterReference: encounter.reference }),
    ...(orderer !== undefined && { requester: orderer }),
  };
}
