/** Decides what happens to one part: made, changed, kept, or left alone because it is no longer only ours. Pure. */
import type { Resource } from '@medplum/fhirtypes';
import { sameContent } from './content-hash.ts';
import { contentOf } from './labels.ts';
import { isWithdrawn, isWithdrawnByUs } from './take-back.ts';

export type Decision =
  | { do: 'create' }
  /** Ours and different: PUT against the version it has now. */
  | { do: 'update'; current: Resource }
  /** As it shall be; `ours` says whether we may change this version later. */
  | { do: 'keep'; current: Resource; ours: boolean }
  /** Different, and somebody else has touched it. */
  | { do: 'leave'; current: Resource };

export interface Ownership {
  /** The version that we last wrote, as far as is remembered; undefined where nothing is. */
  written: string | undefined;
  /** Whether anything of this part is remembered as written by us. */
  remembered: boolean;
  /** The version that an answer within this publication confirmed. */
  confirmed: string | undefined;
}

/**
 * Whether the version that stands is the one that we wrote; a withdrawal tells by itself, also where its answer was
 * lost. A server without versions has to be believed.
 */
export function isOurs(current: Resource, ownership: Ownership): boolean {
  const version = current.meta?.versionId;
  if (version === undefined) {
    return ownership.remembered || ownership.confirmed !== undefined;
  }
  return version === ownership.written || version === ownership.confirmed || isWithdrawnByUs(current);
}

export function decideWrite(built: Resource, current: Resource | undefined, ownership: Ownership): Decision {
  if (current === undefined) {
    return { do: 'create' };
  }
  const version = current.meta?.versionId;
  if (version !== undefined && version === ownership.confirmed) {
    return { do: 'keep', current, ours: true };
  }
  const withdrawn = isWithdrawn(current);
  const tag = contentOf(current.meta);
  const identical = !withdrawn && sameContent(built, current);
  // A server that drops tags leaves only the content itself to go by.
  const sameMeaning = tag === undefined ? identical : tag === contentOf(built.meta);
  if (isOurs(current, ownership)) {
    return sameMeaning && !withdrawn ? { do: 'keep', current, ours: true } : { do: 'update', current };
  }
  if (sameMeaning) {
    // Not remembered but exactly what we mean: our own write, whose answer was lost. Else somebody worked on it since,
    // and we have nothing new to say.
    return { do: 'keep', current, ours: identical };
  }
  return { do: 'leave', current };
}
