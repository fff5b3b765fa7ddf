/**
 * Whether a patient's Consent forbids that their data goes to a vendor. R4 (and R4B) Consent; looked up before anything is
 * exported. https://hl7.org/fhir/R4/consent.html
 *
 * Where a rule cannot be judged here, it counts as it stands: a denial of "psychiatric notes" forbids an order whose note we
 * cannot classify, and a permission for part of the record permits nothing. A person can look; what has left cannot come back.
 */
import type { Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import { AdapterError } from '../errors.ts';
import { periodIncludes } from './period.ts';
import { localReference } from './references.ts';
import type { FhirClient } from './types.ts';

/** Consents of these kinds say who may see or treat; research and advance directives are not about us. */
const SCOPES = new Set(['patient-privacy', 'treatment']);
/** v3-ActCode policies that say no to everything that no provision allows. */
const OPT_OUTS = new Set(['OPTOUT', 'OPTOUTE']);
/** consentaction codes of what we do: we read, use and disclose, but neither collect nor correct. */
const ACTIONS = new Set(['access', 'use', 'disclose']);
/** v3-ActReason purposes that the vendor's work may be counted under. */
const PURPOSES = new Set(['TREAT', 'ETREAT', 'BTG', 'CAREMGT', 'HOPERAT', 'PurposeOfUse']);
/** Resource types that hold what we read or disclose. */
const TYPES = new Set([
  'Patient',
  'ServiceRequest',
  'Task',
  'DocumentReference',
  'DiagnosticReport',
  'Composition',
  'Binary',
  'Media',
  'ImagingStudy',
  'Specimen',
  'Observation',
]);
const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
/** Rules in rules in rules: no consent form goes deeper. */
const DEEPEST = 8;

const text = z.string().optional().catch(undefined);
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(z.unknown())
    .catch([])
    .transform((all) => all.map((one) => item.safeParse(one)).flatMap(({ data }) => data ?? []));
const coding = z.looseObject({ system: text, code: text });
const concept = z.looseObject({ coding: list(coding) });
const reference = z.looseObject({ reference: text, display: text });

const provision = z.looseObject({
  type: text,
  period: z.unknown().optional(),
  actor: list(z.looseObject({ reference: reference.optional().catch(undefined) })),
  action: list(concept),
  purpose: list(coding),
  securityLabel: list(coding),
  class: list(coding),
  code: list(concept),
  dataPeriod: z.unknown().optional(),
  data: list(z.looseObject({})),
  /** Read one level at a time: what is outside data may be nested without end. */
  provision: list(z.unknown()),
});
type Provision = z.output<typeof provision>;

const consent = z.looseObject({
  resourceType: z.literal('Consent'),
  status: z.literal('active'),
  patient: reference.optional().catch(undefined),
  scope: concept.optional().catch(undefined),
  policyRule: concept.optional().catch(undefined),
  provision: z.unknown().optional(),
});

export interface ConsentQuestion {
  /** The site's FHIR base, to tell its references. */
  baseUrl: string;
  /** `Patient/1`. */
  patient: string;
  /** The vendor as the EHR knows it: its Organization's reference, or its name. */
  vendor?: string | undefined;
  now: Date;
}

/** Whether a rule is about the vendor: it names nobody, or it names the vendor. */
function namesVendor({ actor }: Provision, { baseUrl, vendor }: ConsentQuestion): boolean {
  const wanted = vendor?.trim().toLowerCase();
  return (
    actor.length === 0 ||
    actor.some(({ reference: who }) => {
      const names = [who?.display?.trim(), who?.reference, localReference(baseUrl, who)?.reference];
      return wanted !== undefined && names.some((name) => name?.toLowerCase() === wanted);
    })
  );
}

/** Whether a rule is about what we do, now. Words that we do not know do not take it away from us. */
function isAboutUs(rule: Provision, question: ConsentQuestion): boolean {
  const { action, purpose } = rule;
  const actions = action.flatMap((one) => one.coding.flatMap(({ code }) => code ?? []));
  const purposes = purpose.flatMap(({ code }) => code ?? []);
  return (
    namesVendor(rule, question) &&
    periodIncludes(rule.period, question.now) &&
    (actions.length === 0 || actions.some((code) => ACTIONS.has(code))) &&
    (purposes.length === 0 || purposes.some((code) => PURPOSES.has(code))) &&
    // Only resource types can be told apart here; a type that we never touch is not ours.
    (rule.class.length === 0 ||
      rule.class.some(({ system, code }) => system !== RESOURCE_TYPES || TYPES.has(code ?? '')))
  );
}

/** Whether a rule is about part of the record only. */
function isNarrow(rule: Provision): boolean {
  const parts = [rule.securityLabel, rule.class, rule.code, rule.data];
  return parts.some(({ length }) => length > 0) || rule.dataPeriod !== undefined;
}

/** What a rule and its exceptions come to; `standing` is what held before it. */
function decide(
  value: unknown,
  standing: 'permit' | 'deny',
  question: ConsentQuestion,
  depth: number,
): 'permit' | 'deny' {
  const { data: rule } = provision.safeParse(value);
  if (!rule || depth > DEEPEST || !isAboutUs(rule, question)) {
    return standing;
  }
  const says = rule.type === 'deny' ? 'deny' : rule.type === 'permit' && !isNarrow(rule) ? 'permit' : standing;
  const exceptions = rule.provision.map((inner) => decide(inner, says, question, depth + 1));
  // Of exceptions that contradict each other the one that denies holds.
  return (
    exceptions.find((each) => each !== says && each === 'deny') ?? exceptions.find((each) => each !== says) ?? says
  );
}

/** Whether one Consent, as a server sent it, denies. Pure; never throws, whatever the value. */
export function denies(value: unknown, question: ConsentQuestion): boolean {
  const { data } = consent.safeParse(value);
  if (!data) {
    return false;
  }
  const patient = localReference(
    question.baseUrl,
    data.patient?.reference ? { reference: data.patient.reference } : {},
  );
  if (patient && patient.reference !== question.patient) {
    return false;
  }
  const scopes = (data.scope?.coding ?? []).flatMap(({ code }) => code ?? []);
  if (scopes.length > 0 && !scopes.some((code) => SCOPES.has(code))) {
    return false;
  }
  const base = data.policyRule?.coding.some(({ code }) => OPT_OUTS.has(code ?? '')) ? 'deny' : 'permit';
  return decide(data.provision, base, question, 1) === 'deny';
}

/** The sentence for the clinician where one of the Consents denies. Pure. */
export function judgeConsents(consents: readonly unknown[], question: ConsentQuestion): string | undefined {
  const whom = question.vendor === undefined || question.vendor.includes('/') ? 'an AI vendor' : question.vendor;
  return consents.some((each) => denies(each, question))
    ? `The patient's consent does not allow that their data goes to ${whom}.`
    : undefined;
}

/** A server that takes the search back although it declared it: as if it had no Consent. */
const REFUSALS = new Set(['ehr-rejected', 'ehr-forbidden', 'ehr-protocol']);

/**
 * Why the patient's data must not go to the vendor, in words for the clinician; undefined: no Consent of the EHR denies it,
 * or the EHR has none or does not let us search them.
 *
 * @param patient `Patient/1`
 * @param vendor the vendor's Organization in this EHR (`Organization/1`) or its name, for rules that name somebody
 * @throws AdapterError `ehr-…` where the EHR could not be asked; then nothing may be sent
 */
export async function consentDenies(
  client: Pick<FhirClient, 'baseUrl' | 'capabilities' | 'pages'>,
  patient: string,
  vendor?: string,
  now: Date = new Date(),
): Promise<string | undefined> {
  const { types } = await client.capabilities();
  if (!types.Consent?.interactions.includes('search-type')) {
    return undefined;
  }
  const found: Resource[] = [];
  try {
    for await (const page of client.pages(`Consent?patient=${encodeURIComponent(patient)}&status=active`)) {
      found.push(...(page.entry ?? []).flatMap(({ resource }) => resource ?? []));
    }
  } catch (thrown) {
    if (thrown instanceof AdapterError && REFUSALS.has(thrown.code)) {
      return undefined;
    }
    throw thrown;
  }
  return judgeConsents(found, { baseUrl: client.baseUrl, patient, vendor, now });
}
