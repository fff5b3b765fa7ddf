/** What the last shared look has shown of the account's runs, kept in the process that made it: it spares each order a call. */
import type { Run } from './answers.ts';
import { WAITS } from './facts.ts';
import { processMemory, type Shown } from './process-memory.ts';
import { type Access, credentialOf } from './tokens.ts';

export function lastShown({ http, settings }: Access): Shown | undefined {
  return processMemory(http).shown.get(credentialOf(settings));
}

export function keepShown({ http, settings }: Access, shown: Shown): void {
  processMemory(http).shown.set(credentialOf(settings), shown);
}

/** A run as it was shown a moment ago. */
export function shownRun(access: Access, id: string): Run | undefined {
  const shown = lastShown(access);
  const isRecent = shown !== undefined && access.now().getTime() - shown.at < WAITS.shown * 1000;
  return isRecent ? shown.runs.get(id) : undefined;
}
