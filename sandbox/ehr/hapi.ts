/** Delivery in HAPI's manner: a PUT of the resource below the endpoint, one after the other, retried for a minute. */
import { deepClone } from '@medplum/core';
import type { Resource, Subscription } from '@medplum/fhirtypes';
import { parseQuery, testsOf } from './search.ts';
import type { Store } from './store.ts';
import type { Dialect } from './subscriptions.ts';
import type { Change } from './types.ts';

const SEND_DELETES = 'http://hapifhir.io/fhir/StructureDefinition/subscription-send-delete-messages';
export const FHIR_TYPES = /^(application\/(fhir\+)?(json|xml)|text\/(json|xml))\b/i;

/** `channel.header` lines, cut at the first colon. */
function customHeaders(subscription: Subscription): Record<string, string> {
  return Object.fromEntries(
    (subscription.channel.header ?? []).map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

function sendsDeletes(subscription: Subscription): boolean {
  const extensions = [...(subscription.extension ?? []), ...(subscription.channel.extension ?? [])];
  return extensions.some(({ url, valueBoolean }) => url === SEND_DELETES && valueBoolean === true);
}

/** `[*]`, `[A,B]` or `Type?words`. */
function matchesCriteria(criteria: string, change: Change, store: Store, base: string): boolean {
  if (criteria.startsWith('[')) {
    const types = criteria.slice(1, -1).split(',');
    return criteria === '[*]' ? change.type !== 'Subscription' : types.some((type) => type.trim() === change.type);
  }
  const [type = '', words = ''] = criteria.split('?', 2);
  if (type !== change.type) {
    return false;
  }
  return testsOf(store, parseQuery(type, new URLSearchParams(words)), base).every((test) => test(change.resource));
}

/** Whether a reply's body is a FHIR resource: what calls itself JSON must parse as one. */
export function isFhirBody(contentType: string, body: string): boolean {
  if (body.trim() === '' || !FHIR_TYPES.test(contentType)) {
    return true;
  }
  if (contentType.includes('xml')) {
    return body.includes('http://hl7.org/fhir');
  }
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && 'resourceType' in parsed;
  } catch {
    return false;
  }
}

export function hapiDialect(options: { store: Store; base(): string }): Dialect {
  return {
    inOrder: true,
    patience: 10,
    off: 'error',

    async concerns(subscription, change) {
      if (
        subscription.channel.type !== 'rest-hook' ||
        (change.interaction === 'delete' && !sendsDeletes(subscription))
      ) {
        return false;
      }
      return matchesCriteria(subscription.criteria, change, options.store, options.base());
    },

    notice(subscription, change) {
      const { endpoint = '', payload } = subscription.channel;
      const headers = {
        'user-agent': 'HAPI-FHIR/8.10.0 (FHIR Client; FHIR 4.0.1/R4; apache)',
        accept: 'application/fhir+json;q=1.0, application/json+fhir;q=0.9',
        'accept-charset': 'utf-8',
      };
      if (!payload) {
        return { method: 'POST', url: endpoint, headers: { ...headers, ...customHeaders(subscription) } };
      }
      const url = `${endpoint.replace(/\/$/, '')}/${change.type}/${change.id}`;
      if (change.interaction === 'delete') {
        return { method: 'DELETE', url, headers: { ...headers, ...customHeaders(subscription) } };
      }
      const resource: Resource = deepClone(change.resource);
      return {
        method: 'PUT',
        url,
        headers: {
          ...headers,
          'content-type': 'application/fhir+json; charset=UTF-8',
          'if-match': `"${change.versionId}"`,
          ...customHeaders(subscription),
        },
        body: JSON.stringify(resource),
      };
    },

    accepts(subscription, { status, contentType, body }) {
      // Without a payload any answer counts, a 500 too.
      return !subscription.channel.payload || (status >= 200 && status < 300 && isFhirBody(contentType, body));
    },

    // Waits of 1 s x 1.1 until a minute has passed since the first try.
    wait: (_subscription, tries, elapsed) => (elapsed < 60 ? 1.1 ** (tries - 1) : undefined),

    outdated: () => false,
  };
}
