/** What one process knows and never writes down: access tokens, and what the last look at all runs has shown. */
import type { VendorHttp } from '../http.ts';
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

/** The memory goes with the connection that it belongs to. */
const memories = new WeakMap<VendorHttp, ProcessMemory>();

export function processMemory(http: VendorHttp): ProcessMemory {
  const known = memories.get(http);
  if (known) {
    return known;
  }
  const fresh: ProcessMemory = { tokens: new Map(), shown: new Map() };
  memories.set(http, fresh);
  return fresh;
}
