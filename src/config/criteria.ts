/** A route's `on`: a FHIR search in the words of Subscription.criteria, and whether a resource matches it. */
import { matchesSearchRequest, parseSearchRequest } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { suggestion } from './nearest.ts';
import { isOrderType, ORDER_TYPES, type OrderType } from './search-parameters.ts';
import { type Where, whereEvaluated } from './search-words.ts';

export interface Criteria {
  /** One of ORDER_TYPES where there are no problems. */
  type: string;
  /** Why it cannot be used; words of the search are named, values never. */
  problems: string[];
  /** `Type?…` without the status parameters, to subscribe and to sweep with; `Type?` where nothing is left. */
  statusFree: string;
  /**
   * `statusFree` without the words that only a server's search evaluates. Servers that match subscriptions in memory
   * answer false to those in silence, so this is the safe criterion to subscribe with.
   */
  plain: string;
  /** Whether a word is left for the server: `Type?_id=…&on`. */
  askServer: boolean;
}

interface Word {
  /** As it stands in the file, still encoded. */
  raw: string;
  /** With modifier or chain, decoded. */
  name: string;
  where: Where;
}

/**
 * The parameters by which a resource's state is searched. FHIR has no `_status`; R4 has no parameter for docStatus.
 * A Task's businessStatus moves with its status.
 */
const STATUS: Record<OrderType, readonly string[]> = {
  DocumentReference: ['status'],
  Media: ['status'],
  ServiceRequest: ['status'],
  Task: ['status', 'business-status'],
};

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function word(type: OrderType, raw: string): Word {
  const equals = raw.indexOf('=');
  const name = decode(equals < 0 ? raw : raw.slice(0, equals));
  const value = decode(equals < 0 ? '' : raw.slice(equals + 1));
  if (name === undefined || value === undefined) {
    return { raw, name: '', where: { problem: 'a % stands without its two digits (write %25)' } };
  }
  return { raw, name, where: whereEvaluated(type, name, value) };
}

/** The parts of `on`, or why it is no search at all. */
function split(on: string): { type: OrderType; words: Word[] } | { type: string; problem: string } {
  const question = on.indexOf('?');
  const type = question < 0 ? on : on.slice(0, question);
  const query = question < 0 ? '' : on.slice(question + 1);
  if (!isOrderType(type)) {
    return {
      type,
      problem: `must begin with one of ${ORDER_TYPES.join(', ')} and a question mark${suggestion(type, ORDER_TYPES)}`,
    };
  }
  // A second ? ends the search for the matcher, a # for every server.
  const [odd] = /[?#\s]/.exec(query) ?? [];
  if (odd !== undefined) {
    return { type, problem: `a ${odd.trim() === '' ? 'space' : odd} must be written ${encodeURIComponent(odd)}` };
  }
  return { type, words: query === '' ? [] : query.split('&').map((raw) => word(type, raw)) };
}

function isStatus(type: OrderType, { name }: Word): boolean {
  return STATUS[type].includes(name.split(':')[0] ?? '');
}

function search(type: string, words: readonly Word[]): string {
  return `${type}?${words.map(({ raw }) => raw).join('&')}`;
}

/** Parses a route's `on` and says which of its words can be evaluated here, which by the server, and which nowhere. */
export function checkCriteria(on: string): Criteria {
  const parts = split(on);
  if ('problem' in parts) {
    return { type: parts.type, problems: [parts.problem], statusFree: on, plain: on, askServer: false };
  }
  const { type, words } = parts;
  const kept = words.filter((each) => !isStatus(type, each));
  return {
    type,
    problems: words.flatMap(({ where }) => (typeof where === 'object' ? [where.problem] : [])),
    statusFree: search(type, kept),
    plain: search(
      type,
      kept.filter(({ where }) => where === 'here'),
    ),
    askServer: words.some(({ where }) => where === 'server'),
  };
}

/**
 * A copy in which the matcher finds only what FHIR looks at: it takes the display and the text of a concept for codes,
 * and a reference to a version for another one than the reference without it.
 */
function searchable(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(searchable);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value).filter(
    ([key, item]) => !((key === 'display' || key === 'text') && typeof item === 'string'),
  );
  return Object.fromEntries(
    entries.map(([key, item]) => [
      key,
      key === 'reference' && typeof item === 'string' ? item.replace(/\/_history\/[^/]+$/, '') : searchable(item),
    ]),
  );
}

function matches(resource: Resource, criteria: string): boolean {
  try {
    return matchesSearchRequest(resource, parseSearchRequest(criteria));
  } catch {
    // A date that no calendar has, in a resource: a server would not have found it either.
    return false;
  }
}

/**
 * Whether the resource matches the words of `criteria` that can be evaluated here. Pure.
 *
 * Of a search that needs the server too (`askServer`), false is final and true means: ask.
 *
 * @throws AdapterError `config-invalid` for a search that checkCriteria has problems with
 */
export function matchesCriteria(resource: Resource, criteria: string): boolean {
  const parts = split(criteria);
  if ('problem' in parts || parts.words.some(({ where }) => typeof where === 'object')) {
    throw new AdapterError('config-invalid', 'A route has a search that cannot be used');
  }
  const { type, words } = parts;
  if (resource.resourceType !== type) {
    return false;
  }
  const here = words.filter(({ where }) => where === 'here');
  const presence = here.filter(({ name }) => name.endsWith(':missing'));
  const content = here.filter((each) => !presence.includes(each));
  const copy: Resource = Object.assign({ ...resource }, searchable(resource));
  return matches(resource, search(type, presence)) && matches(copy, search(type, content));
}
