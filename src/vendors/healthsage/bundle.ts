/**
 * The safety pass over a vendor's FHIR Bundle (R4B): what may become a resource of ours, stripped to the elements we know;
 * what is only told; what is refused. Nothing of the vendor's ids, references, requests or narrative comes through. Pure.
 */
import { z } from 'zod';
import { type Concept, elements, otherCodings, snomedOf } from './elements.ts';
import { strangerIn } from './patients.ts';

/** One entry that may be written, reduced to what we take over. */
export interface SafeEntry {
  type: 'Condition' | 'Procedure' | 'Observation';
  /** Ids by which an extraction may name it. */
  ids: string[];
  snomed?: string;
  label: string;
  /** Codings beside SNOMED CT. */
  codings: Concept['coding'];
  start?: string;
  end?: string;
  /** Procedure.status, Condition.verificationStatus. */
  status?: string;
  clinicalStatus?: string;
  severity?: { coding: Concept['coding'] };
  bodySite?: { coding: Concept['coding'] }[];
  value?: { valueCodeableConcept: { coding: Concept['coding'] } } | { valueQuantity: { value: number } };
}

export interface Untaken {
  label: string;
  snomed?: string;
  why: string;
}

export interface SafeBundle {
  entries: SafeEntry[];
  listed: Untaken[];
  /** Why nothing of the Bundle may be used. */
  refused?: string;
}

