/** Makes one wished Subscription true on a server, reads it back and says what is not as wished. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Subscription } from '@medplum/fhirtypes';
import type { FhirClient } from '../../fhir/types.ts';
import { differences } from './wish.ts';

export type RegisteredState = 'kept' | 'created' | 'mended' | 'reactivated' | 'failed';

export interface Registered {
  criteria: string;
  state: RegisteredState;
  id?: string;
  /** As read back. `requested` after a minute: the server has rest-hooks switched off. */
  status?: Subscription['status'];
  /** What is not as it should be, in words for an operator. */
  problem?: string;
}

export interface FulfilOptions {
  client: FhirClient;
  /** What we last wrote: version by id. Kept between runs by the caller. */
  written: Map<string, string>;
  wait?(milliseconds: number, signal?: AbortSignal): Promise<unknown>;
  signal?: AbortSignal;
}

const ACTIVATION_SECONDS = 60;

/** Reads until the server has made it active, or has said that it will not, at most a minute. */
async function readBack(options: FulfilOptions, id: string): Promise<Subscription | undefined> {
  const wait = options.wait ?? ((milliseconds, signal) => sleep(milliseconds, undefined, { signal }));
  for (let second = 0; ; second += 1) {
    const standing = await options.client.read<Subscription>('Subscription', id);
    if (standing?.status !== 'requested' || second >= ACTIVATION_SECONDS || options.signal?.aborted) {
      return standing;
    }
    // A stop ends the waiting; the next start looks again.
    await wait(1000, options.signal).catch(() => {});
  }
}

function problemOf(standing: Subscription | undefined, wanted: Subscription): string | undefined {
  if (!standing) {
    return 'The server does not show the Subscription that it took';
  }
  if (standing.status === 'requested') {
    return 'The server has not made it active: rest-hook Subscriptions may be switched off there';
  }
  if (standing.status !== 'active') {
    return `The server keeps it as ${standing.status}`;
  }
  const different = differences(standing, wanted);
  return different.length > 0 ? `The server changed ${different.join(', ')}` : undefined;
}

/** Makes one wish true with the Subscription that stands for it, if there is one. */
export async function fulfil(
  options: FulfilOptions,
  wanted: Subscription,
  standing: Subscription | undefined,
): Promise<Registered> {
  const { client } = options;
  const { criteria } = wanted;
  const done = async (state: RegisteredState, id: string): Promise<Registered> => {
    const now = await readBack(options, id);
    options.written.set(id, now?.meta?.versionId ?? '');
    const problem = problemOf(now, wanted);
    return { criteria, state, id, ...(now && { status: now.status }), ...(problem !== undefined && { problem }) };
  };
  if (standing?.id === undefined) {
    const created = await client.create<Subscription>(wanted);
    return done('created', created.id ?? '');
  }
  const off = standing.status === 'off' || standing.status === 'error';
  // Where the server is slow to activate it stays `requested` without our writing again; Medplum never activates.
  const stuck = standing.status === 'requested' && wanted.status === 'active';
  // A server that changes what we wrote would otherwise be written to at every look.
  const mended = options.written.get(standing.id) === (standing.meta?.versionId ?? '');
  if (!off && !stuck && (mended || differences(standing, wanted).length === 0)) {
    const problem = problemOf(standing, wanted);
    const { id, status } = standing;
    return { criteria, state: 'kept', id, status, ...(problem !== undefined && { problem }) };
  }
  const version = standing.meta?.versionId;
  const update = { ...wanted, id: standing.id };
  await client.update<Subscription>(update, version === undefined ? {} : { ifMatch: version });
  return done(off || stuck ? 'reactivated' : 'mended', standing.id);
}

/** The best of several that stand for the same wish is kept: an active one first, then the oldest. */
export function choose(candidates: Subscription[]): Subscription | undefined {
  return candidates.find((candidate) => candidate.status === 'active') ?? candidates[0];
}
