/**
 * The Datahub's answers. The documents show none of them, so each is read as leniently as it can be: field names in camel
 * case, else in snake case; lists in any of their envelopes. What is needed to go on is asked for strictly, everything else
 * counts as absent where it cannot be read. A case's protocols and conclusion are not read: free text may name somebody.
 */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import { answersOf } from '../answer.ts';
import type { VendorResponse } from '../http.ts';
import { bag, count, id, instant, listed, maybe, money, respelt, url, word } from './lenient.ts';

/** What an answer's body is; throws `vendor-protocol`. */
export const parsed = answersOf('HistAI');

/** Results by marker: `HER2: "positive 3+"`. The names are data, and stay as they are. */
const studies = maybe(z.record(z.string(), z.unknown())).transform((all) =>
  Object.fromEntries(
    Object.entries(all ?? {}).flatMap(([marker, result]) => (typeof result === 'string' ? [[marker, result]] : [])),
  ),
);

const slide = bag({
  slideId: id,
  stainName: word,
  /** `Routine`, `IHC`, `Special` */
  stainType: maybe(word),
  fileSizeBytes: maybe(count),
});

/** A case of somebody else's: research data, never the patient's. */
export const caseRecord = bag({
  caseId: id,
  organ: listed(word),
  organSystem: listed(word),
  primaryDiagnosis: listed(word),
  cancerType: listed(word),
  isCancer: maybe(z.boolean()),
  age: maybe(z.number().min(0).max(150)),
  gender: maybe(z.enum(['m', 'f'])),
  icd10: maybe(word),
  stainNames: listed(word),
  stainTypes: listed(word),
  ihcStudies: studies,
  slides: listed(slide),
});
export type CaseAnswer = z.infer<typeof caseRecord>;

/** Of one case, as a cohort lists it: by their ids, or as objects with one. */
const cohortCase = bag({
  caseId: id,
  slideIds: maybe(z.array(id)),
  slides: maybe(z.array(bag({ slideId: id }))),
}).transform(({ caseId, slideIds, slides }, context) => {
  const ids = slideIds ?? slides?.map(({ slideId }) => slideId);
  if (ids === undefined) {
    context.addIssue({ code: 'custom', path: ['slideIds'], message: 'missing' });
    return z.NEVER;
  }
  return { caseId, slideIds: ids };
});

/** A cohort has its id under one of two names. */
const named = <T extends { cohortId?: string | undefined; id?: string | undefined }>(
  { cohortId, id: short, ...rest }: T,
  context: z.core.$RefinementCtx,
) => {
  const found = cohortId ?? short;
  if (found === undefined) {
    context.addIssue({ code: 'custom', path: ['cohortId'], message: 'missing' });
    return z.NEVER;
  }
  return { cohortId: found, ...rest };
};

export const cohort = bag({
  cohortId: maybe(id),
  id: maybe(id),
  name: maybe(z.string()),
  /** Open set; what is unknown is no end. */
  status: maybe(word),
  createdDate: maybe(instant),
  paidDate: maybe(instant),
  caseCount: maybe(count),
  slideCount: maybe(count),
  heSlideCount: maybe(count),
  otherSlideCount: maybe(count),
  /** The price by which a person decides: of no other name, since another figure would be another price. */
  totalPriceUsd: maybe(money.pipe(z.number().min(0))),
  currency: maybe(word),
  /** All or nothing: what is approved is exactly what is in it. Lists of cohorts do not have it. */
  cases: maybe(z.array(cohortCase)),
}).transform(named);
export type Cohort = z.infer<typeof cohort>;

/** Open sets. */
export const cohortStatus = bag({ status: word });
export const exportStatus = bag({
  status: word,
  downloadWindowEndsAt: maybe(instant),
  linksExpireAt: maybe(instant),
});
export type ExportAnswer = z.infer<typeof exportStatus>;

/** What a payment says of itself; the cohort's status says whether it is paid for. */
export const payment = bag({
  status: maybe(word),
  amountUsd: maybe(money),
  balanceUsd: maybe(money),
  paidDate: maybe(instant),
});
export type Payment = z.infer<typeof payment>;

/** Signed addresses are secrets, for the one step that fetches them. */
export const manifest = bag({
  manifestUrl: maybe(url),
  metadataUrl: maybe(url),
  archiveUrl: maybe(url),
  expiresAt: maybe(instant),
});
export type Manifest = z.infer<typeof manifest>;

export const exportFile = bag({
  fileId: id,
  caseId: maybe(id),
  slideId: maybe(id),
  fileName: maybe(word.max(255)),
  sizeBytes: maybe(count),
});
export type ExportFile = z.infer<typeof exportFile>;

export const fileUrl = bag({ url, expiresAt: maybe(instant) });
export type FileUrl = z.infer<typeof fileUrl>;

export const balance = bag({ balance: money, currency: maybe(word) });
export type Balance = z.infer<typeof balance>;

export const transaction = bag({
  id: maybe(id),
  type: maybe(word),
  amountUsd: maybe(money),
  createdDate: maybe(instant),
  cohortId: maybe(id),
});
export type Transaction = z.infer<typeof transaction>;

/** Nothing of the card itself. */
export const paymentMethod = bag({ id, brand: maybe(word), default: maybe(z.boolean()) });
export type PaymentMethod = z.infer<typeof paymentMethod>;

const facetScalar = z.union([z.string().min(1), z.number(), z.boolean()]);
/** A value with how many cases have it, or the bare value. */
export const facetValue = z.union([
  facetScalar.transform((value) => ({ value, count: undefined })),
  bag({ value: facetScalar, count: maybe(count) }),
]);
export type FacetValue = z.infer<typeof facetValue>;

/** By the filter's own name, which is kept as it is written; what is no list of values is passed over. */
export const facets = z.record(z.string(), z.unknown()).transform((all) => {
  const lists = Object.entries(all).filter(([, values]) => Array.isArray(values));
  return Object.fromEntries(lists.map(([name, values]) => [name, listed(facetValue).parse(values)]));
});
export type Facets = z.infer<typeof facets>;

/** What a list may be called; those after the first four are named after what is in them. */
const ENVELOPES = [
  'content',
  'items',
  'cases',
  'results',
  'cohorts',
  'files',
  'transactions',
  'values',
  'paymentMethods',
];
const totals = bag({ totalElements: maybe(count), total: maybe(count), count: maybe(count) });

export interface Page<T> {
  items: T[];
  /** Rows of the answer, those that cannot be read too. */
  rows: number;
  /** Of all pages together, where the answer says. */
  total?: number;
}

/** A list, or a page of one; rows that cannot be read are passed over. Throws `vendor-protocol` where there is no list. */
export function pageOf<T extends z.ZodType>(item: T, response: VendorResponse, what: string): Page<z.output<T>> {
  const body = response.json();
  const fields = z.record(z.string(), z.unknown()).safeParse(respelt(body)).data ?? {};
  const rows: unknown = Array.isArray(body) ? body : ENVELOPES.map((name) => fields[name]).find(Array.isArray);
  if (!Array.isArray(rows)) {
    throw new AdapterError('vendor-protocol', `HistAI answered ${what} with something that is no list`);
  }
  const { totalElements, total, count: counted } = totals.safeParse(body).data ?? {};
  const all = totalElements ?? total ?? counted;
  return { items: listed(item).parse(rows), rows: rows.length, ...(all !== undefined && { total: all }) };
}
