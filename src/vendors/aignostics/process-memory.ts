/** What one process knows and never writes down: access tokens, and what the last look at all runs has shown. */
import { perClient } from '../per-client.ts';
import type { Run } from './answers.ts';
import type { AccessToken } from './tokens.ts';

export interface Shown {
  /** Milliseconds since 1970. */
  at: number;
  /** Requests that the look took: pages from the newest on. */
  pages: number;
  /** How old the oldest run is that it has seen (milliseconds since 1970); -Infinity: it has seen all. */
  downTo: number;
  runs: Map<string, Run>;
}

export interface ProcessMemory {
  /** By credential; a promise, so that many orders make one renewal. */
  tokens: Map<string, Promise<AccessToken>>;
  /** By credential. */
  shown: Map<string, Shown>;
}

export const processMemory = perClient<ProcessMemory>(() => ({ tokens: new Map(), shown: new Map() }));
