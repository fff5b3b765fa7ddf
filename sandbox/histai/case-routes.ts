/** The cases: listed, searched, and the values that a search can ask for. */
import type { Router } from 'express';
import { z } from 'zod';
import { facetOf, facetsOf } from './facets.ts';
import { fits, isFacet, readFilter } from './filters.ts';
import { pageOf } from './paging.ts';
import type { Simulator } from './simulator.ts';

const CASES = '/v1/datahub/cases';
const LIST_SIZE = 100;
const SEARCH_SIZE = 20;
const FACET_SIZE = 20;

/** The body of the call that pages through a facet is not documented. */
const facetRequest = z.object({
  field: z.string().refine(isFacet),
  /** What a value has to contain, in letters of any case. */
  text: z.string().nullish(),
  page: z.number().optional(),
  size: z.number().optional(),
});

export function addCaseRoutes(router: Router, { answers, cases, options, take }: Simulator): void {
  const all = [...cases.values()];

  router.get(CASES, ({ query }, response) => {
    const page = pageOf(all, query, LIST_SIZE);
    return page ? answers.sendPage(response, page, 'cases') : answers.refuse(response, 'INVALID_PARAMETERS');
  });

  router.post(`${CASES}/search`, ({ body, query }, response) => {
    const filter = readFilter(body, options.unknownFilters);
    if (!filter) {
      return answers.refuse(response, 'INVALID_PARAMETERS', 'Unknown filter field or wrong type');
    }
    const found = take('filter-ignored') ? all : all.filter((one) => fits(one, filter));
    const page = pageOf(found, query, SEARCH_SIZE);
    return page ? answers.sendPage(response, page, 'cases') : answers.refuse(response, 'INVALID_PARAMETERS');
  });

  router.post(`${CASES}/filters`, ({ body }, response) => {
    const filter = readFilter(body, options.unknownFilters);
    if (!filter) {
      return answers.refuse(response, 'INVALID_PARAMETERS', 'Unknown filter field or wrong type');
    }
    const found = all.filter((one) => fits(one, filter));
    answers.sendFacets(
      response,
      facetsOf(found, (values) => values),
    );
  });

  router.get(`${CASES}/filters/global`, (_request, response) => {
    answers.sendFacets(
      response,
      facetsOf(all, (values) => values.map(({ value }) => value)),
    );
  });

  router.post(`${CASES}/filters/page`, ({ body }, response) => {
    const asked = facetRequest.safeParse(body);
    if (!asked.success) {
      return answers.refuse(response, 'INVALID_PARAMETERS');
    }
    const { field, text, ...paging } = asked.data;
    const wanted = (text ?? '').toLowerCase();
    const values = facetOf(all, field).filter(({ value }) => String(value).toLowerCase().includes(wanted));
    const page = pageOf(values, paging, FACET_SIZE);
    return page ? answers.sendPage(response, page, 'values') : answers.refuse(response, 'INVALID_PARAMETERS');
  });
}
