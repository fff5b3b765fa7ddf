/**
 * Keeps our Subscriptions on a FHIR server as they shall be: creates what is missing, mends what differs, switches on
 * again what a server switched off, removes our own strays. Nobody else's is touched.
 */
import type { Subscription } from '@medplum/fhirtypes';
import type { SiteConfig } from '../config/schema.ts';
import { type AdapterError, asAdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import { acceptedSecrets } from './authenticate.ts';
import { listOurs } from './register/find.ts';
import { choose, type FulfilOptions, fulfil, type Registered } from './register/fulfil.ts';
import { hapiSubscription } from './register/hapi.ts';
import { medplumSubscription } from './register/medplum.ts';
import type { Wish } from './register/wish.ts';
import { wantedCriteria } from './routed-types.ts';

export type Manner = 'medplum' | 'hapi';
export interface RegisterResult {
  site: string;
  manner?: Manner;
  subscriptions: Registered[];
  /** Strays of ours that were removed. */
  removed: number;
  /** Where we may not register: what an administrator has to create, with a placeholder instead of the secret. */
  instructions: Subscription[];
  /** Why nothing could be done at all. */
  problem?: string;
}

export interface RegisterOptions extends FulfilOptions {
  config: SiteConfig;
  /** What the FHIR server can reach; without it nothing can be registered. */
  publicUrl: string | undefined;
  log: Log;
}

const SECRET_PLACEHOLDER = '<subscriptions.secret>';
const BUILD = { medplum: medplumSubscription, hapi: hapiSubscription } as const;

async function mannerOf(config: SiteConfig, client: FhirClient): Promise<Manner> {
  const { dialect } = config.subscriptions;
  if (dialect === 'medplum' || dialect === 'hapi') {
    return dialect;
  }
  const { software } = await client.capabilities();
  // HAPI's manner is that of the standard, so it also serves where the software is unknown.
  return /medplum/i.test(software ?? '') ? 'medplum' : 'hapi';
}

function wishes(config: SiteConfig, publicUrl: string, secret: string | undefined): Wish[] {
  const deployment = `${publicUrl}/${config.name}`;
  const endpoint = `${publicUrl}/notify/${config.name}`;
  return wantedCriteria(config).map(({ criteria }) => ({ criteria, endpoint, deployment, secret }));
}

/** The same criteria in either spelling of "no words". */
const bare = (criteria: string) => criteria.replace(/\?$/, '');

async function registerAll(options: RegisterOptions, manner: Manner, wanted: Wish[]): Promise<RegisterResult> {
  const { client, config, log } = options;
  const result: RegisterResult = { site: config.name, manner, subscriptions: [], removed: 0, instructions: [] };
  const [first] = wanted;
  const ours = first ? await listOurs(client, first) : [];
  const kept = new Set<string>();
  for (const wish of wanted) {
    const standing = choose(ours.filter((candidate) => bare(candidate.criteria) === bare(wish.criteria)));
    kept.add(standing?.id ?? '');
    const failed = (error: AdapterError): Registered => {
      const id = standing?.id;
      return {
        criteria: wish.criteria,
        state: 'failed',
        problem: `${error.code}: ${error.message}`,
        ...(id && { id }),
      };
    };
    const subscription = await fulfil(options, BUILD[manner](wish), standing).catch((thrown: unknown) =>
      failed(asAdapterError(thrown)),
    );
    result.subscriptions.push(subscription);
    const { state: status, id, problem } = subscription;
    const fields = { site: config.name, subscription: id, status, kind: subscription.status };
    if (problem !== undefined) {
      log.warn(fields, 'Subscription is not as it should be');
    } else if (status !== 'kept') {
      log.info(fields, 'Subscription registered');
    }
  }
  for (const stray of ours.filter(({ id }) => !kept.has(id ?? ''))) {
    await client.remove('Subscription', stray.id ?? '').then(
      () => {
        result.removed += 1;
      },
      (thrown: unknown) =>
        log.warn({ site: config.name, code: asAdapterError(thrown).code }, 'stray Subscription stays'),
    );
  }
  return result;
}

/** Registers what the site's routes need. Never throws: what went wrong is said in the result. */
export async function registerSubscriptions(options: RegisterOptions): Promise<RegisterResult> {
  const { config, client, publicUrl } = options;
  const nothing: RegisterResult = { site: config.name, subscriptions: [], removed: 0, instructions: [] };
  const { dialect, register, secret } = config.subscriptions;
  if (dialect === 'none') {
    return nothing;
  }
  if (dialect === 'backport' || dialect === 'r5') {
    return { ...nothing, problem: `Subscriptions of dialect ${dialect} are not registered by this version` };
  }
  if (publicUrl === undefined) {
    return { ...nothing, problem: 'http.publicUrl is not set: the FHIR server has no address to notify' };
  }
  try {
    const manner = await mannerOf(config, client);
    if (!register) {
      const shown = secret === 'none' ? undefined : SECRET_PLACEHOLDER;
      return { ...nothing, manner, instructions: wishes(config, publicUrl, shown).map(BUILD[manner]) };
    }
    const { types } = await client.capabilities();
    if (types.Subscription === undefined) {
      return { ...nothing, manner, problem: 'The server does not offer Subscription: orders are found by the sweep' };
    }
    return await registerAll(options, manner, wishes(config, publicUrl, acceptedSecrets(secret)[0]));
  } catch (thrown) {
    const error = asAdapterError(thrown);
    options.log.warn({ site: config.name, code: error.code }, 'Subscriptions could not be registered');
    return { ...nothing, problem: `${error.code}: ${error.message}` };
  }
}
