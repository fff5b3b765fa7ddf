/** What a server says it can do, read leniently: statements in the field leave out most of what the standard asks for. */
import { z } from 'zod';
import { RESULT_TYPES } from '../config/schema.ts';
import { lenientList } from './lenient-list.ts';
import type { Capabilities, TypeCapabilities } from './types.ts';

const text = z.string().min(1).optional().catch(undefined);
const flag = z.boolean().catch(false);
const coded = lenientList(z.looseObject({ code: z.string() }));

/** On the Subscription entry of a server that takes topics (Subscriptions R5 Backport 1.1). */
const TOPIC =
  'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical';
const canonicals = lenientList(z.string().min(1));

const resource = z.looseObject({
  type: z.string().min(1),
  interaction: coded,
  versioning: z.enum(['no-version', 'versioned', 'versioned-update']).or(z.literal('unknown')).catch('unknown'),
  conditionalCreate: flag,
  updateCreate: flag,
  searchParam: lenientList(z.looseObject({ name: z.string() })),
  supportedProfile: canonicals,
  extension: lenientList(z.looseObject({ url: z.literal(TOPIC), valueCanonical: text, valueUri: text })),
});

const rest = z.looseObject({ mode: text, interaction: coded, resource: lenientList(resource) });

const statement = z.looseObject({
  fhirVersion: text,
  software: z.looseObject({ name: text, version: text }).optional().catch(undefined),
  rest: lenientList(rest),
});

/** What any server worth the name does; taken for granted where nothing is said. */
const ASSUMED: TypeCapabilities = {
  interactions: ['read', 'search-type', 'create', 'update'],
  conditionalCreate: false,
  updateCreate: false,
  versioning: 'unknown',
  searchParams: [],
};

/** The types we read beside those we write; groups and people are made, too, where results are about others. */
const READ_TYPES = [
  'Group',
  'ServiceRequest',
  'Patient',
  'Encounter',
  'Practitioner',
  'PractitionerRole',
  'Specimen',
  'Subscription',
];

function assumedTypes(): Record<string, TypeCapabilities> {
  return Object.fromEntries([...RESULT_TYPES, ...READ_TYPES].map((type) => [type, ASSUMED]));
}

/**
 * Capabilities of a parsed CapabilityStatement, or of anything else: what is missing gets a workable default (no
 * transactions, our types with the plain interactions). `atomic` is always false here; only the probe knows.
 */
export function parseCapabilities(value: unknown): Capabilities {
  const said = statement.safeParse(value).data;
  const server = said?.rest.find((one) => one.mode === 'server') ?? said?.rest[0];
  const system = new Set(server?.interaction.map(({ code }) => code));
  const types = Object.fromEntries(
    (server?.resource ?? []).map((one): [string, TypeCapabilities] => [
      one.type,
      {
        // A type that is listed without interactions is listed by a server that does not state them.
        interactions: one.interaction.length > 0 ? one.interaction.map(({ code }) => code) : [...ASSUMED.interactions],
        conditionalCreate: one.conditionalCreate,
        updateCreate: one.updateCreate,
        versioning: one.versioning,
        searchParams: one.searchParam.map(({ name }) => name),
        ...(one.supportedProfile.length > 0 && { profiles: one.supportedProfile }),
      },
    ]),
  );
  const topics = (server?.resource ?? [])
    .flatMap(({ extension }) => extension)
    .flatMap(({ valueCanonical, valueUri }) => valueCanonical ?? valueUri ?? []);
  const software = [said?.software?.name, said?.software?.version].filter(Boolean).join(' ');
  return {
    fhirVersion: said?.fhirVersion ?? '4.0.1',
    ...(software !== '' && { software }),
    transaction: system.has('transaction'),
    batch: system.has('batch'),
    atomic: false,
    types: Object.keys(types).length > 0 ? types : assumedTypes(),
    ...(topics.length > 0 && { topics }),
  };
}
