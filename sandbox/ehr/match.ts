/**
 * Whether a resource matches one search filter. Own code beside @medplum/core's matcher, which compares tokens without
 * regard to case, finds an exact instant never, strings and URIs anywhere in the text, references only as they are
 * written, and numbers and quantities not at all; what it cannot do it calls "no match", where a server says 400.
 */
import type { FhirPathAtom, Filter, TypedValue } from '@medplum/core';
import {
  convertToSearchableDates,
  convertToSearchableNumbers,
  convertToSearchableQuantities,
  convertToSearchableReferences,
  convertToSearchableStrings,
  convertToSearchableTokens,
  convertToSearchableUris,
  evalFhirPathTyped,
  LRUCache,
  splitSearchOnComma,
  toPeriod,
  toTypedValue,
} from '@medplum/core';
import type { Period, Resource, SearchParameter } from '@medplum/fhirtypes';
import { refuse } from './outcomes.ts';

const expressions = new LRUCache<FhirPathAtom>(1000);

/** Operators each parameter type takes; anything else is a 400, never silently "no match". */
const OPERATORS: Record<string, ReadonlySet<string>> = {
  token: new Set(['eq', 'not', 'missing']),
  reference: new Set(['eq', 'missing', 'identifier']),
  string: new Set(['eq', 'exact', 'contains', 'missing']),
  uri: new Set(['eq', 'missing', 'below']),
  date: new Set(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap', 'missing']),
  number: new Set(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'missing']),
  quantity: new Set(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'missing']),
};

function compareDate(value: Period, operator: string, wanted: Period): boolean {
  const start = value.start ?? '0000';
  const end = value.end ?? '9999';
  const from = wanted.start ?? '0000';
  const until = wanted.end ?? '9999';
  switch (operator) {
    case 'gt':
      return end > until;
    case 'lt':
      return start < from;
    case 'ge':
      return end >= from;
    case 'le':
      return start <= until;
    case 'sa':
      return start > until;
    case 'eb':
      return end < from;
    case 'ne':
      return start < from || end > until;
    default:
      return operator === 'ap' ? start <= until && end >= from : start >= from && end <= until;
  }
}

function compareNumber(value: number, operator: string, wanted: string): boolean {
  const number = Number(wanted);
  // R4 search: an equal number is one that rounds to the digits given.
  const decimals = wanted.includes('.') ? wanted.length - wanted.indexOf('.') - 1 : 0;
  const near = Math.abs(value - number) < 0.5 * 10 ** -decimals;
  const answers: Record<string, boolean> = {
    gt: value > number,
    lt: value < number,
    ge: value >= number,
    le: value <= number,
    ne: !near,
  };
  return answers[operator] ?? near;
}

function matchesToken(values: TypedValue[], wanted: string): boolean {
  const [system, code] = wanted.includes('|') ? wanted.split('|', 2) : [undefined, wanted];
  return convertToSearchableTokens(values).some(
    (token) =>
      (system === undefined || (token.system ?? '') === system) && (code === '' || token.value === code) && token.value,
  );
}

function matchesReference(values: TypedValue[], param: SearchParameter, wanted: string, base: string): boolean {
  const local = wanted.startsWith(`${base}/`) ? wanted.slice(base.length + 1) : wanted;
  return convertToSearchableReferences(values).some((written) => {
    const reference = written.startsWith(`${base}/`) ? written.slice(base.length + 1) : written;
    const [unversioned] = reference.split('/_history/');
    if (local.includes('/') || local.includes(':')) {
      return unversioned === local || reference === local;
    }
    return (
      unversioned?.endsWith(`/${local}`) && (param.target ?? []).some((type) => unversioned === `${type}/${local}`)
    );
  });
}

function matchesIdentifier(values: TypedValue[], wanted: string): boolean {
  return values.some(({ value }) => value?.identifier && matchesToken([toTypedIdentifier(value.identifier)], wanted));
}

const toTypedIdentifier = (value: unknown): TypedValue => ({ type: 'Identifier', value });

const plain = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();

function matchesString(values: TypedValue[], operator: string, wanted: string): boolean {
  return convertToSearchableStrings(values).some((text) => {
    if (operator === 'exact') {
      return text === wanted;
    }
    // Composite strings (names, addresses) come as one text: the start of any word counts.
    return operator === 'contains'
      ? plain(text).includes(plain(wanted))
      : ` ${plain(text)}`.includes(` ${plain(wanted)}`);
  });
}

function matchesOne(
  values: TypedValue[],
  param: SearchParameter,
  filter: Filter,
  wanted: string,
  base: string,
): boolean {
  const { operator } = filter;
  switch (param.type) {
    case 'token':
      return matchesToken(values, wanted);
    case 'reference':
      return operator === 'identifier'
        ? matchesIdentifier(values, wanted)
        : matchesReference(values, param, wanted, base);
    case 'string':
      return matchesString(values, operator, wanted);
    case 'uri':
      return convertToSearchableUris(values).some((uri) =>
        operator === 'below' ? uri.startsWith(wanted) : uri === wanted,
      );
    case 'date': {
      const period = toPeriod(wanted);
      return Boolean(period && convertToSearchableDates(values).some((each) => compareDate(each, operator, period)));
    }
    case 'number':
      return convertToSearchableNumbers(values).some(
        ([low, high]) => low !== undefined && low === high && compareNumber(low, operator, wanted),
      );
    default: {
      const [number = '', system, code] = wanted.split('|');
      return convertToSearchableQuantities(values).some(
        (each) =>
          each.value !== undefined &&
          compareNumber(each.value, operator, number) &&
          (!system || each.system === system) &&
          (!code || each.code === code || each.unit === code),
      );
    }
  }
}

/**
 * Tests `resource` against one filter of a search; `base` is the server's own base URL.
 * Throws an OperationOutcomeError (400) for a modifier or prefix the parameter's type does not have.
 */
export function matches(resource: Resource, param: SearchParameter, filter: Filter, base: string): boolean {
  if (!OPERATORS[param.type]?.has(filter.operator)) {
    throw refuse('invalid', 'invalid', `Invalid modifier or prefix ${filter.operator} for ${param.code}`);
  }
  const values = evalFhirPathTyped(param.expression ?? '', [toTypedValue(resource)], undefined, expressions);
  if (filter.operator === 'missing') {
    return (values.length === 0) === (filter.value === 'true');
  }
  const found = splitSearchOnComma(filter.value).some((wanted) => matchesOne(values, param, filter, wanted, base));
  return filter.operator === 'not' ? !found : found;
}
