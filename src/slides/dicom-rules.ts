/**
 * Which attributes of a slide may leave. The Basic Application Level Confidentiality Profile of PS3.15 lists what has to go;
 * of texts, which are what names are written in, this keeps the other way about only those that are listed here.
 */

/** Groups in which everything is about the patient, the trial, the visit, the order, or hides in signatures. */
const GONE_GROUPS: ReadonlySet<number> = new Set([0x0010, 0x0012, 0x0032, 0x0038, 0x0400, 0x4008]);

/** Sequences that name people, places and orders by codes and texts that stay elsewhere. */
const GONE_SEQUENCES: ReadonlySet<number> = new Set([
  0x00080051, // IssuerOfAccessionNumberSequence
  0x00080082, // InstitutionCodeSequence
  0x00080096, // ReferringPhysicianIdentificationSequence
  0x0008009d, // ConsultingPhysicianIdentificationSequence
  0x00081032, // ProcedureCodeSequence
  0x00081041, // InstitutionalDepartmentTypeCodeSequence
  0x00081049, // PhysiciansOfRecordIdentificationSequence
  0x00081052, // PerformingPhysicianIdentificationSequence
  0x00081062, // PhysiciansReadingStudyIdentificationSequence
  0x00081072, // OperatorIdentificationSequence
  0x00081084, // AdmittingDiagnosesCodeSequence
  0x00081120, // ReferencedPatientSequence
  0x0018a001, // ContributingEquipmentSequence
  0x00400275, // RequestAttributesSequence
  0x00400513, // IssuerOfTheContainerIdentifierSequence
  0x00400562, // IssuerOfTheSpecimenIdentifierSequence
  0x00401101, // PersonIdentificationCodeSequence
  0x0040a073, // VerifyingObserverSequence
  0x0040a078, // AuthorObserverSequence
  0x0040a07a, // ParticipantSequence
  0x0040a730, // ContentSequence
  0x00420011, // EncapsulatedDocument
  0x00880200, // IconImageSequence: it may show the label
]);

/** Texts that are about the device and the pixels, or are codes of a terminology. */
const TECHNICAL_TEXTS: ReadonlySet<number> = new Set([
  0x00080070, // Manufacturer
  0x00081090, // ManufacturerModelName
  0x00080100, // CodeValue
  0x00080102, // CodingSchemeDesignator
  0x00080103, // CodingSchemeVersion
  0x00080104, // CodeMeaning
  0x00080119, // LongCodeValue
  0x00080120, // URNCodeValue
  0x00181020, // SoftwareVersions
  0x00209421, // DimensionDescriptionLabel
  0x00480106, // OpticalPathIdentifier
]);

/** Required to have a value: an X instead. */
const FILLED: ReadonlySet<number> = new Set([
  0x00181000, // DeviceSerialNumber
  0x00400512, // ContainerIdentifier
  0x00400551, // SpecimenIdentifier
]);

/** Of the file's own header: which machine sent it, and what it added. */
const GONE_OF_META: ReadonlySet<number> = new Set([0x00020016, 0x00020017, 0x00020018, 0x00020102]);

const WORDS: ReadonlySet<string> = new Set(['AE', 'AS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']);
const TIMES: ReadonlySet<string> = new Set(['DA', 'DT', 'TM']);
const BYTES: ReadonlySet<string> = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);
/** Groups whose bytes are pixels, tables of colours and of frames. */
const GROUPS_OF_PIXELS: ReadonlySet<number> = new Set([0x0002, 0x0028, 0x7fe0]);

export type Treatment = 'keep' | 'blank' | 'fill' | 'no-time';

const groupOf = (tag: number) => tag >>> 16;
const isPrivate = (tag: number) => groupOf(tag) % 2 === 1;
const isGone = (tag: number) => isPrivate(tag) || GONE_GROUPS.has(groupOf(tag)) || GONE_SEQUENCES.has(tag);

/** `within`: tags of the sequences around it. UIDs stay, by which the files of one slide belong together. */
export function treatmentOf(tag: number, vr: string, within: readonly number[]): Treatment {
  if (groupOf(tag) === 0x0002) {
    return GONE_OF_META.has(tag) ? 'blank' : 'keep';
  }
  if (isGone(tag) || within.some(isGone)) {
    return TIMES.has(vr) && !isPrivate(tag) ? 'no-time' : 'blank';
  }
  if (TIMES.has(vr)) {
    return 'no-time';
  }
  if (WORDS.has(vr)) {
    return TECHNICAL_TEXTS.has(tag) ? 'keep' : FILLED.has(tag) ? 'fill' : 'blank';
  }
  return BYTES.has(vr) && !GROUPS_OF_PIXELS.has(groupOf(tag)) ? 'blank' : 'keep';
}

/** VRs whose values are characters: blank is spaces. UI is filled up with zeros. */
const CHARACTERS: ReadonlySet<string> = new Set([...WORDS, ...TIMES, 'CS', 'DS', 'IS']);

/** Legal and nobody's, cut to the length that there is. */
const NO_TIMES: Record<string, string> = { DA: '19000101', DT: '19000101000000.000000', TM: '000000.000000' };

/** What is written over a value of `length` bytes; undefined: nothing, it stays. */
export function insteadOf(treatment: Treatment, vr: string, length: number): Uint8Array | 'zeros' | undefined {
  if (treatment === 'keep') {
    return undefined;
  }
  if (!CHARACTERS.has(vr)) {
    return 'zeros';
  }
  return Buffer.from(wordsInstead(treatment, vr, length).padEnd(length, ' '), 'latin1');
}

function wordsInstead(treatment: Treatment, vr: string, length: number): string {
  const time = treatment === 'no-time' ? (NO_TIMES[vr] ?? '') : '';
  if (time !== '') {
    // A date of another length is a range or several.
    return vr === 'DA' && length !== time.length ? '' : time.slice(0, length).replace(/\.$/, '');
  }
  return treatment === 'fill' ? 'X'.slice(0, length) : '';
}
