/**
 * What one Consent of a patient says about their data going to a vendor. R4 (and R4B) Consent. Pure.
 * https://hl7.org/fhir/R4/consent.html
 *
 * Where a rule cannot be judged here, it counts as it stands: a denial of "psychiatric notes" forbids an order whose note we
 * cannot classify, and a permission for part of the record permits nothing. A person can look; what has left cannot come back.
 */
import { z } from 'zod';
import { periodIncludes } from './period.ts';
import { localReference } from './references.ts';

/** Consents of these kinds say who may see or treat; research and advance directives are not about us. */
const SCOPES = new Set(['patient-privacy', 'treatment']);
/** v3-ActCode policies that say no to everything that no provision allows. */
const OPT_OUTS = new Set(['OPTOUT', 'OPTOUTE']);
/** The one that says yes to everything; OPTINR, its restricted form, says yes to what its provisions allow. */
const OPT_IN = 'OPTIN';
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
  verification: list(z.looseObject({ verified: z.boolean() })),
  provision: z.unknown().optional(),
});
type Consent = z.output<typeof consent>;

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

const patientOf = (data: Consent, baseUrl: string) =>
  localReference(baseUrl, data.patient?.reference ? { reference: data.patient.reference } : {})?.reference;
const scopesOf = (data: Consent) => (data.scope?.coding ?? []).flatMap(({ code }) => code ?? []);
const hasPolicy = (data: Consent, isMeant: (code: string) => boolean) =>
  (data.policyRule?.coding ?? []).some(({ code }) => isMeant(code ?? ''));

/** Whether one Consent, as a server sent it, denies. Never throws, whatever the value. */
export function denies(value: unknown, question: ConsentQuestion): boolean {
  const { data } = consent.safeParse(value);
  if (!data || (patientOf(data, question.baseUrl) ?? question.patient) !== question.patient) {
    return false;
  }
  const scopes = scopesOf(data);
  if (scopes.length > 0 && !scopes.some((code) => SCOPES.has(code))) {
    return false;
  }
  const base = hasPolicy(data, (code) => OPT_OUTS.has(code)) ? 'deny' : 'permit';
  return decide(data.provision, base, question, 1) === 'deny';
}

/**
 * Whether one Consent permits, said aloud: by a rule, for the vendor or for everybody, or by an opt-in policy. Stricter
 * than not denying: it has to name the patient, be about privacy or treatment, not be known as unverified, and its outermost
 * rule has to be in force and for us. Never throws, whatever the value.
 */
export function permits(value: unknown, question: ConsentQuestion): boolean {
  const { data } = consent.safeParse(value);
  if (!data || patientOf(data, question.baseUrl) !== question.patient) {
    return false;
  }
  const isVerified = data.verification.length === 0 || data.verification.some(({ verified }) => verified);
  if (!isVerified || !scopesOf(data).some((code) => SCOPES.has(code))) {
    return false;
  }
  const root = data.provision === undefined ? undefined : provision.safeParse(data.provision).data;
  if (data.provision !== undefined && !(root && isAboutUs(root, question))) {
    return false;
  }
  const isOptIn = hasPolicy(data, (code) => code === OPT_IN) && !(root && isNarrow(root));
  return decide(data.provision, isOptIn ? 'permit' : 'deny', question, 1) === 'permit';
}
