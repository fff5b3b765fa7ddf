/** What is known of the HistAI Pathology Datahub's API (documents of January to May 2026), as data. */

const DATAHUB = '/v1/datahub';
const BILLING = '/v1/billing';
const CASES = `${DATAHUB}/cases`;
const COHORTS = `${DATAHUB}/cohorts`;
const cohort = (id: string) => `${COHORTS}/${encodeURIComponent(id)}`;

export const PATHS = {
  cases: CASES,
  search: `${CASES}/search`,
  filters: `${CASES}/filters`,
  filterPage: `${CASES}/filters/page`,
  globalFilters: `${CASES}/filters/global`,
  cohorts: COHORTS,
  cohort,
  cohortStatus: (id: string) => `${cohort(id)}/status`,
  cohortSlides: (id: string) => `${cohort(id)}/slides`,
  pay: (id: string) => `${cohort(id)}/pay`,
  exportStatus: (id: string) => `${cohort(id)}/export/status`,
  manifest: (id: string) => `${cohort(id)}/export/manifest`,
  files: (id: string) => `${cohort(id)}/export/files`,
  file: (id: string, fileId: string) => `${cohort(id)}/export/files/${encodeURIComponent(fileId)}`,
  refresh: (id: string) => `${cohort(id)}/export/refresh`,
  balance: `${BILLING}/balance`,
  history: `${BILLING}/history`,
  paymentMethods: `${BILLING}/payment-methods`,
  topUp: `${BILLING}/topup/charge`,
} as const;

/** Built in this order; FAILED may follow any step before UNPAID. Slides change in UNPAID alone, PAID is for ever. */
export const COHORT_STATUSES = ['PENDING', 'BUILDING', 'UNPAID', 'PAID', 'FAILED'] as const;
export type CohortStatus = (typeof COHORT_STATUSES)[number];

/** Of a cohort that is paid for. */
export const EXPORT_STATUSES = ['PREPARING', 'READY', 'EXPIRED', 'FAILED'] as const;
export type ExportStatus = (typeof EXPORT_STATUSES)[number];

/** The one currency of the price list and of the top-up. */
export const CURRENCY = 'USD';

/** Where a person reads what may be done with the data, and asks for more of it. */
export const LICENCE_URL = 'https://hist.ai/policies/dla/';
export const SALES = 'sales@hist.ai';

export const LIMITS = {
  /** Rows of a page that we ask for; the documents' own sample for the list. */
  page: 100,
  /** Pages that a list is read to. */
  pages: 200,
  /** Characters of a cohort's name. */
  name: 200,
  /** Cohorts that are made for one order, where the one before could not be built. */
  cohorts: 3,
  /** Looks in vain at what should be there. */
  looks: 10,
  /** Fetches of one file in vain. */
  downloads: 5,
  /** How often one approved payment is sent, always with the same key. */
  payments: 3,
} as const;

/** Seconds. */
export const WAITS = {
  /** Between two looks at a cohort that is built, or at an export that is prepared. There are no callbacks. */
  first: 5,
  last: 60,
  /** Between two tries of one payment. */
  payFirst: 2,
  payLast: 30,
  /** The life of links to files. */
  links: 24 * 3600,
  /** Until a file begins to come, and between two pieces of it. */
  download: 120,
  /** A cohort that nobody has found for so long was not made. */
  doubt: 60,
  /** How long the list of all values is remembered. */
  facets: 3600,
  /** From the purchase until slides are not guaranteed to be there any more; metadata stays. */
  window: 14 * 86_400,
} as const;
