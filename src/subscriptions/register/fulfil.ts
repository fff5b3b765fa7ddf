/** Makes one planned Subscription true on a server, reads it back and says what is not as wanted. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Subscription } from '@medplum/fhirtypes';
import { AdapterError, asAdapterError } from '../../errors.ts';
import type { FhirClient } from '../../fhir/types.ts';
import { differences } from './differences.ts';
import type { Planned } from './plan.ts';
import { type AnySubscription, isSendable } from './shape.ts';

export type RegisteredState = 'kept' | 'created' | 'mended' | 'reactivated' | 'failed';

export interface Registered {
  /** The search that it is for. */
  criteria: string;
  state: RegisteredState;
  id?: string;
  /** As read back. `requested` after a minute: the server has rest-hooks switched off. */
  status?: string;
  /** What is not as it should be, in words for an operator. */
  problem?: string;
  /** Why it was not active before we switched it on again, where the server says. */
  was?: string;
}

export interface FulfilOptions {
  client: FhirClient;
  /** The versions that came of what we wrote, by id and what was written. Kept between runs by the caller. */
  written: Map<string, string>;
  now(): Date;
  wait?(milliseconds: number, signal?: AbortSignal): Promise<unknown>;
  signal?: AbortSignal;
  /** Make anew what stands: nothing comes of it. */
  anew?: boolean;
}

/** What became of it, and how it stands now. */
export interface Fulfilled {
  registered: Registered;
  standing?: AnySubscription;
}

const ACTIVATION_SECONDS = 60;
/** After which a server is asked once more to activate what it left `requested`: what kept it from it may be gone. */
const ASK_AGAIN_MILLISECONDS = 3600 * 1000;
/** Characters of a server's own words that are shown. */
const LONGEST_QUOTE = 200;

/** Reads until the server has made it active, or has said that it will not, at most a minute. */
async function readBack(options: FulfilOptions, id: string): Promise<AnySubscription | undefined> {
  const wait = options.wait ?? ((milliseconds, signal) => sleep(milliseconds, undefined, { signal }));
  for (let second = 0; ; second += 1) {
    const standing: AnySubscription | undefined = await options.client.read<Subscription>('Subscription', id);
    if (standing?.status !== 'requested' || second >= ACTIVATION_SECONDS || options.signal?.aborted) {
      return standing;
    }
    // A stop ends the waiting; the next start looks again.
    await wait(1000, options.signal).catch(() => {});
  }
}

/** The server's reason, in one line of bearable length. */
function reasonOf({ status, error }: AnySubscription): string {
  const words = (error ?? '').replace(/\s+/g, ' ').trim().slice(0, LONGEST_QUOTE);
  return words === '' ? status : `${status}: ${words}`;
}

function problemOf(standing: AnySubscription | undefined, wanted: AnySubscription): string | undefined {
  if (!standing) {
    return 'The server does not show the Subscription that it took';
  }
  if (standing.status === 'requested') {
    return 'The server has not made it active: rest-hook Subscriptions may be switched off there, or its handshake does not reach us';
  }
  if (standing.status !== 'active') {
    return `The server keeps it as ${reasonOf(standing)}`;
  }
  const different = differences(standing, wanted);
  return different.length > 0 ? `The server changed ${different.join(', ')}` : undefined;
}

function sendable(subscription: AnySubscription) {
  if (!isSendable(subscription)) {
    throw new AdapterError('unexpected', 'This is no Subscription');
  }
  return subscription;
}

async function create(client: FhirClient, planned: Planned, subscription: AnySubscription): Promise<string> {
  const { headers } = planned;
  return (await client.create(sendable(subscription), headers ? { headers } : {})).id ?? '';
}

async function update(client: FhirClient, wanted: AnySubscription, standing: AnySubscription): Promise<void> {
  const version = standing.meta?.versionId;
  const { id = '' } = standing;
  await client.update({ ...sendable(wanted), id }, version === undefined ? {} : { ifMatch: version });
}

