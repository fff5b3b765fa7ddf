/** Search over the store: which resources match, in which order. */
import type { Filter, SearchRequest, SortRule } from '@medplum/core';
import {
  convertToSearchableDates,
  evalFhirPathTyped,
  getSearchParameter,
  parseSearchRequest,
  toTypedValue,
} from '@medplum/core';
import type { SearchParameter } from '@medplum/fhirtypes';
import { matchesChain, parseChain } from './chain.ts';
import { definitions } from './definitions.ts';
import { matches } from './match.ts';
import { refuse } from './outcomes.ts';
import type { Store } from './store.ts';
import type { Stored } from './types.ts';

const MODIFIER = /^(?<code>[\w.-]+):(?<modifier>[\w-]+)$/;
const MODIFIERS = new Set(['exact', 'contains', 'not', 'missing', 'identifier', 'iterate', 'below']);

/** The words of a search, parsed. A modifier that is not understood is a 400; `subject:Patient=1` is `subject=Patient/1`. */
export function parseQuery(type: string, words: URLSearchParams): SearchRequest {
  const query: Record<string, string[]> = {};
  const add = (name: string, value: string): void => {
    const values = query[name] ?? [];
    values.push(value);
    query[name] = values;
  };
  for (const [name, value] of words) {
    const { code, modifier } = MODIFIER.exec(name)?.groups ?? {};
    if (!modifier || !code || name.startsWith('_has:') || MODIFIERS.has(modifier)) {
      add(name, value);
    } else if (definitions().know(modifier)) {
      add(code, value.replaceAll(/(?<=^|,)(?=[^,/]+(?:,|$))/g, `${modifier}/`));
    } else {
      throw refuse('invalid', 'invalid', `Invalid modifier :${modifier} for ${code}`);
    }
  }
  return parseSearchRequest(type, query);
}

/** The parameter of that code, or a 400 as Medplum and HAPI answer it. */
export function parameterOf(type: string, code: string): SearchParameter {
  const param = getSearchParameter(type, code);
  if (!param) {
    throw refuse('invalid', 'invalid', `Unknown search parameter "${code}" for resource type "${type}"`);
  }
  return param;
}

function sortKey(resource: Stored, param: SearchParameter): string {
  const values = evalFhirPathTyped(param.expression ?? '', [toTypedValue(resource)]);
  if (param.type === 'date') {
    return convertToSearchableDates(values)[0]?.start ?? '';
  }
  const [first] = values;
  if (first === undefined) {
    return '';
  }
  return typeof first.value === 'object' ? JSON.stringify(first.value) : String(first.value);
}

function sorted(found: Stored[], type: string, rules: SortRule[]): Stored[] {
  const params = rules.map(({ code, descending }) => ({ param: parameterOf(type, code), descending }));
  const keyed = found.map((resource) => ({ resource, keys: params.map(({ param }) => sortKey(resource, param)) }));
  // The sort is stable: equal keys stay in the order of creation, on every page the same.
  keyed.sort((one, other) => {
    for (const [index, { descending }] of params.entries()) {
      const a = one.keys[index] ?? '';
      const b = other.keys[index] ?? '';
      if (a !== b) {
        // What has no value comes last, in both directions.
        return a === '' ? 1 : b === '' ? -1 : (a < b ? -1 : 1) * (descending ? -1 : 1);
      }
    }
    return 0;
  });
  return keyed.map(({ resource }) => resource);
}

function candidates(store: Store, request: SearchRequest): Iterable<Stored> {
  const byId = request.filters?.find(({ code, operator }) => code === '_id' && operator === 'eq');
  if (!byId) {
    return store.all(request.resourceType);
  }
  const ids = [...new Set(byId.value.split(','))];
  return ids.flatMap((id) => store.live(request.resourceType, id) ?? []);
}

/** The tests of a search's filters; throws an OperationOutcomeError (400) for a parameter that is unknown. */
export function testsOf(store: Store, request: SearchRequest, base: string): ((resource: Stored) => boolean)[] {
  const type = request.resourceType;
  return (request.filters ?? []).map((filter: Filter) => {
    const chain = parseChain(type, filter);
    if (chain) {
      return matchesChain(store, chain, base);
    }
    const param = parameterOf(type, filter.code);
    return (resource: Stored) => matches(resource, param, filter, base);
  });
}

/**
 * All resources of a search, sorted, without paging. Throws an OperationOutcomeError (400) for an unknown parameter, even
 * where there is nothing to search.
 */
export function findAll(store: Store, request: SearchRequest, base: string): Stored[] {
  const type = request.resourceType;
  if (!definitions().know(type)) {
    throw refuse('not-found', 'not-found', `Unknown resource type ${type}`);
  }
  const tests = testsOf(store, request, base);
  const found: Stored[] = [];
  for (const resource of candidates(store, request)) {
    if (tests.every((test) => test(resource))) {
      found.push(resource);
    }
  }
  return request.sortRules?.length ? sorted(found, type, request.sortRules) : found;
}
