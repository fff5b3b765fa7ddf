/** The Subscriptions of one site, made on the server and given the tokens that bind them to a socket. */
import type { Parameters, Subscription } from '@medplum/fhirtypes';
import type { SiteConfig } from '../../config/schema.ts';
import { AdapterError, asAdapterError } from '../../errors.ts';
import type { OpenFhirClient } from '../../fhir/client.ts';
import { wantedCriteria } from '../routed-types.ts';
import { type BindingToken, readBindingToken } from './binding-token.ts';
import { isRefusal } from './pauses.ts';
import { webSocketSubscription } from './subscription.ts';

export type WebSocketClient = Pick<
  OpenFhirClient,
  'site' | 'baseUrl' | 'create' | 'operation' | 'capabilities' | 'serverTime'
>;

/** One Subscription with its newest token. */
export interface Binding extends BindingToken {
  subscription: string;
}

export interface BindOptions {
  config: SiteConfig;
  client: WebSocketClient;
  publicUrl: string | undefined;
  /** Subscriptions by search that were made and not bound yet: used again instead of making more and more. */
  made: Map<string, string>;
}

/** Only Medplum's manner is spoken here. Throws `config-invalid` where the server certainly has another one. */
export async function checkManner({ config, client }: Pick<BindOptions, 'config' | 'client'>): Promise<void> {
  const { dialect } = config.subscriptions;
  if (dialect !== 'auto' && dialect !== 'medplum') {
    throw new AdapterError('config-invalid', `subscriptions.channel websocket does not go with dialect ${dialect}`);
  }
  const { software } = dialect === 'auto' ? await client.capabilities() : {};
  if (software !== undefined && !/medplum/i.test(software)) {
    throw new AdapterError('config-invalid', 'subscriptions.channel websocket is Medplum’s, and the server is none');
  }
}

/** A token for a Subscription; asked for again, the old one goes on until it ends. */
export async function tokenOf(client: WebSocketClient, subscription: string): Promise<Binding> {
  const path = `Subscription/${encodeURIComponent(subscription)}/$get-ws-binding-token`;
  const answer = await client.operation<Parameters>('Parameters', path);
  return { ...readBindingToken(answer, client.baseUrl, await client.serverTime()), subscription };
}

async function bindingFor({ config, client, publicUrl, made }: BindOptions, criteria: string): Promise<Binding> {
  const left = made.get(criteria);
  if (left !== undefined) {
    try {
      return await tokenOf(client, left);
    } catch (thrown) {
      if (!isRefusal(asAdapterError(thrown))) {
        throw thrown;
      }
      // The server keeps them in a cache only, and forgets.
      made.delete(criteria);
    }
  }
  const { id = '' } = await client.create<Subscription>(webSocketSubscription(config, criteria, publicUrl));
  made.set(criteria, id);
  return tokenOf(client, id);
}

/** A Subscription with its token for each search that orders come by, one after the other. */
export async function prepareBindings(options: BindOptions): Promise<Binding[]> {
  await checkManner(options);
  const bindings: Binding[] = [];
  for (const { criteria } of wantedCriteria(options.config)) {
    bindings.push(await bindingFor(options, criteria));
  }
  return bindings;
}
