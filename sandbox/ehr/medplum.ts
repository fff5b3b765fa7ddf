/** Delivery in Medplum's manner: signed POSTs of the resource to one URL, a few tries with exponential waits. */
import { createHmac, randomUUID } from 'node:crypto';
import { deepClone, resourceMatchesSubscriptionCriteria } from '@medplum/core';
import type { Resource, Subscription } from '@medplum/fhirtypes';
import type { Store } from './store.ts';
import type { Dialect } from './subscriptions.ts';
import type { Change } from './types.ts';

const EXTENSION = 'https://medplum.com/fhir/StructureDefinition/subscription-';
/** The server reads the secret under these `www.` URLs only. */
const SECRETS = new Set([
  'https://www.medplum.com/fhir/StructureDefinition/subscription-secret',
  'https://www.medplum.com/fhir/StructureDefinition-subscriptionSecret',
]);
const DEFAULT_ATTEMPTS = 4;

function secretOf(subscription: Subscription): string | undefined {
  return subscription.extension?.find(({ url }) => SECRETS.has(url))?.valueString;
}

/** `channel.header` lines, cut at every colon and only the first two pieces kept. */
function customHeaders(subscription: Subscription): Record<string, string> {
  const lines = (subscription.channel.header ?? []).map((line) => line.split(':'));
  return Object.fromEntries(lines.map(([name = '', value = '']) => [name.trim().toLowerCase(), value.trim()]));
}

/** `200,201,400-403`; undefined where it does not parse, which means the default. */
function successCodes(subscription: Subscription): [number, number][] | undefined {
  const text = subscription.extension?.find(({ url }) => url === `${EXTENSION}success-codes`)?.valueString;
  const ranges = text?.split(',').map((part) => /^\s*(\d{3})(?:-(\d{3}))?\s*$/.exec(part));
  if (!ranges?.every((range) => range !== null)) {
    return undefined;
  }
  return ranges.map((range) => [Number(range[1]), Number(range[2] ?? range[1])]);
}

function maxAttempts(subscription: Subscription): number {
  const value = subscription.extension?.find(({ url }) => url === `${EXTENSION}max-attempts`)?.valueInteger;
  return value !== undefined && value >= 1 && value <= 18 ? value : DEFAULT_ATTEMPTS;
}

/** The body as the server makes it, with the meta elements that only Medplum adds. */
function bodyOf(change: Change, toServed: <T extends Resource>(resource: T) => T): string {
  if (change.interaction === 'delete') {
    return '{}';
  }
  const project = '00000000-0000-4000-8000-000000000001';
  const author = { reference: 'ClientApplication/00000000-0000-4000-8000-000000000002', display: 'Sandbox' };
  const compartment = [{ reference: `Project/${project}` }];
  const resource = toServed(deepClone(change.resource));
  return JSON.stringify({ ...resource, meta: { ...resource.meta, project, author, compartment } });
}

export function medplumDialect(options: { store: Store; toServed<T extends Resource>(resource: T): T }): Dialect {
  return {
    inOrder: false,
    patience: 120,
    off: 'off',

    async concerns(subscription, change) {
      if (change.type === 'AuditEvent' || subscription.channel.type !== 'rest-hook') {
        return false;
      }
      return resourceMatchesSubscriptionCriteria({
        resource: change.resource,
        subscription,
        context: { interaction: change.interaction },
        getPreviousResource: async () => change.previous,
      });
    },

    notice(subscription, change) {
      const body = bodyOf(change, options.toServed);
      const secret = secretOf(subscription);
      return {
        method: 'POST',
        url: subscription.channel.endpoint ?? '',
        body,
        headers: {
          'content-type': 'application/fhir+json',
          'x-medplum-subscription': subscription.id ?? '',
          'x-medplum-interaction': change.interaction,
          ...(change.interaction === 'delete' && { 'x-medplum-deleted-resource': `${change.type}/${change.id}` }),
          ...customHeaders(subscription),
          ...(secret && { 'x-signature': createHmac('sha256', secret).update(body).digest('hex') }),
          'x-trace-id': randomUUID(),
        },
      };
    },

    accepts(subscription, { status }) {
      const codes = successCodes(subscription) ?? [[200, 399]];
      return codes.some(
        ([from, until]) => from !== undefined && until !== undefined && status >= from && status <= until,
      );
    },

    // A failure is retried while fewer than max-attempts were retried: four mean five tries, after 1, 2, 4 and 8 s.
    wait: (subscription, tries) => (tries <= maxAttempts(subscription) ? 2 ** (tries - 1) : undefined),

    outdated(change) {
      const newest = options.store.newest(change.type, change.id);
      return newest?.versionId !== change.versionId;
    },
  };
}
