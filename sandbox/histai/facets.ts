/** The values of each facet among some cases, with the number of cases that have them. */
import type { Case } from './cases.ts';
import { FACETS, type FacetName, isFacet } from './filters.ts';

export interface FacetValue {
  value: string | number | boolean;
  /** Cases. */
  count: number;
}

/** In the order of the values. */
export function facetOf(cases: readonly Case[], name: FacetName): FacetValue[] {
  const counts = new Map<FacetValue['value'], number>();
  for (const one of cases) {
    const values: readonly FacetValue['value'][] = FACETS[name](one);
    for (const value of values) {
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => (a.value < b.value ? -1 : 1));
}

/** By facet. */
export function facetsOf<T>(cases: readonly Case[], tell: (values: FacetValue[]) => T): Record<string, T> {
  const names = Object.keys(FACETS).filter(isFacet);
  return Object.fromEntries(names.map((name) => [name, tell(facetOf(cases, name))]));
}