/** Whether it shows another secret than the one to be registered. One that shows none may merely hide it. */
function hasOtherSecret(standing: AnySubscription, wanted: AnySubscription): boolean {
  const shown = standing.channel?.header ?? standing.parameter;
  const changed = differences(standing, wanted);
  return shown !== undefined && (changed.includes('channel.header') || changed.includes('parameter'));
}

/** A key that holds no secret. */
function writing(id: string, { subscription }: Planned): string {
  return `${id} ${createHash('sha256').update(JSON.stringify(subscription)).digest('hex')}`;
}

/** What to do with what stands. Pure. */
function decide(
  options: FulfilOptions,
  planned: Planned,
  wanted: AnySubscription,
  standing: AnySubscription,
): 'keep' | 'activate' | 'mend' | 'replace' {
  const { headers } = planned;
  const { versionId = '', lastUpdated = '' } = standing.meta ?? {};
  const changed = differences(standing, wanted);
  if (options.anew) {
    // Nothing without our tag is ever removed, not even what we remember to have made.
    return changed.includes('meta.tag') ? 'activate' : 'replace';
  }
  if (standing.status === 'requested') {
    // Medplum never activates. Others may be slow: they are asked again, but not at every look.
    const age = options.now().getTime() - Date.parse(lastUpdated);
    return wanted.status === 'active' || age > ASK_AGAIN_MILLISECONDS ? 'activate' : 'keep';
  }
  if (standing.status !== 'active') {
    return 'activate';
  }
  // A server that changes what we wrote would otherwise be written to at every look.
  if (changed.length === 0 || options.written.get(writing(standing.id ?? '', planned)) === versionId) {
    return 'keep';
  }
  // The signing secret of a topic server (X-Hub-Secret) is given at the creation and at no other time.
  const replaced = headers !== undefined && !changed.includes('meta.tag') && hasOtherSecret(standing, wanted);
  return replaced ? 'replace' : 'mend';
}

/** Makes one wish true with the Subscription that stands for it, if there is one. */
export async function fulfil(
  options: FulfilOptions,
  planned: Planned,
  standing: AnySubscription | undefined,
): Promise<Fulfilled> {
  const { client, written } = options;
  const { criteria, wider } = planned;
  let current = standing;

  async function done(state: RegisteredState, id: string, wanted: AnySubscription): Promise<Fulfilled> {
    const now = state === 'kept' ? current : await readBack(options, id);
    if (state !== 'kept') {
      written.set(writing(id, planned), now?.meta?.versionId ?? '');
    }
    const isWide = now !== undefined && wider !== undefined && differences(now, wider).length === 0;
    const problem = problemOf(now, isWide ? wider : wanted);
    const registered: Registered = {
      criteria,
      state,
      id,
      ...(now && { status: now.status }),
      ...(problem !== undefined && { problem }),
      ...(state === 'reactivated' && standing && { was: reasonOf(standing) }),
    };
    return { registered, ...(now && { standing: now }) };
  }

  async function make(wanted: AnySubscription): Promise<Fulfilled> {
    const id = current?.id;
    if (current === undefined || id === undefined) {
      return done('created', await create(client, planned, wanted), wanted);
    }
    switch (decide(options, planned, wanted, current)) {
      case 'keep':
        return done('kept', id, wanted);
      case 'activate':
        await update(client, wanted, current);
        return done('reactivated', id, wanted);
      case 'mend':
        await update(client, wanted, current);
        return done('mended', id, wanted);
      case 'replace':
        // First away with it: some servers take one Subscription of a topic only. The sweep brings what falls between.
        await client.remove('Subscription', id);
        current = undefined;
        return done('created', await create(client, planned, wanted), wanted);
    }
  }

  try {
    return await make(planned.subscription);
  } catch (thrown) {
    if (wider === undefined || asAdapterError(thrown).code !== 'ehr-rejected') {
      throw thrown;
    }
    const fulfilled = await make(wider);
    // The filter is not offered again before the next start.
    written.set(writing(fulfilled.registered.id ?? '', planned), fulfilled.standing?.meta?.versionId ?? '');
    return fulfilled;
  }
}
