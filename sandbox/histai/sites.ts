/** What the invented cases are made of: organs with the several names they go by, and what is found in them. */

export interface Morphology {
  /** The same finding in its several spellings; no organ in any of them. */
  names: readonly [string, ...string[]];
  cancerType: readonly string[];
  isCancer: boolean;
  icd10: string;
  /** By marker: what its stain may show in this finding. */
  markers: Readonly<Record<string, readonly [string, ...string[]]>>;
  /** What the microscope shows. */
  microscopy: string;
}

export interface Site {
  /** Overlapping on purpose, as in the vendor's inventory. */
  organs: readonly [string, ...string[]];
  organSystem: string;
  /** Where only one has the organ. */
  gender?: 'm' | 'f';
  morphologies: readonly [Morphology, ...Morphology[]];
}

const POSITIVE = ['positive'] as const;
const NEGATIVE = ['negative'] as const;
const EITHER = ['positive', 'negative'] as const;
const HER2 = ['negative', 'negative 1+', 'equivocal 2+', 'positive 3+'] as const;
const LOW = ['2 %', '4 %', '8 %'] as const;
const HIGH = ['18 %', '25 %', '40 %', '65 %'] as const;
const P53 = ['wild type', 'mutant pattern'] as const;

const benign = { cancerType: [], isCancer: false } as const;
const cancer = (...cancerType: string[]) => ({ cancerType, isCancer: true });

