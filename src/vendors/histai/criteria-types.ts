/**
 * The words of a cohort order, from what is asked for to what is bought, and at the end tables of names that mean the same.
 *
 * - criteria: what the order asks for, in its own words.
 * - facet: a field that the Datahub can filter by, with the exact values it has there.
 * - chosen: the facets' values that stand for the criteria; only these words leave, never the order's own.
 * - case: one patient's record in the inventory, with its slides. None of them is the order's patient.
 */

/** One thing asked for, in every way that the order says it, the most telling words first; never all empty. */
export interface Term {
  words: string[];
  snomed: string[];
  /** Codes of ICD-10 or ICD-10-CM. */
  icd10: string[];
}

export type Gender = 'm' | 'f';

/** Years, both ends included, within 0 to 120. */
export type AgeBand = [from: number, to: number];

/** Between kinds all must hold. Of organs and diagnoses one is enough; of stains and markers a case needs each. */
export interface Criteria {
  organ: Term[];
  diagnosis: Term[];
  stain: Term[];
  /** Immunohistochemical studies, whatever their result. */
  marker: Term[];
  age?: AgeBand | undefined;
  gender?: Gender | undefined;
  malignant?: boolean | undefined;
  /** At most so many. */
  cases?: number | undefined;
  slidesPerCase?: number | undefined;
}

/** What a route may fix of the criteria, among its options. */
export interface FixedCriteria {
  organ?: readonly string[] | undefined;
  diagnosis?: readonly string[] | undefined;
  stains?: readonly string[] | undefined;
  markers?: readonly string[] | undefined;
  age?: readonly [number, number] | undefined;
  gender?: Gender | undefined;
  malignant?: boolean | undefined;
  cases?: number | undefined;
  slidesPerCase?: number | undefined;
}

export interface FacetValue {
  value: string | number | boolean;
  /** Cases that have it; 0: none, and it is never chosen. */
  count?: number | undefined;
}

/** By the facet's key as the Datahub spells it. */
export type Facets = Readonly<Record<string, readonly FacetValue[]>>;

/** Kinds of criteria whose words are looked for among the facets' values. */
export type Kind = 'organ' | 'diagnosis' | 'stain' | 'marker';

/** Fields of a search request that chosen values go into. */
export type Field = 'organ' | 'organSystem' | 'primaryDiagnosis' | 'cancerType' | 'icd10' | 'stainName' | 'ihc_markers';

/**
 * Why a value stands for a term: the very same, or but for its case, its punctuation and order of words, its number, the
 * side of the body, another name of the same, a part of the organ, a code below, or the rest of a name without its organ.
 */
export type Why = 'exact' | 'case' | 'spelling' | 'plural' | 'side' | 'synonym' | 'part' | 'below' | 'compound';

export interface ChosenValue {
  /** As the Datahub spells it. */
  value: string;
  why: Why;
}

/** The values that stand for one term. */
export interface Group {
  /** The term's place among the criterion's, from 0. The term's words are the order's and stay there. */
  asked: number;
  values: ChosenValue[];
  /** Cases that the Datahub counts for these values, one by one; undefined: it did not count. */
  count?: number | undefined;
  /** Of a diagnosis whose name held the organ: the case must be of one of these, too. */
  organs?: ChosenValue[];
  /** Values that say more than was asked for, and are not chosen; for people. */
  near: string[];
}

export interface Chosen {
  organ: { field: 'organ' | 'organSystem'; groups: Group[] };
  diagnosis: { field: 'primaryDiagnosis' | 'cancerType' | 'icd10'; groups: Group[] };
  stain: { field: 'stainName'; groups: Group[] };
  marker: { field: 'ihc_markers' | 'stainName'; groups: Group[] };
  age?: AgeBand | undefined;
  gender?: Gender | undefined;
  malignant?: boolean | undefined;
}

/** What was found. Without `chosen` nothing may be searched for: some criterion would be left out and too much be found. */
export interface Matched {
  chosen?: Chosen;
  /** Terms for which nothing stands in; where `chosen` is there, others of the same kind do. */
  missing: Missing[];
}

/** A term that no value stands for. */
export interface Missing {
  kind: Kind;
  asked: number;
  /** The Datahub lists no values of any such field; no value is alike; it names another organ than the order. */
  why: 'not-listed' | 'nothing-alike' | 'other-organ';
  near: string[];
}

export interface SlideRecord {
  slideId: string;
  stainName: string;
  stainType?: string | undefined;
  fileSizeBytes?: number | undefined;
}

export interface CaseRecord {
  caseId: string;
  organ: string[];
  organSystem: string[];
  primaryDiagnosis: string[];
  cancerType: string[];
  isCancer?: boolean | undefined;
  /** Years. */
  age?: number | undefined;
  gender?: string | undefined;
  icd10?: string | undefined;
  stainNames: string[];
  /** By marker: its result. */
  ihcStudies: Record<string, string>;
  slides: SlideRecord[];
}

/** What is asked of a case: its slides are always named, since a case without them is bought whole. */
export interface CaseSlides {
  caseId: string;
  slideIds: string[];
}

/** Names of the same, the usual one first. */
type Names = readonly [usual: string, ...others: string[]];

