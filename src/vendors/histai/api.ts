/** The Datahub's cases and cohorts: one function for each endpoint. Each throws AdapterError; nothing here retries. */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import {
  type CaseAnswer,
  type Cohort,
  caseRecord,
  cohort,
  cohortStatus,
  type Facets,
  type FacetValue,
  facets,
  facetValue,
  type Page,
  type Payment,
  pageOf,
  parsed,
  payment,
} from './answers.ts';
import { ask, type Caller, call } from './api-call.ts';
import type { Refused } from './api-errors.ts';
import { type PageQuery, pageQuery } from './api-pages.ts';
import { LIMITS, PATHS } from './facts.ts';

export type { Caller } from './api-call.ts';
export type { Refused } from './api-errors.ts';

/** The body of a search: filters in camel case, with values exactly as the facets have them. */
export type Filter = Readonly<Record<string, unknown>>;

/** Without `slideIds` the vendor would take, and sell, every slide of the case: always said. */
export interface ChosenCase {
  caseId: string;
  slideIds: readonly string[];
}

export async function listCases(caller: Caller, paging?: PageQuery): Promise<Page<CaseAnswer>> {
  const response = await call(caller, { method: 'GET', path: PATHS.cases, query: pageQuery(paging) });
  return pageOf(caseRecord, response, '/cases');
}

/** A filter that the vendor does not know may be ignored: each case has to be looked at again. */
export async function searchCases(caller: Caller, filter: Filter, paging?: PageQuery): Promise<Page<CaseAnswer>> {
  const query = pageQuery(paging);
  const response = await call(caller, { method: 'POST', path: PATHS.search, query, json: filter });
  return pageOf(caseRecord, response, '/cases/search');
}

/** The values there are among the cases that fit, with their counts. */
export async function readFilters(caller: Caller, filter: Filter): Promise<Facets> {
  return parsed(facets, await call(caller, { method: 'POST', path: PATHS.filters, json: filter }), '/cases/filters');
}

/** The values of one facet that contain a text; the body is not documented. */
export async function pageFilter(
  caller: Caller,
  { field, text }: { field: string; text?: string },
  { page = 0, size = LIMITS.page }: PageQuery = {},
): Promise<Page<FacetValue>> {
  const json = { field, ...(text !== undefined && { text }), page, size };
  const response = await call(caller, { method: 'POST', path: PATHS.filterPage, json });
  return pageOf(facetValue, response, '/cases/filters/page');
}

/** All values there are. */
export async function readGlobalFilters(caller: Caller): Promise<Facets> {
  return parsed(facets, await call(caller, { method: 'GET', path: PATHS.globalFilters }), '/cases/filters/global');
}

export async function listCohorts(caller: Caller, paging?: PageQuery): Promise<Page<Cohort>> {
  const response = await call(caller, { method: 'GET', path: PATHS.cohorts, query: pageQuery(paging) });
  return pageOf(cohort, response, '/cohorts');
}

/** Costs nothing, and is not idempotent: an `ambiguous` error has the caller look for the name among the cohorts. */
export async function createCohort(caller: Caller, name: string, cases: readonly ChosenCase[]): Promise<Cohort> {
  const json = { name, cases };
  const response = await call(caller, { method: 'POST', path: PATHS.cohorts, json, once: true });
  // It was created: what is not known is as which cohort.
  return parsed(cohort, response, '/cohorts', 'ambiguous');
}

/** Undefined: there is no such cohort. */
export async function readCohort(caller: Caller, id: string): Promise<Cohort | undefined> {
  const response = await ask(caller, { method: 'GET', path: PATHS.cohort(id) }, ['NOT_FOUND']);
  return 'refused' in response ? undefined : parsed(cohort, response, '/cohorts/{cohortId}', 'transient');
}

/** One of `COHORT_STATUSES`, or a word of a later time; undefined: there is no such cohort. */
export async function readCohortStatus(caller: Caller, id: string): Promise<string | undefined> {
  const response = await ask(caller, { method: 'GET', path: PATHS.cohortStatus(id) }, ['NOT_FOUND']);
  return 'refused' in response
    ? undefined
    : parsed(cohortStatus, response, '/cohorts/{cohortId}/status', 'transient').status;
}

/** Only while the cohort is UNPAID. What has become of it is not documented to be in the answer: read it back. */
export function addSlides(caller: Caller, id: string, cases: readonly ChosenCase[]) {
  return changeSlides(caller, 'POST', id, cases);
}

/** The same; a DELETE with a body, which a proxy may lose. */
export function removeSlides(caller: Caller, id: string, cases: readonly ChosenCase[]) {
  return changeSlides(caller, 'DELETE', id, cases);
}

/** Undefined: it was done. */
async function changeSlides(
  caller: Caller,
  method: 'POST' | 'DELETE',
  id: string,
  cases: readonly ChosenCase[],
): Promise<Refused<'COHORT_STATUS_INVALID'> | undefined> {
  const request = { method, path: PATHS.cohortSlides(id), json: cases, once: true };
  const response = await ask(caller, request, ['COHORT_STATUS_INVALID']);
  return 'refused' in response ? response : undefined;
}

const NOT_PAYABLE = ['COHORT_ALREADY_PAID', 'COHORT_STATUS_INVALID', 'INSUFFICIENT_FUNDS'] as const;
export type NotPayable = (typeof NOT_PAYABLE)[number];

/**
 * Buys a cohort, for good. Only an approval that names a person leads here: the key is its own, a UUID stored before the
 * first try and used for every other. An `ambiguous` error has the caller read the cohort's status before anything else;
 * so does a refusal, since the cohort may have been paid by a try whose answer was lost.
 */
export async function pay(caller: Caller, id: string, key: string): Promise<Payment | Refused<NotPayable>> {
  if (!z.guid().safeParse(key).success) {
    throw new AdapterError('vendor-rejected', 'A payment to HistAI without a proper key was not sent', {
      remedy: 'hold',
      orderer: 'The payment was not made; the order waits for the operator of the adapter.',
      operator: 'A defect of the adapter: report it with the log lines of this order.',
    });
  }
  const headers = { 'Idempotency-Key': key };
  const response = await ask(caller, { method: 'POST', path: PATHS.pay(id), headers, once: true }, NOT_PAYABLE);
  if ('refused' in response) {
    return response;
  }
  // Taken, whether or not it says more.
  return response.bytes().byteLength === 0 ? payment.parse({}) : parsed(payment, response, '/pay', 'ambiguous');
}
