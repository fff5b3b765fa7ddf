/**
 * What a SubscriptionTopic says: of R4B and R5 as the resource itself, of R4 as a Basic with cross-version extensions
 * (Subscriptions R5 Backport 1.2; the examples in the field mix the URLs of 4.3 and 5.0). Pure; read leniently.
 */
import { z } from 'zod';

export interface Topic {
  url: string;
  /** The types that trigger it, with what is known of each. */
  triggers: Trigger[];
}

export interface Trigger {
  type: string;
  /** Of create, update, delete; empty: not said, which means all. */
  interactions: string[];
  /** It fires only where a condition holds, so news that we want may not be among it. */
  conditional: boolean;
  /** Names of the parameters it can be narrowed by; undefined: not said. */
  filters: string[] | undefined;
}

const text = z.string().catch('');
const anObject = z.record(z.string(), z.unknown());
const anArray = z.array(z.unknown()).catch([]);
const texts = (list: unknown): string[] => anArray.parse(list).filter((one) => typeof one === 'string');

/** The objects of a list; anything else in it is dropped, anything else than a list is an empty one. */
const objects = (list: unknown): Record<string, unknown>[] =>
  anArray.parse(list).flatMap((one) => {
    const { data } = anObject.safeParse(one);
    return data ? [data] : [];
  });

/** `http://hl7.org/fhir/StructureDefinition/ServiceRequest` and `ServiceRequest` are the same type. */
const typeOf = (resource: string): string => resource.split('|')[0]?.split('/').at(-1) ?? '';

/** The fields of an R4 extension tree by the last part of their URL; several of one name become a list. */
function fieldsOf(extensions: unknown): Record<string, unknown[]> {
  const fields = new Map<string, unknown[]>();
  for (const extension of objects(extensions)) {
    const name = text.parse(extension.url).split(/[./]/).at(-1) ?? '';
    const value = Object.entries(extension).find(([key]) => key.startsWith('value'))?.[1];
    fields.set(name, [...(fields.get(name) ?? []), value ?? fieldsOf(extension.extension)]);
  }
  return Object.fromEntries(fields);
}

/** The resource's own shape of a Basic: lists where the resource has lists. */
function ofBasic(basic: Record<string, unknown>): Record<string, unknown> {
  const { url, resourceTrigger, eventTrigger, canFilterBy } = fieldsOf(basic.extension);
  const { status } = fieldsOf(basic.modifierExtension);
  const tree = (list: unknown[] | undefined) =>
    objects(list).map(({ resource, supportedInteraction, filterParameter, queryCriteria, fhirPathCriteria }) => ({
      resource: firstOf(resource),
      supportedInteraction,
      filterParameter: firstOf(filterParameter),
      queryCriteria,
      fhirPathCriteria,
    }));
  return {
    url: firstOf(url),
    status: firstOf(status),
    resourceTrigger: tree(resourceTrigger),
    eventTrigger: tree(eventTrigger),
    canFilterBy: tree(canFilterBy),
  };
}

const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);

/**
 * The topic in a resource; undefined where it is none, or is retired. One that says no URL has that of its place
 * (athenahealth's), `base` being the FHIR server's.
 */
export function readTopic(resource: unknown, base: string): Topic | undefined {
  const said = z.looseObject({ resourceType: z.string() }).safeParse(resource).data;
  if (said?.resourceType !== 'SubscriptionTopic' && said?.resourceType !== 'Basic') {
    return undefined;
  }
  const fields = said.resourceType === 'Basic' ? ofBasic(said) : said;
  const id = text.parse(fields.id);
  const place = id === '' ? '' : `${base}/SubscriptionTopic/${id}`;
  const url = text.parse(fields.url) || place;
  if (!/^(https?|urn):/.test(url) || ['retired', 'entered-in-error'].includes(text.parse(fields.status))) {
    return undefined;
  }
  const canFilterBy = objects(fields.canFilterBy);
  const filtersOf = (type: string) =>
    canFilterBy
      .filter(({ resource: of }) => of === undefined || typeOf(text.parse(of)) === type)
      .map(({ filterParameter }) => text.parse(filterParameter));
  const triggers = [...objects(fields.resourceTrigger), ...objects(fields.eventTrigger)].map((trigger) => {
    const type = typeOf(text.parse(trigger.resource));
    return {
      type,
      interactions: texts(trigger.supportedInteraction),
      conditional: trigger.queryCriteria !== undefined || trigger.fhirPathCriteria !== undefined,
      filters: canFilterBy.length > 0 ? filtersOf(type) : undefined,
    };
  });
  return { url, triggers: triggers.filter(({ type }) => type !== '') };
}
