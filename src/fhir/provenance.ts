/** Who made a resource, when and from what: one Provenance for each resource written. Pure. */
import type { Coding, Device, Provenance, ProvenanceAgent, ProvenanceEntity, Reference } from '@medplum/fhirtypes';
import type { Approval, Evidence } from '../findings.ts';
import type { OrderInput } from '../vendors/contract.ts';
import type { Devices } from './complete-finding.ts';
import { derivations, sources } from './evidence.ts';
import { aiMeta } from './labels.ts';
import { ACTIVITIES, AI_ASSERTED, ARTIFICIAL_INTELLIGENCE, OUR_SYSTEMS, SYSTEMS, TREATMENT } from './terminology.ts';
import { cleanText } from './tidy.ts';
import type { Publication } from './types.ts';

export interface ProvenanceFacts {
  /** The reference of the resource written, or its fullUrl within the transaction. */
  target: string;
  activity: Exclude<keyof typeof ACTIVITIES, 'nullify'>;
  evidence: Evidence[];
  /** What it is a revision of: `Type/id/_history/version` of what was there before, `Type/id` of what it replaces. */
  previous?: string[];
}

export interface WithdrawalFacts {
  /** The reference of what was withdrawn. */
  target: string;
  /** `Type/id/_history/version` of what was withdrawn, where the server has versions. */
  previous?: string;
  /** Why, in words; without a patient's data. */
  why?: string;
}

type Run = Pick<Publication, 'findings' | 'inputs' | 'ranFrom' | 'ranUntil' | 'now'>;

function role(system: string, code: string): Coding {
  return { system, code };
}

const TRANSMITTER = role(SYSTEMS.usCoreProvenanceParticipant, 'transmitter');
const NULLIFY = ACTIVITIES.nullify;
/** Somebody of the EHR, as against a user of the console. */
const PERSON = /^(Practitioner|PractitionerRole|RelatedPerson)\/[A-Za-z0-9\-.]{1,64}$/;

/**
 * The source with its words. Offsets count code points of the extracted text, which `display` says and whose SHA-256
 * stands in `what.identifier`: an offset means nothing without the exact text.
 */
function source(input: OrderInput, evidence: Evidence[]): ProvenanceEntity {
  const places = derivations(
    evidence.filter(({ input: name }) => name === input.name),
    [input],
  );
  if (input.kind === 'slide') {
    return { role: 'source', what: { reference: input.reference, display: 'Whole-slide image' } };
  }
  const display =
    input.kind === 'note'
      ? 'Clinical note; identifier: SHA-256 of its extracted text in UTF-8; offsets: Unicode code points of that text'
      : 'Source; identifier: SHA-256 of its bytes';
  return {
    ...(places.length > 0 ? { extension: places } : {}),
    role: 'source',
    what: {
      reference: input.reference,
      identifier: { system: OUR_SYSTEMS.sha256, value: input.sha256 },
      display,
    },
  };
}

function revisionOf(reference: string): ProvenanceEntity {
  return { role: 'revision', what: { reference } };
}

/** The AI's run, or as much of it as makes a legal period (per-1). */
function period(run: Run): { start: string; end?: string } {
  return Date.parse(run.ranUntil) >= Date.parse(run.ranFrom)
    ? { start: run.ranFrom, end: run.ranUntil }
    : { start: run.ranFrom };
}

/** Who let it be done. R4 has no place for what and when but the words of a role. */
function approver({ by, at, what }: Approval): ProvenanceAgent {
  const name = cleanText(by).trim();
  return {
    type: { coding: [role(SYSTEMS.provenanceParticipant, 'verifier')] },
    role: [{ text: cleanText(`Approved ${what} at ${at}`) }],
    who: PERSON.test(name) ? { reference: name } : { display: name || 'A person who is not named' },
  };
}

/** The Provenance of one resource: author the model on behalf of the vendor, assembled and sent by the adapter. */
export function buildProvenance(facts: ProvenanceFacts, run: Run, devices: Devices): Provenance {
  const entity = sources(facts.evidence, run.inputs).map((input) => source(input, facts.evidence));
  entity.push(...(facts.previous ?? []).map(revisionOf));
  return {
    resourceType: 'Provenance',
    meta: aiMeta(),
    target: [{ reference: facts.target }],
    occurredPeriod: period(run),
    recorded: run.now,
    reason: [{ coding: [AI_ASSERTED] }, { coding: [TREATMENT] }],
    activity: { coding: [ACTIVITIES[facts.activity]] },
    agent: [
      {
        type: { coding: [role(SYSTEMS.provenanceParticipant, 'author')] },
        role: [{ coding: [ARTIFICIAL_INTELLIGENCE] }],
        who: devices.model,
        onBehalfOf: devices.organization,
      },
      {
        type: { coding: [role(SYSTEMS.provenanceParticipant, 'assembler'), TRANSMITTER] },
        who: devices.adapter,
      },
      ...(run.findings.approvals ?? []).map(approver),
    ],
    ...(entity.length > 0 ? { entity } : {}),
  };
}

/**
 * The Provenance of a withdrawal. The adapter did it, because of what became of the order; no model has judged anything
 * anew, so none is its author. `now` is the instant of writing.
 */
export function buildWithdrawalProvenance(
  { target, previous, why }: WithdrawalFacts,
  now: string,
  adapter: Reference<Device>,
): Provenance {
  return {
    resourceType: 'Provenance',
    meta: aiMeta(),
    target: [{ reference: target }],
    occurredDateTime: now,
    recorded: now,
    reason: [{ coding: [AI_ASSERTED], ...(why === undefined ? {} : { text: why }) }, { coding: [TREATMENT] }],
    activity: { coding: [ACTIVITIES.nullify] },
    agent: [{ type: { coding: [role(SYSTEMS.provenanceParticipant, 'performer'), TRANSMITTER] }, who: adapter }],
    ...(previous === undefined ? {} : { entity: [revisionOf(previous)] }),
  };
}

/** Whether it tells of a withdrawal. */
export function isWithdrawalProvenance({ activity }: Provenance): boolean {
  return activity?.coding?.some(({ system, code }) => system === NULLIFY.system && code === NULLIFY.code) ?? false;
}
