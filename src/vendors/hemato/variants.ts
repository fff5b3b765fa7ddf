/**
 * The paths of status and report, of which each generation of the vendor has others. Which one a host answers is found
 * out once and remembered; a path that is not there answers 404 or 405, and so does a study that is not.
 */
import { AdapterError } from '../../errors.ts';
import type { Memory } from '../contract.ts';
import type { VendorResponse } from '../http.ts';
import { call, type HematoAccess } from './api.ts';
import { PROFILES, WAITS } from './facts.ts';
import { isTaken, refusalOf } from './refusals.ts';

type Kind = 'status' | 'report';

const ABSENT: readonly number[] = [404, 405];
const NOTHING = new AdapterError('unexpected', 'Nothing is remembered');

/** Looks into the memory without making anything; undefined where nothing is remembered. */
async function remembered(memory: Memory, key: string): Promise<string | undefined> {
  return memory
    .get<string>(key, () => Promise.reject(NOTHING))
    .catch((thrown: unknown) => {
      if (thrown === NOTHING) {
        return undefined;
      }
      throw thrown;
    });
}

/** Best effort: another order may look at the same moment, and the next one finds the path as this one did. */
async function remember(memory: Memory, key: string, path: string): Promise<void> {
  await memory.forget(key);
  await memory
    .get(key, async () => ({ value: path, seconds: WAITS.remembered }))
    .catch((thrown: unknown) => {
      if (thrown !== NOTHING) {
        throw thrown;
      }
    });
}

/** `nothing`: a path answered, but with nothing to read; `unknown`: none is there, or the study is not. */
export type Found<T> = { found: T; path: string } | 'nothing' | 'unknown';

/**
 * Asks path after path until `read` makes something of an answer: the configured one alone; else the one that this host
 * answered before, then the generation's, in its order. Throws what any other refusal means.
 */
export async function ask<T>(
  access: HematoAccess,
  memory: Memory,
  about: { kind: Kind; study: string; task: string },
  read: (response: VendorResponse) => T | undefined,
): Promise<Found<T>> {
  const { settings } = access;
  const profile = PROFILES[settings.profile];
  const key = `${about.kind}-path ${new URL(settings.baseUrl).host}`;
  const [fixed, own]: [string | undefined, readonly string[]] =
    about.kind === 'status' ? [settings.statusPath, profile.statusPaths] : [settings.reportPath, profile.reportPaths];
  const known = fixed ?? (await remembered(memory, key));
  const rest = fixed === undefined ? own : [];
  const paths = new Set(known !== undefined && (fixed !== undefined || own.includes(known)) ? [known, ...rest] : rest);
  let answered = false;
  for (const path of paths) {
    const response = await call(access, async () => ({
      method: 'GET',
      path: `/pbs/${about.study}/${path.replace('{task}', encodeURIComponent(about.task))}`,
    }));
    if (!isTaken(response)) {
      if (ABSENT.includes(response.status)) {
        continue;
      }
      throw refusalOf(response);
    }
    answered = true;
    const found = read(response);
    if (found !== undefined) {
      if (path !== known) {
        await remember(memory, key, path);
      }
      return { found, path };
    }
  }
  return answered ? 'nothing' : 'unknown';
}
