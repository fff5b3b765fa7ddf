/** Codes of diseases and body sites in the platform's words, as data. A site's own table goes before this one. */
import { SYSTEMS } from '../../fhir/terminology.ts';

const { snomed, icd10, icd10cm } = SYSTEMS;

/** A code of a classification stands for all below it: `C50` for `C50.4`. Metastases (C77 to C79) are none of these. */
const ICD: readonly [category: string, disease: string][] = [
  ['C50', 'BREAST_CANCER'],
  ['C34', 'LUNG_CANCER'],
  ['C18', 'COLORECTAL_CANCER'],
  ['C19', 'COLORECTAL_CANCER'],
  ['C20', 'COLORECTAL_CANCER'],
  ['C67', 'BLADDER_CANCER'],
  ['C22', 'LIVER_CANCER'],
  ['C61', 'PROSTATE_CANCER'],
  ['C25', 'PANCREATIC_CANCER'],
  ['C16', 'STOMACH_CANCER'],
  ['C56', 'OVARIAN_CANCER'],
];

const SNOMED_DISEASES: readonly [code: string, disease: string][] = [
  // Malignant neoplasm of breast
  ['254837009', 'BREAST_CANCER'],
  // Malignant neoplasm of lung, non-small cell, small cell
  ['363358000', 'LUNG_CANCER'],
  ['254637007', 'LUNG_CANCER'],
  ['254632001', 'LUNG_CANCER'],
  // Malignant neoplasm of colon, of rectum
  ['363406005', 'COLORECTAL_CANCER'],
  ['363351006', 'COLORECTAL_CANCER'],
  // Malignant neoplasm of urinary bladder
  ['399326009', 'BLADDER_CANCER'],
  // Malignant neoplasm of liver, liver cell carcinoma
  ['93870000', 'LIVER_CANCER'],
  ['109841003', 'LIVER_CANCER'],
  // Malignant neoplasm of prostate
  ['399068003', 'PROSTATE_CANCER'],
  // Malignant neoplasm of pancreas
  ['363418001', 'PANCREATIC_CANCER'],
  // Malignant neoplasm of stomach
  ['363349007', 'STOMACH_CANCER'],
  // Malignant neoplasm of ovary
  ['363443007', 'OVARIAN_CANCER'],
];

const SNOMED_TISSUES: readonly [code: string, tissue: string][] = [
  // Structures of the adrenal gland, urinary bladder, bone, brain, breast, colon, liver, lung, lymph node
  ['23451007', 'ADRENAL_GLAND'],
  ['89837001', 'BLADDER'],
  ['272673000', 'BONE'],
  ['12738006', 'BRAIN'],
  ['76752008', 'BREAST'],
  ['71854001', 'COLON'],
  ['10200004', 'LIVER'],
  ['39607008', 'LUNG'],
  ['59441001', 'LYMPH_NODE'],
  // Structures of the prostate, pancreas, stomach, ovary
  ['41216001', 'PROSTATE'],
  ['15776009', 'PANCREAS'],
  ['69695003', 'STOMACH'],
  ['15497006', 'OVARY'],
];

export interface Meaning {
  system: string;
  code: string;
  term: string;
  /** What lies below the code in its classification means the same. */
  below?: boolean;
}

const exact =
  (system: string) =>
  ([code, term]: readonly [string, string]): Meaning => ({ system, code, term });

export const DISEASES: readonly Meaning[] = [
  ...SNOMED_DISEASES.map(exact(snomed)),
  ...[icd10, icd10cm].flatMap((system) => ICD.map(([code, term]): Meaning => ({ system, code, term, below: true }))),
];

export const TISSUES: readonly Meaning[] = SNOMED_TISSUES.map(exact(snomed));