export const SITES: readonly [Site, ...Site[]] = [
  {
    organs: ['Breast', 'Left breast', 'Right breast'],
    organSystem: 'Reproductive',
    gender: 'f',
    morphologies: [
      {
        names: ['Invasive ductal carcinoma', 'Carcinoma, ductal, invasive'],
        ...cancer('Breast carcinoma'),
        icd10: 'C50.9',
        markers: { ER: EITHER, PR: EITHER, HER2, 'Ki-67': HIGH, p53: P53 },
        microscopy: 'Infiltrating ducts and cords of atypical cells in a desmoplastic stroma.',
      },
      {
        names: ['Invasive lobular carcinoma'],
        ...cancer('Breast carcinoma'),
        icd10: 'C50.9',
        markers: { ER: POSITIVE, PR: EITHER, HER2: ['negative'], 'E-cadherin': NEGATIVE },
        microscopy: 'Single files of small discohesive cells between collagen fibres.',
      },
      {
        names: ['Fibroadenoma'],
        ...benign,
        icd10: 'D24',
        markers: { 'Ki-67': LOW },
        microscopy: 'Stroma and ducts grow together in a well-defined nodule; no atypia.',
      },
    ],
  },
  {
    organs: ['Ovary', 'Left ovary', 'Ovaries', 'Right ovary'],
    organSystem: 'Reproductive',
    gender: 'f',
    morphologies: [
      {
        names: ['Serous carcinoma', 'High-grade serous carcinoma'],
        ...cancer('Ovarian carcinoma'),
        icd10: 'C56',
        markers: { p53: ['mutant pattern'], WT1: POSITIVE, PAX8: POSITIVE, 'Ki-67': HIGH, CK7: POSITIVE },
        microscopy: 'Papillae and slit-like spaces lined by cells with marked nuclear atypia.',
      },
      {
        names: ['Serous cystadenoma'],
        ...benign,
        icd10: 'D27',
        markers: { 'Ki-67': LOW },
        microscopy: 'A cyst lined by a single layer of ciliated cells; no atypia.',
      },
    ],
  },
  {
    organs: ['Prostate', 'Prostate gland'],
    organSystem: 'Genitourinary',
    gender: 'm',
    morphologies: [
      {
        names: ['Adenocarcinoma', 'Acinar adenocarcinoma'],
        ...cancer(),
        icd10: 'C61',
        markers: { p63: NEGATIVE, AMACR: POSITIVE, PSA: POSITIVE, 'Ki-67': LOW },
        microscopy: 'Small crowded glands without basal cells, with prominent nucleoli.',
      },
      {
        names: ['Benign prostatic hyperplasia'],
        ...benign,
        icd10: 'N40',
        markers: { p63: POSITIVE },
        microscopy: 'Nodules of glands with two cell layers and of stroma.',
      },
    ],
  },
  {
    organs: ['Lung', 'Left lung', 'Right lung'],
    organSystem: 'Respiratory',
    morphologies: [
      {
        names: ['Adenocarcinoma'],
        ...cancer('Non-small cell lung carcinoma'),
        icd10: 'C34.9',
        markers: {
          'TTF-1': POSITIVE,
          CK7: POSITIVE,
          p40: NEGATIVE,
          ALK: EITHER,
          'PD-L1': ['TPS 0 %', 'TPS 20 %', 'TPS 70 %'],
        },
        microscopy: 'Acinar and lepidic growth of mucin-forming glands.',
      },
      {
        names: ['Squamous cell carcinoma', 'Carcinoma, squamous cell'],
        ...cancer('Non-small cell lung carcinoma'),
        icd10: 'C34.9',
        markers: { p40: POSITIVE, 'TTF-1': NEGATIVE, 'Ki-67': HIGH },
        microscopy: 'Nests of polygonal cells with keratin pearls and intercellular bridges.',
      },
      {
        names: ['Hamartoma'],
        ...benign,
        icd10: 'D14.3',
        markers: {},
        microscopy: 'Mature cartilage and fat between clefts of respiratory epithelium.',
      },
    ],
  },
  {
    organs: ['Colon', 'Sigmoid colon', 'Ascending colon'],
    organSystem: 'Gastrointestinal',
    morphologies: [
      {
        names: ['Adenocarcinoma'],
        ...cancer('Colorectal carcinoma'),
        icd10: 'C18.9',
        markers: {
          CK20: POSITIVE,
          CDX2: POSITIVE,
          CK7: NEGATIVE,
          MLH1: ['retained', 'lost'],
          MSH6: ['retained', 'lost'],
        },
        microscopy: 'Cribriform glands with dirty necrosis that invade the muscular layer.',
      },
      {
        names: ['Tubular adenoma', 'Adenoma, tubular'],
        ...benign,
        icd10: 'D12.6',
        markers: { 'Ki-67': LOW },
        microscopy: 'Crowded tubules with low-grade dysplasia; no invasion.',
      },
    ],
  },
  {
    organs: ['Stomach', 'Gastric antrum'],
    organSystem: 'Gastrointestinal',
    morphologies: [
      {
        names: ['Adenocarcinoma', 'Signet ring cell carcinoma'],
        ...cancer('Gastric carcinoma'),
        icd10: 'C16.9',
        markers: { HER2, CK7: EITHER, 'Ki-67': HIGH, MLH1: ['retained', 'lost'] },
        microscopy: 'Poorly formed glands and single cells with mucin.',
      },
      {
        names: ['Chronic gastritis'],
        ...benign,
        icd10: 'K29.5',
        markers: {},
        microscopy: 'Lymphocytes and plasma cells in the lamina propria; no dysplasia.',
      },
    ],
  },
  {
    organs: ['Kidney', 'Left kidney', 'Right kidney'],
    organSystem: 'Genitourinary',
    morphologies: [
      {
        names: ['Clear cell renal cell carcinoma', 'Renal cell carcinoma, clear cell'],
        ...cancer('Renal cell carcinoma'),
        icd10: 'C64',
        markers: { CAIX: POSITIVE, PAX8: POSITIVE, CK7: NEGATIVE, CD10: POSITIVE },
        microscopy: 'Nests of clear cells in a fine network of capillaries.',
      },
      {
        names: ['Oncocytoma'],
        ...benign,
        icd10: 'D30.0',
        markers: { CD117: POSITIVE, CK7: NEGATIVE },
        microscopy: 'Nests of cells with granular eosinophilic cytoplasm in a loose stroma.',
      },
    ],
  },
  {
    organs: ['Skin', 'Skin of trunk'],
    organSystem: 'Integumentary',
    morphologies: [
      {
        names: ['Melanoma', 'Malignant melanoma'],
        ...cancer('Melanoma'),
        icd10: 'C43.9',
        markers: { S100: POSITIVE, SOX10: POSITIVE, 'HMB-45': EITHER, 'Ki-67': HIGH },
        microscopy: 'Nests of atypical melanocytes that ascend in the epidermis and invade the dermis.',
      },
      {
        names: ['Basal cell carcinoma'],
        ...cancer(),
        icd10: 'C44.9',
        markers: { 'Ber-EP4': POSITIVE },
        microscopy: 'Basaloid nests with palisades at their edge and clefts around them.',
      },
      {
        names: ['Melanocytic nevus'],
        ...benign,
        icd10: 'D22.9',
        markers: { S100: POSITIVE, 'Ki-67': LOW },
        microscopy: 'Nests of melanocytes that mature with depth.',
      },
    ],
  },
  {
    organs: ['Thyroid', 'Thyroid gland'],
    organSystem: 'Endocrine',
    morphologies: [
      {
        names: ['Papillary carcinoma'],
        ...cancer('Thyroid carcinoma'),
        icd10: 'C73',
        markers: { 'TTF-1': POSITIVE, 'BRAF V600E': EITHER, CK19: POSITIVE },
        microscopy: 'Papillae lined by cells with clear overlapping nuclei and grooves.',
      },
      {
        names: ['Follicular adenoma'],
        ...benign,
        icd10: 'D34',
        markers: { 'TTF-1': POSITIVE },
        microscopy: 'A nodule of follicles with a whole capsule; no vessels are invaded.',
      },
    ],
  },
  {
    organs: ['Uterus', 'Endometrium', 'Corpus uteri'],
    organSystem: 'Reproductive',
    gender: 'f',
    morphologies: [
      {
        names: ['Endometrioid carcinoma', 'Endometrioid adenocarcinoma'],
        ...cancer('Endometrial carcinoma'),
        icd10: 'C54.1',
        markers: { ER: POSITIVE, PR: EITHER, p53: P53, MLH1: ['retained', 'lost'], MSH6: ['retained', 'lost'] },
        microscopy: 'Confluent glands without stroma between them.',
      },
      {
        names: ['Leiomyoma'],
        ...benign,
        icd10: 'D25.9',
        markers: { Desmin: POSITIVE, 'Ki-67': LOW },
        microscopy: 'Bundles of smooth muscle that cross each other; hardly any mitoses.',
      },
    ],
  },
];