/** Codes of SNOMED CT for structures, in words. */
export const STRUCTURES: ReadonlyMap<string, string> = new Map([
  ['23451007', 'adrenal gland'],
  ['89837001', 'urinary bladder'],
  ['272673000', 'bone'],
  ['12738006', 'brain'],
  ['76752008', 'breast'],
  ['80248007', 'left breast'],
  ['73056007', 'right breast'],
  ['71252005', 'cervix uteri'],
  ['71854001', 'colon'],
  ['60184004', 'sigmoid colon'],
  ['2739003', 'endometrium'],
  ['32849002', 'esophagus'],
  ['28231008', 'gallbladder'],
  ['64033007', 'kidney'],
  ['18639004', 'left kidney'],
  ['9846003', 'right kidney'],
  ['10200004', 'liver'],
  ['39607008', 'lung'],
  ['44029006', 'left lung'],
  ['3341006', 'right lung'],
  ['59441001', 'lymph node'],
  ['15497006', 'ovary'],
  ['43981004', 'left ovary'],
  ['20837000', 'right ovary'],
  ['15776009', 'pancreas'],
  ['41216001', 'prostate'],
  ['34402009', 'rectum'],
  ['39937001', 'skin'],
  ['78961009', 'spleen'],
  ['69695003', 'stomach'],
  ['40689003', 'testis'],
  ['69748006', 'thyroid gland'],
  ['35039007', 'uterus'],
]);

/** Words that say nothing on which organ or finding it is. */
export const FILLERS: ReadonlySet<string> = new Set(['of', 'the', 'structure', 'entire', 'gland', 'organ', 'nos']);

export const SIDES: ReadonlyMap<string, string> = new Map([
  ['left', 'left'],
  ['right', 'right'],
  ['bilateral', 'both'],
  ['both', 'both'],
]);

/** Plurals that no rule makes. */
export const PLURALS: ReadonlyMap<string, string> = new Map([
  ['testes', 'testis'],
  ['metastases', 'metastasis'],
  ['nevi', 'nevus'],
  ['naevi', 'nevus'],
  ['adenomata', 'adenoma'],
  ['carcinomata', 'carcinoma'],
  ['uteri', 'uterus'],
  ['bronchi', 'bronchus'],
]);

/** The same in one word, the usual one first. */
export const SAME_WORD: readonly Names[] = [
  ['lung', 'pulmonary'],
  ['ovary', 'ovarian'],
  ['prostate', 'prostatic'],
  ['breast', 'mammary'],
  ['stomach', 'gastric'],
  ['kidney', 'renal'],
  ['liver', 'hepatic'],
  ['colon', 'colonic'],
  ['rectum', 'rectal'],
  ['skin', 'cutaneous'],
  ['uterus', 'uterine'],
  ['endometrium', 'endometrial'],
  ['pancreas', 'pancreatic'],
  ['esophagus', 'oesophagus', 'esophageal', 'oesophageal'],
  ['testis', 'testicle', 'testicular'],
  ['adrenal', 'suprarenal'],
  ['nevus', 'naevus'],
  ['tumor', 'tumour'],
  ['leukemia', 'leukaemia'],
];

/** The same in several words. */
export const SAME_NAME: readonly Names[] = [
  ['bladder', 'urinary bladder'],
  ['corpus uteri', 'body of uterus'],
  ['cervix', 'cervix uteri', 'uterine cervix'],
  ['melanoma', 'malignant melanoma'],
  ['invasive ductal carcinoma', 'infiltrating ductal carcinoma', 'infiltrating duct carcinoma'],
  ['invasive lobular carcinoma', 'infiltrating lobular carcinoma'],
  ['clear cell renal cell carcinoma', 'renal cell carcinoma clear cell'],
  ['hepatocellular carcinoma', 'liver cell carcinoma'],
  ['squamous cell carcinoma', 'squamous carcinoma'],
  ['endometrioid carcinoma', 'endometrioid adenocarcinoma'],
];

/** The same stain or marker; compared without blanks and hyphens. */
export const SAME_STAIN: readonly Names[] = [
  ['H&E', 'HE', 'H and E', 'H+E', 'hematoxylin and eosin', 'haematoxylin and eosin', 'H&E stain'],
  ['HER2', 'HER2/neu', 'ERBB2', 'c-erbB-2'],
  ['ER', 'estrogen receptor', 'oestrogen receptor'],
  ['PR', 'PgR', 'progesterone receptor'],
  ['Ki-67', 'MIB-1'],
  ['PD-L1', 'CD274'],
  ['CD117', 'c-KIT'],
  ['p53', 'TP53'],
  ['CK7', 'cytokeratin 7'],
  ['CK20', 'cytokeratin 20'],
];

/** What lies within an organ and is known by another name than the organ's. */
export const PARTS: readonly (readonly [organ: string, ...parts: string[]])[] = [
  ['colon', 'sigmoid colon', 'ascending colon', 'transverse colon', 'descending colon', 'cecum', 'caecum'],
  ['stomach', 'gastric antrum', 'gastric body', 'gastric fundus', 'gastric cardia', 'pylorus'],
  ['uterus', 'corpus uteri', 'endometrium', 'myometrium'],
  ['skin', 'skin of trunk', 'skin of face', 'skin of scalp', 'skin of arm', 'skin of leg', 'skin of back'],
  ['lung', 'upper lobe of lung', 'middle lobe of lung', 'lower lobe of lung'],
];

/** As the Datahub may spell a facet's key, which is not documented. */
export const FACET_KEYS: Record<Field, readonly string[]> = {
  organ: ['organ', 'organs'],
  organSystem: ['organSystem', 'organ_system', 'organSystems'],
  primaryDiagnosis: ['primaryDiagnosis', 'primary_diagnosis', 'primaryDiagnoses'],
  cancerType: ['cancerType', 'cancer_type', 'cancerTypes'],
  icd10: ['icd10'],
  stainName: ['stainName', 'stain_names', 'stainNames', 'stain_name'],
  ihc_markers: ['ihc_markers', 'ihcMarkers', 'ihcStudies', 'ihc_studies'],
};
