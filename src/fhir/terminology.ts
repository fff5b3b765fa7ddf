/**
 * Code systems, extensions and codings as constants. Facts of published specifications; no logic.
 *
 * The AI Transparency guide (hl7.fhir.uv.aitransparency, 1.0.0-ballot) still moves: its URLs stand in AI_GUIDE and
 * nowhere else. The label AIAST itself is HL7 Terminology and stable.
 */
import type { Coding } from '@medplum/fhirtypes';

export const SYSTEMS = {
  snomed: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
  icd10: 'http://hl7.org/fhir/sid/icd-10',
  icd10cm: 'http://hl7.org/fhir/sid/icd-10-cm',
  ucum: 'http://unitsofmeasure.org',
  conditionClinical: 'http://terminology.hl7.org/CodeSystem/condition-clinical',
  conditionVerification: 'http://terminology.hl7.org/CodeSystem/condition-ver-status',
  conditionCategory: 'http://terminology.hl7.org/CodeSystem/condition-category',
  usCoreConditionCategory: 'http://hl7.org/fhir/us/core/CodeSystem/condition-category',
  observationCategory: 'http://terminology.hl7.org/CodeSystem/observation-category',
  dataAbsentReason: 'http://terminology.hl7.org/CodeSystem/data-absent-reason',
  diagnosticService: 'http://terminology.hl7.org/CodeSystem/v2-0074',
  observationValue: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  actReason: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  dataOperation: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation',
  lifecycle: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
  provenanceParticipant: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
  usCoreProvenanceParticipant: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type',
  mediaType: 'http://terminology.hl7.org/CodeSystem/media-type',
  taskCode: 'http://hl7.org/fhir/CodeSystem/task-code',
} as const;

/** Systems of our own, as `urn:` so that nobody has to own a domain. */
export const OUR_SYSTEMS = {
  order: 'urn:fhir-ai-adapter:order',
  result: 'urn:fhir-ai-adapter:result',
  device: 'urn:fhir-ai-adapter:device',
  organization: 'urn:fhir-ai-adapter:organization',
  /** Lower-case hex SHA-256 of what the vendor was given: of a note's extracted text in UTF-8, else of the bytes. */
  sha256: 'urn:fhir-ai-adapter:sha256',
  /** `meta.tag`: a hash of what we meant to write, so that a repeated publication knows its own work. */
  content: 'urn:fhir-ai-adapter:content',
  reason: 'urn:fhir-ai-adapter:reason',
  output: 'urn:fhir-ai-adapter:output',
  /** On a Task's businessStatus: the id of the question that its order asks, and that may be answered there. */
  question: 'urn:fhir-ai-adapter:question',
  /** Of an input of a Task: somebody's answer to the question with that id. */
  answer: 'urn:fhir-ai-adapter:answer',
} as const;

const aiGuide = 'http://hl7.org/fhir/uv/aitransparency';

export const AI_GUIDE = {
  deviceType: `${aiGuide}/CodeSystem/AIdeviceTypeCS`,
  kindExtension: `${aiGuide}/StructureDefinition/aitransparency.AIKind`,
  confidenceExtension: `${aiGuide}/StructureDefinition/AIconfidence`,
} as const;

export const EXTENSIONS = {
  /** Where in a source the words stand: parts `reference`, `offset`, `length`. */
  derivationReference: 'http://hl7.org/fhir/StructureDefinition/derivation-reference',
  /** On a DiagnosticReport, at most once: the report that it replaces. */
  replaces: 'http://hl7.org/fhir/StructureDefinition/diagnosticReport-replaces',
  /** On an Attachment: base64 of the four bytes, big-endian, of the file's CRC-32C (FHIR's own hash is a SHA-1). */
  crc32c: 'urn:fhir-ai-adapter:crc32c',
} as const;

export const AI_ASSERTED: Coding = {
  system: SYSTEMS.observationValue,
  code: 'AIAST',
  display: 'Artificial Intelligence asserted',
};

export const ARTIFICIAL_INTELLIGENCE: Coding = {
  system: AI_GUIDE.deviceType,
  code: 'Artificial-Intelligence',
  display: 'All kinds of Artificial Intelligence',
};

/** `meta.security` of what is for research alone. */
export const RESEARCH: Coding = { system: SYSTEMS.actReason, code: 'HRESCH', display: 'healthcare research' };
export const TREATMENT: Coding = { system: SYSTEMS.actReason, code: 'TREAT', display: 'treatment' };
export const FULFILL: Coding = { system: SYSTEMS.taskCode, code: 'fulfill' };

/** What a Provenance says was done. */
export const ACTIVITIES = {
  /** Made out of a document, picture or slide. */
  transform: { system: SYSTEMS.lifecycle, code: 'transform', display: 'Transform/Translate Record Lifecycle Event' },
  update: { system: SYSTEMS.dataOperation, code: 'UPDATE', display: 'revise' },
  nullify: { system: SYSTEMS.dataOperation, code: 'NULLIFY', display: 'nullify' },
} as const satisfies Record<string, Coding>;

/** How a reader knows a code's system in a table. */
export const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  [SYSTEMS.snomed]: 'SNOMED CT',
  [SYSTEMS.loinc]: 'LOINC',
  [SYSTEMS.icd10]: 'ICD-10',
  [SYSTEMS.icd10cm]: 'ICD-10-CM',
};
