/**
 * The elements of the vendor's resources that are taken over, by type; all others (ids, references, narrative, notes,
 * extensions) are left behind. R4B, with what R5 would call them, made R4.
 */
import { z } from 'zod';
import { SYSTEMS } from '../../fhir/terminology.ts';

const SNOMED_CODE = /^\d{6,18}$/;
const OTHER_SYSTEMS: ReadonlySet<string> = new Set([SYSTEMS.icd10, SYSTEMS.icd10cm, SYSTEMS.loinc]);

const optional = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const code = z
  .string()
  .regex(/^[^\s]+(\s[^\s]+)*$/)
  .max(100);

const coding = z.object({
  system: z.string(),
  code,
  display: optional(z.string().trim().min(1).max(300)),
});

/** A coding that may be written: SNOMED CT with a code of digits, or another system that a reader knows. */
const known = ({ system, code }: z.infer<typeof coding>) =>
  system === SYSTEMS.snomed ? SNOMED_CODE.test(code) : OTHER_SYSTEMS.has(system);

const plainConcept = z.object({
  coding: z
    .array(z.unknown())
    .default([])
    .transform((items) =>
      items.flatMap((item) => {
        const read = coding.safeParse(item);
        return read.success ? [read.data] : [];
      }),
    ),
  text: optional(z.string().trim().min(1).max(300)),
});
/** A CodeableConcept, also where R5's CodeableReference holds it. */
const concept = z.union([
  z.object({ concept: plainConcept }).transform((reference) => reference.concept),
  plainConcept,
]);
export type Concept = z.infer<typeof plainConcept>;

const writable = concept
  .transform(({ coding }) => ({ coding: coding.filter(known) }))
  .refine(({ coding }) => coding.length > 0);

const period = z.object({ start: optional(z.string()), end: optional(z.string()) });
const when = {
  DateTime: optional(z.string()),
  Period: optional(period),
};

const one = z.union([
  writable,
  z
    .array(writable)
    .min(1)
    .transform((items) => items.at(0)),
]);
const many = z.array(writable).min(1);
const quantity = z.object({
  value: z.number(),
  unit: optional(z.string().max(40)),
  system: optional(z.literal(SYSTEMS.ucum)),
  code: optional(z.string().max(40)),
});

const common = {
  id: optional(z.string()),
  code: optional(concept),
};

export const elements = {
  Condition: z.object({
    ...common,
    clinicalStatus: optional(concept),
    verificationStatus: optional(concept),
    severity: optional(one),
    bodySite: optional(many),
    onsetDateTime: when.DateTime,
    onsetPeriod: when.Period,
    abatementDateTime: when.DateTime,
    abatementPeriod: when.Period,
  }),
  Procedure: z.object({
    ...common,
    status: optional(code),
    bodySite: optional(many),
    performedDateTime: when.DateTime,
    performedPeriod: when.Period,
    // R5
    occurrenceDateTime: when.DateTime,
    occurrencePeriod: when.Period,
  }),
  Observation: z.object({
    ...common,
    status: optional(code),
    bodySite: optional(one),
    effectiveDateTime: when.DateTime,
    effectivePeriod: when.Period,
    valueCodeableConcept: optional(writable),
    valueQuantity: optional(quantity),
    valueBoolean: optional(z.boolean()),
  }),
};

/** The one code by which an entry is joined: SNOMED CT. */
export function snomedOf(found: Concept | undefined): string | undefined {
  return found?.coding.find(({ system, code }) => system === SYSTEMS.snomed && SNOMED_CODE.test(code))?.code;
}

export function isSnomedCode(value: string | undefined): value is string {
  return value !== undefined && SNOMED_CODE.test(value);
}

/** Codings beside SNOMED CT that may be written. */
export function otherCodings(found: Concept | undefined): Concept['coding'] {
  return found?.coding.filter(({ system }) => OTHER_SYSTEMS.has(system)) ?? [];
}