const bundleShape = z.object({
  resourceType: z.literal('Bundle'),
  type: z.enum([
    'collection',
    'transaction',
    'document',
    'batch',
    'searchset',
    'transaction-response',
    'batch-response',
  ]),
  entry: z
    .array(
      z.object({
        fullUrl: z.string().optional().catch(undefined),
        resource: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .default([]),
});

/** Told in the report, not written: a list like allergies is not ours to change. */
const TOLD: Readonly<Record<string, { where: string; what: string }>> = {
  AllergyIntolerance: { where: 'code', what: 'an allergy' },
  MedicationStatement: { where: 'medication', what: 'a medication' },
  MedicationRequest: { where: 'medication', what: 'a medication' },
  FamilyMemberHistory: { where: 'condition', what: "the family's history" },
  Immunization: { where: 'vaccineCode', what: 'an immunisation' },
};

/** People, places and visits come from the EHR alone; the note's mention of them is no result. */
const DROPPED: ReadonlySet<string> = new Set([
  'Patient',
  'RelatedPerson',
  'Person',
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'Encounter',
  'Location',
  'Composition',
  'Provenance',
  'OperationOutcome',
]);

const REFUSED_STATUS: Readonly<Record<string, string>> = {
  'entered-in-error': 'marked as entered in error',
  'not-done': 'marked as not done',
  preparation: 'marked as being prepared, not done',
  stopped: 'marked as stopped',
  cancelled: 'marked as cancelled',
  refuted: 'marked as refuted',
};

const ABSENT: ReadonlySet<string> = new Set([
  '2667000',
  '410594000',
  '410516002',
  '260415000',
  '373572006',
  '260385009',
]);

/** Without nulls, empty arrays and empty objects, which FHIR forbids and the vendor's earlier model sent. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(withoutEmpty).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (typeof value === 'object' && value !== null) {
    const kept = Object.entries(value).flatMap(([name, item]) => {
      const inner = withoutEmpty(item);
      return inner === undefined ? [] : [[name, inner]];
    });
    return kept.length > 0 ? Object.fromEntries(kept) : undefined;
  }
  return value === null || value === '' ? undefined : value;
}

const labelOf = (concept: Concept | undefined) =>
  (concept?.coding.find(({ display }) => display)?.display ?? concept?.text ?? 'an unnamed entry').replace(
    /\s*\([^()]*\)\s*$/,
    '',
  );

function define<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

function untaken(concept: Concept | undefined, why: string): Untaken {
  const snomed = snomedOf(concept);
  return { label: labelOf(concept), ...(snomed === undefined ? {} : { snomed }), why };
}

type Taken = { entry: SafeEntry } | { listed: Untaken };
type Base = Pick<SafeEntry, 'ids' | 'label' | 'codings' | 'snomed'>;

function base(concept: Concept | undefined, ids: string[]): Base {
  return define({ ids, label: labelOf(concept), codings: otherCodings(concept), snomed: snomedOf(concept) });
}

function condition(raw: unknown, ids: string[]): Taken {
  const found = elements.Condition.parse(raw);
  const status = found.verificationStatus?.coding[0]?.code;
  if (status && REFUSED_STATUS[status]) {
    return { listed: untaken(found.code, REFUSED_STATUS[status]) };
  }
  const { severity, bodySite } = found;
  const entry = define({
    type: 'Condition' as const,
    ...base(found.code, ids),
    start: found.onsetDateTime ?? found.onsetPeriod?.start,
    end: found.abatementDateTime ?? found.abatementPeriod?.end,
    status,
    clinicalStatus: found.clinicalStatus?.coding[0]?.code,
    severity,
    bodySite,
  });
  return { entry };
}

function procedure(raw: unknown, ids: string[]): Taken {
  const found = elements.Procedure.parse(raw);
  if (found.status && REFUSED_STATUS[found.status]) {
    return { listed: untaken(found.code, REFUSED_STATUS[found.status] ?? '') };
  }
  const period = found.performedPeriod ?? found.occurrencePeriod;
  const entry = define({
    type: 'Procedure' as const,
    ...base(found.code, ids),
    start: found.performedDateTime ?? found.occurrenceDateTime ?? period?.start,
    end: period?.end,
    status: found.status,
    bodySite: found.bodySite,
  });
  return { entry };
}

function observation(raw: unknown, ids: string[]): Taken {
  const found = elements.Observation.parse(raw);
  const value = found.valueCodeableConcept;
  const absent = found.valueBoolean === false || value?.coding.some(({ code }) => ABSENT.has(code));
  const refused = found.status && REFUSED_STATUS[found.status];
  if (absent || refused) {
    return { listed: untaken(found.code, refused || 'marked as absent') };
  }
  const entry = define({
    type: 'Observation' as const,
    ...base(found.code, ids),
    start: found.effectiveDateTime ?? found.effectivePeriod?.start,
    end: found.effectivePeriod?.end,
    bodySite: found.bodySite && [found.bodySite],
    value: found.valueQuantity
      ? { valueQuantity: define(found.valueQuantity) }
      : value && { valueCodeableConcept: value },
  });
  return { entry };
}

const TAKERS: Readonly<Record<string, (raw: unknown, ids: string[]) => Taken>> = {
  Condition: condition,
  Procedure: procedure,
  Observation: observation,
};

const conceptShape = elements.Condition.shape.code;

/** The names of what is only told: an allergy's, a medication's, each of a family member's conditions'. */
function told(type: string, resource: Record<string, unknown>): Untaken[] {
  const facts = TOLD[type];
  if (!facts) {
    return [];
  }
  const held =
    facts.where === 'medication'
      ? [resource.medicationCodeableConcept ?? resource.medication]
      : facts.where === 'condition'
        ? [resource.condition]
            .flat()
            .map((item) => (typeof item === 'object' && item && 'code' in item ? item.code : undefined))
        : [resource[facts.where]];
  return held.map((concept) => untaken(conceptShape.parse(concept), `${facts.what}: told here, not recorded`));
}

function take(fullUrl: string | undefined, raw: Record<string, unknown>): Taken[] {
  const type = typeof raw.resourceType === 'string' ? raw.resourceType : '';
  const taker = TAKERS[type];
  if (!taker) {
    const lines = told(type, raw);
    const strange = lines.length === 0 && !DROPPED.has(type);
    const name = /^[A-Z][A-Za-z]{1,40}$/.test(type) ? type : 'an unknown entry';
    return strange
      ? [{ listed: { label: name, why: 'a kind of entry that is not taken over' } }]
      : lines.map((listed) => ({ listed }));
  }
  if (raw.modifierExtension !== undefined || raw.implicitRules !== undefined) {
    return [
      { listed: untaken(conceptShape.parse(raw.code), 'its meaning is modified in a way that is not known here') },
    ];
  }
  const ids = [raw.id, fullUrl?.replace(/^.*[:/]/, '')].filter((id) => typeof id === 'string');
  return [taker(raw, ids)];
}

/** Reads a Bundle as the vendor sent it, with null where `undefined` or anything else may stand. */
export function safeBundle(raw: unknown, pseudonym: string): SafeBundle {
  const read = bundleShape.safeParse(withoutEmpty(raw));
  if (!read.success) {
    return { entries: [], listed: [], refused: 'it is not a Bundle of results' };
  }
  const entries = read.data.entry.flatMap(({ fullUrl, resource }) => (resource ? [{ fullUrl, resource }] : []));
  const stranger = strangerIn(entries, pseudonym);
  if (stranger) {
    return { entries: [], listed: [], refused: stranger };
  }
  const all = entries.flatMap(({ fullUrl, resource }) => take(fullUrl, resource));
  return {
    entries: all.flatMap((item) => ('entry' in item ? [item.entry] : [])),
    listed: all.flatMap((item) => ('listed' in item ? [item.listed] : [])),
  };
}
