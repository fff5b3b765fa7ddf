/**
 * Where one word of a search can be evaluated: here (by @medplum/core's matcher), by the server only, or nowhere.
 *
 * The matcher's source (packages/core/src/search/match.ts, 5.2) was held against https://hl7.org/fhir/R4/search.html:
 * it looks at a token's `:not` and `:missing` and takes every other modifier for none; compares uris and strings by
 * inclusion; splits the first prefix of several dates only; takes `eq`, `ne` and `ap` of dates for overlap and ends
 * months on the 31st; knows references only as they are written; knows an Identifier only while its
 * StructureDefinition happens to be loaded; and answers false to chains, `_has` and names it does not know.
 */
import { suggestion } from './nearest.ts';
import { whereDateEvaluated } from './search-dates.ts';
import { type OrderType, type Parameter, parametersOf } from './search-parameters.ts';

export type Where = 'here' | 'server' | { problem: string };

/** Legal in any search, and evaluated by servers only. */
const SERVER_ONLY = new Set(['_content', '_filter', '_list', '_query', '_text']);
/** They shape the answer of a search; none says what is ordered. */
const RESULT_PARAMETERS = new Set([
  '_contained',
  '_containedType',
  '_count',
  '_elements',
  '_format',
  '_include',
  '_maxresults',
  '_offset',
  '_pretty',
  '_revinclude',
  '_sort',
  '_summary',
  '_total',
  '_type',
]);

/** R4's modifiers by parameter type; for a reference also the name of a type. */
const MODIFIERS: Record<Parameter['type'], readonly string[]> = {
  composite: ['missing'],
  date: ['missing'],
  reference: ['missing', 'identifier', 'above', 'below'],
  string: ['missing', 'exact', 'contains'],
  token: ['missing', 'text', 'not', 'above', 'below', 'in', 'not-in', 'of-type'],
  uri: ['missing', 'above', 'below'],
};

/** Words of the file are repeated only where they look like search words. */
function quoted(word: string): string {
  return /^[\w.:-]{1,60}$/.test(word) ? `"${word}"` : 'a word';
}

function token(value: string, { elements }: Parameter, modifier: string): Where {
  if (modifier !== '' && modifier !== 'not') {
    return 'server';
  }
  if (value.includes('\\')) {
    return 'server';
  }
  const values = value.split(',');
  if (values.some((each) => each.split('|').length > 2 || each === '|')) {
    return { problem: 'is no token: write code, system|code, system| or |code' };
  }
  // Ids are case-sensitive, but the matcher is not; identifiers depend on what else is loaded.
  if (!elements.every((element) => ['code', 'Coding', 'CodeableConcept'].includes(element))) {
    return 'server';
  }
  // A plain code's system is implied by its element, and the matcher does not know it.
  return elements.includes('code') && value.includes('|') ? 'server' : 'here';
}

const REFERENCE = /^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/;

function reference(value: string, modifier: string): Where {
  return modifier === '' && value.split(',').every((each) => REFERENCE.test(each)) ? 'here' : 'server';
}

function byType(parameter: Parameter, modifier: string, value: string): Where {
  switch (parameter.type) {
    case 'token':
      return token(value, parameter, modifier);
    case 'reference':
      return reference(value, modifier);
    case 'date':
      return whereDateEvaluated(value, parameter.elements);
    default:
      return 'server';
  }
}

/** A chain (`subject.name`, `subject:Patient.name`) or `_has`: its beginning has to be a reference of this type. */
function joined(type: OrderType, name: string): Where {
  if (name.startsWith('_has')) {
    return /^_has(:[A-Za-z]+:[\w-]+)(:_has:[A-Za-z]+:[\w-]+)*:[\w-]+$/.test(name)
      ? 'server'
      : { problem: `${quoted(name)} has not the form _has:Type:reference:parameter` };
  }
  const [first = ''] = name.split(/[.:]/);
  const parameters = parametersOf(type);
  const parameter = Object.hasOwn(parameters, first) ? parameters[first] : undefined;
  if (parameter === undefined) {
    return { problem: unknown(type, first) };
  }
  return parameter.type === 'reference' && /^[\w-]+(:[A-Z][A-Za-z]+)?(\.[\w-]+(:[A-Z][A-Za-z]+)?)+$/.test(name)
    ? 'server'
    : { problem: `${quoted(name)} is no chain: only a reference can be followed` };
}

function unknown(type: OrderType, name: string): string {
  const known = [...Object.keys(parametersOf(type)), ...SERVER_ONLY, '_has'];
  return `${quoted(name)} is no search parameter of ${type} in FHIR R4${suggestion(name, known)}`;
}

/**
 * Where a word can be evaluated.
 *
 * @param name with its modifier or chain, decoded: `code:not`, `subject:Patient.name`
 * @param value decoded; never repeated in a problem
 */
export function whereEvaluated(type: OrderType, name: string, value: string): Where {
  if (value === '' || value.split(',').includes('')) {
    return { problem: `${quoted(name)} has no value, or an empty one in its list` };
  }
  if (name.includes('.') || name === '_has' || name.startsWith('_has:')) {
    return joined(type, name);
  }
  const colon = name.indexOf(':');
  const code = colon < 0 ? name : name.slice(0, colon);
  const modifier = colon < 0 ? '' : name.slice(colon + 1);
  if (RESULT_PARAMETERS.has(code)) {
    return { problem: `${quoted(code)} does not say what is ordered: leave it out` };
  }
  if (SERVER_ONLY.has(code)) {
    return 'server';
  }
  const parameters = parametersOf(type);
  const parameter = Object.hasOwn(parameters, code) ? parameters[code] : undefined;
  if (parameter === undefined) {
    return { problem: unknown(type, code) };
  }
  const isTarget = parameter.type === 'reference' && (parameter.target?.includes(modifier) ?? /^[A-Z]/.test(modifier));
  const legal = MODIFIERS[parameter.type];
  if (colon >= 0 && !legal.includes(modifier) && !isTarget) {
    return {
      problem: `${quoted(`:${modifier}`)} is no modifier of ${quoted(code)} in FHIR R4${suggestion(modifier, legal)}`,
    };
  }
  if (modifier === 'missing') {
    return value === 'true' || value === 'false' ? 'here' : { problem: `${quoted(name)} must be true or false` };
  }
  const where = byType(parameter, modifier, value);
  return typeof where === 'object' ? { problem: `the value of ${quoted(name)} ${where.problem}` } : where;
}
