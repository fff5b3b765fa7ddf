/** Chained searches: `subject:Patient.identifier=…` and `_has:Observation:subject:code=…`. */
import type { Filter } from '@medplum/core';
import { convertToSearchableReferences, evalFhirPathTyped, toTypedValue } from '@medplum/core';
import type { SearchParameter } from '@medplum/fhirtypes';
import { refuse } from './outcomes.ts';
import { findAll, parameterOf, parseQuery } from './search.ts';
import type { Store } from './store.ts';
import type { Stored } from './types.ts';

interface Chain {
  /** The reference that is followed: on the resource itself, or (reverse) on the ones that point to it. */
  param: SearchParameter;
  reverse: boolean;
  /** The type that is searched at the other end, and with what. */
  type: string;
  words: URLSearchParams;
}

/** The chain of a filter; undefined: it is a plain one. */
export function parseChain(type: string, filter: Filter): Chain | undefined {
  if (filter.code.startsWith('_has:')) {
    const [, other = '', reference = '', ...rest] = filter.code.split(':');
    const words = new URLSearchParams({ [rest.join(':')]: filter.value });
    return { param: parameterOf(other, reference), reverse: true, type: other, words };
  }
  const dot = filter.code.indexOf('.');
  if (dot < 0) {
    return undefined;
  }
  const [code = '', named] = filter.code.slice(0, dot).split(':');
  const param = parameterOf(type, code);
  const target = named ?? (param.target?.length === 1 ? param.target[0] : undefined);
  if (!target) {
    throw refuse('invalid', 'invalid', `Unable to identify next resource type for search parameter: ${type}?${code}`);
  }
  const words = new URLSearchParams({ [filter.code.slice(dot + 1)]: filter.value });
  return { param, reverse: false, type: target, words };
}

const referencesOf = (resource: Stored, param: SearchParameter): string[] =>
  convertToSearchableReferences(evalFhirPathTyped(param.expression ?? '', [toTypedValue(resource)]));

/** The test of a chain; the other end is searched once. */
export function matchesChain(store: Store, chain: Chain, base: string): (resource: Stored) => boolean {
  const others = findAll(store, parseQuery(chain.type, chain.words), base);
  if (chain.reverse) {
    const pointed = new Set(others.flatMap((other) => referencesOf(other, chain.param)));
    return (resource) => pointed.has(`${resource.resourceType}/${resource.id}`);
  }
  const wanted = new Set(others.map((other) => `${other.resourceType}/${other.id}`));
  return (resource) => referencesOf(resource, chain.param).some((reference) => wanted.has(reference));
}
