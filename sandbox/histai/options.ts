/** What the HistAI simulator can be told. Most of it is what the vendor's documents leave open. */
import { HISTAI_DEFAULTS } from './defaults.ts';

/** What the items of a page are called in its answer; `cases`: after what they are (`cases`, `cohorts`), `array`: a bare array. */
export const ENVELOPES = ['content', 'items', 'cases', 'results', 'array'] as const;
export type Envelope = (typeof ENVELOPES)[number];

/** `{code,message}`, `{error:{code,message}}`, `{errorCode,message}`, `{detail}`. */
export const ERROR_SHAPES = ['code', 'nested', 'errorCode', 'detail'] as const;
export type ErrorShape = (typeof ERROR_SHAPES)[number];

export interface HistaiOptions {
  apiKey?: string;
  otherApiKey?: string;
  /** Of all field names in answers but the facets'; default camel. */
  casing?: 'camel' | 'snake';
  /** Default content. */
  envelope?: Envelope;
  /** Default code. */
  errorShape?: ErrorShape;
  /** Keys of a filter that nobody knows: ignored (default), which widens the search, or 400. */
  unknownFilters?: 'ignored' | 'refused';
  /** What decides the price's tier: all slides of the cohort together (default), or each kind by itself. */
  priceReading?: 'total' | 'kind';
  /** Of links whose 24 hours are over: still given, so that the storage says 403 (default), or 410 until they are renewed. */
  staleLinks?: 'given' | 'gone';
  /** Seconds from a cohort's creation until it can be paid for, half of them PENDING; default 2, 0: at once. */
  secondsUntilBuilt?: number;
  /** Seconds from payment until the files can be had; default 2, 0: at once. */
  secondsUntilExported?: number;
  /** What each account has at the beginning; default 5,000. */
  balanceUsd?: number;
  /** Of balances and prices; default USD. */
  currency?: string;
  /** About how large a slide's file is, in bytes; default 20,000. */
  bytesPerSlide?: number;
  /** Whether there is one file with all slides; default true. */
  archive?: boolean;
  /** How long the fault `slow` takes, in milliseconds; default 5,000. */
  slowMs?: number;
}

/** The options with nothing left out. */
export function withDefaults(options: HistaiOptions): Required<HistaiOptions> {
  return {
    ...HISTAI_DEFAULTS,
    casing: 'camel',
    envelope: 'content',
    errorShape: 'code',
    unknownFilters: 'ignored',
    priceReading: 'total',
    staleLinks: 'given',
    secondsUntilBuilt: 2,
    secondsUntilExported: 2,
    balanceUsd: 5_000,
    currency: 'USD',
    bytesPerSlide: 20_000,
    archive: true,
    slowMs: 5_000,
    ...options,
  };
}
