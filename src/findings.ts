/**
 * Findings: what a vendor found, in FHIR's shapes but knowing nothing of the EHR it goes to.
 *
 * A vendor's pure `toFindings` makes them; the fhir room completes them (subject, encounter, identifiers, AI label,
 * performer, device, Provenance) and writes them. This file is the vocabulary that both rooms share.
 */
import type {
  CodeableConcept,
  Coding,
  Condition,
  DiagnosticReport,
  DocumentReference,
  Group,
  Media,
  Money,
  Observation,
  Patient,
  Procedure,
} from '@medplum/fhirtypes';

/** A result resource as a vendor drafts it: no id, subject, encounter, identifier or meta; the fhir room adds those. */
export type Draft<T> = Omit<T, 'id' | 'meta' | 'identifier' | 'subject' | 'encounter' | 'contained' | 'text'>;

/**
 * A Media or DocumentReference stands for a file: its attachment is made of the finding's `file`. A Group, a Patient and a
 * DiagnosticReport are of other people's data (see `about`): never the order's patient, never the order's own report.
 */
export type DraftResource =
  | Draft<Condition>
  | Draft<DiagnosticReport>
  | Draft<Group>
  | Draft<Patient>
  | Draft<Observation>
  | Draft<Procedure>
  | Omit<Draft<Media>, 'content'>
  | Omit<Draft<DocumentReference>, 'content'>;

/** The words a finding rests on. Offsets are Unicode code points of the input's extracted text, half-open [start, end). */
export interface Evidence {
  /** Which input of the order, by its name (see OrderInput). */
  input: string;
  /** The words exactly as they stand in the text where `verified`, else as the vendor gave them. */
  quote: string;
  /** Absent where the words could not be found in the text: then nothing may be highlighted. */
  start?: number;
  end?: number;
  verified: boolean;
}

/** One thing found, which becomes one resource. */
export interface Finding {
  /** Stable part name, unique within the result: `condition/44054006`, `obs/rbc-density`. The identifier is made of it. */
  part: string;
  resource: DraftResource;
  /** One short line for the report, e.g. the term. */
  label: string;
  evidence: Evidence[];
  /** Of a Media or DocumentReference: the name of the order's file (see `Files` of the vendor contract) that it holds. */
  file?: string;
  /**
   * The part of the Patient that it is about: a person of somebody else's data. Such a resource, and the Patient, name
   * neither the order nor its patient or encounter, and are no outputs of the Task. Only where all of it is about a Group
   * (`Findings.about`). Absent: about what all findings are.
   */
  about?: string;
  /** Other findings that it refers to, by part: a Group's members, a DiagnosticReport's results. They come before it. */
  holds?: string[];
  /** Anything a reader of the report should know: "date derived from '12 years ago'". */
  remarks?: string[];
}

/** Something found but not written as a resource, and why: a line of the report. */
export interface Listed {
  label: string;
  code?: CodeableConcept;
  /** Why it is only listed, in words for a clinician: "negated in the text". */
  why: string;
  evidence: Evidence[];
}

/** The algorithm that found it; becomes a Device. */
export interface Model {
  /** As the vendor calls it: "HealthSage CDT beta". */
  name: string;
  /** The model's or terminology's version where the vendor states one; never guessed. */
  version?: string;
  manufacturer: string;
  /** Codes of the AI transparency guide's AIKind: `Large-Language-Models`. */
  kinds: string[];
}

/** A figure beside the results, for the Task's outputs. */
export type Figure = { label: string } & ({ integer: number } | { money: Money });

/** A person who let something be done that the order alone did not: becomes an agent of each Provenance. */
export interface Approval {
  /** A user of the console by name, or whoever answered in the EHR by reference: `Practitioner/1`. */
  by: string;
  /** An instant. */
  at: string;
  /** What was approved, in words: "the purchase of 20 slides for 100.00 USD". */
  what: string;
}

export interface Findings {
  model: Model;
  /**
   * The part of the Group that all of it is about, the report too: other people's data. Absent: the patient of the order.
   */
  about?: string;
  report: {
    category: CodeableConcept[];
    code: CodeableConcept;
    /** When the note, specimen or photo was taken (FHIR dateTime); never the time of the AI's run. */
    effective?: string;
    conclusion?: string;
    /** Stands behind the AI's own label, first in every rendering: "Research data of other people." */
    banner?: string;
    /** Names of the order's files that stand beside the report for people (`presentedForm`): the vendor's own report. */
    attachments?: string[];
  };
  items: Finding[];
  listed: Listed[];
  /** Parts of the work that could not be done, in words: "part 3 of 5 (characters 2901 to 4350)". Non-empty: a partial report. */
  missing: string[];
  /** The vendor's own job ids, for identifiers in `urn:fhir-ai-adapter:{vendor}`. */
  jobs: string[];
  figures?: Figure[];
  approvals?: Approval[];
  /** Labels that the report and its items carry beside the AI's own (`meta.security`): that it is for research only. */
  security?: Coding[];
}
