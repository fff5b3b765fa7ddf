/**
 * What a message of a Subscription means for its event numbers. Pure: a state and what came give a new state and whether
 * to sweep. A bundle of k events with the total T should follow the T − k that were heard before (Subscriptions R5
 * Backport IG, "Errors and recovery"); messages get lost, come twice and overtake each other, and some servers' counters
 * begin anew, so a number alone proves nothing: an event is known by its number and its mark.
 */
import { type GapState, REMEMBERED, settled } from './state.ts';

/** What a message says of its numbers. */
export interface Told {
  /** `handshake`, `heartbeat`, `event-notification`, `query-status`, `query-event`. */
  kind?: string;
  /** Events since the Subscription began. */
  total?: bigint;
  /** `mark` is the same for every delivery of an event; empty where the server says nothing that could be one. */
  events: readonly { number?: bigint; mark: string }[];
}

export interface Heard {
  state: GapState;
  /** Something may have been lost that no number names. */
  sweep?: true;
  /** The numbers are not believed any more, from now on; said once. */
  distrusted?: string;
}

/** Milliseconds that stragglers have: servers send side by side and try again within seconds. */
export const STRAGGLERS = 15_000;
/** Resets after which `auto` no longer believes the numbers, and fitting messages after which they are forgotten. */
const RESETS = 3;
const FITS = 20;

type Covered = readonly (readonly [bigint, string])[];

/** The numbers of the events that came; undefined: numbers that cannot be. Empty: the server does not number them. */
function coveredBy({ total, events }: Told): Covered | undefined {
  const count = BigInt(events.length);
  if (events.length > 0 && events.every(({ number }) => number !== undefined && number > 0n)) {
    return events.flatMap(({ number, mark }) => (number === undefined ? [] : [[number, mark] as const]));
  }
  if (total !== undefined && total >= count) {
    return events.map(({ mark }, index) => [total - count + BigInt(index) + 1n, mark] as const);
  }
  return total === undefined && events.every(({ number }) => number === undefined) ? [] : undefined;
}

const highest = (numbers: readonly bigint[]) => numbers.reduce((most, one) => (one > most ? one : most), 0n);

/** A state that begins with this message. */
function begin(total: bigint, covered: Covered, now: number, rest: Pick<GapState, 'resets' | 'noEvents'>): GapState {
  const heard = new Map(covered);
  const { resets, noEvents } = rest;
  return settled({
    upTo: total,
    top: total,
    heard,
    recovered: [],
    heardAt: now,
    resets,
    fits: 0,
    ...(noEvents && { noEvents }),
  });
}

/** How a number that is not new compares with what is remembered. */
function verdict(state: GapState, [number, mark]: Covered[number]): 'new' | 'same' | 'late' | 'other' | 'doubtful' {
  const known = state.heard.get(number);
  if (known !== undefined) {
    return known === mark ? (mark === '' ? 'doubtful' : 'same') : 'other';
  }
  if (number > state.upTo) {
    return 'new';
  }
  const late = state.recovered.some(([from, until]) => from <= number && number <= until);
  return late ? 'late' : 'doubtful';
}

/** Takes a message in. `believe`: go on with numbers that a doubting site would no longer believe. */
export function hear(before: GapState | undefined, told: Told, now: number, believe: boolean): Heard {
  const covered = coveredBy(told);
  const numbers = covered?.map(([number]) => number) ?? [];
  const total = told.total === undefined && numbers.length === 0 ? undefined : highest([told.total ?? 0n, ...numbers]);
  if (!before) {
    const state = begin(total ?? 0n, covered ?? [], now, { resets: covered ? 0 : 1 });
    // Events of which we were never told: from before we listened, or lost.
    return (total ?? 0n) > BigInt(numbers.length) || !covered ? { state, sweep: true } : { state };
  }
  const state: GapState = { ...before, heardAt: now };
  if (state.distrusted !== undefined || (covered?.length === 0 && total === undefined)) {
    return { state };
  }
  const verdicts = (covered ?? []).map((one) => verdict(state, one));
  // A doubt about an answer to our own question is none: we asked for these numbers.
  const answer = told.kind === 'query-event';
  if (!covered || total === undefined || (verdicts.includes('other') && !answer)) {
    return reset(state, total ?? 0n, covered ?? [], now, believe);
  }
  const tooLow = numbers.length === 0 ? total < state.upTo : verdicts.includes('doubtful') && !answer;
  if (tooLow) {
    return doubt(state, total, covered, now);
  }
  const heard = new Map([...state.heard, ...covered]);
  const isNew = verdicts.includes('new');
  const fits = state.fits + (isNew ? 1 : 0);
  const { low, ...rest } = state;
  const next = settled({
    ...rest,
    heard,
    top: total > state.top ? total : state.top,
    due: state.due ?? now + STRAGGLERS,
    fits,
    resets: fits >= FITS ? 0 : state.resets,
    ...(low !== undefined && total < state.upTo && { low }),
  });
  return { state: next };
}

/** The counter has begun anew: what came before it did is swept for, and the new count adopted. */
function reset(state: GapState, total: bigint, covered: Covered, now: number, believe: boolean): Heard {
  const next = begin(total, covered, now, { ...state, resets: state.resets + 1 });
  if (next.resets < RESETS || believe) {
    return { state: next, sweep: true };
  }
  const distrusted = total === 0n ? 'its event numbers stand still' : 'its event numbers begin anew again and again';
  return { state: { ...next, distrusted }, sweep: true, distrusted };
}

/**
 * Too low a count: an old message that comes again, or a counter that began anew. A sweep is right either way; the count
 * is adopted once a second one goes on from it. That is no reason for distrust.
 */
function doubt(state: GapState, total: bigint, covered: Covered, now: number): Heard {
  const goesOn = state.low !== undefined && (covered.length === 0 ? total >= state.low : total > state.low);
  return { state: goesOn ? begin(total, covered, now, state) : { ...state, low: total }, sweep: true };
}

/** The numbers that are missing, once stragglers have had their time; undefined: none, or not yet. */
export function missing({ upTo, top, due, distrusted }: GapState, now: number) {
  return distrusted === undefined && upTo < top && due !== undefined && due <= now
    ? { from: upTo + 1n, until: top }
    : undefined;
}

/** What was missing has been recovered up to this number, by whatever means: it is not looked for again. */
export function recoveredUpTo(state: GapState, until: bigint, now: number): GapState {
  const from = state.upTo + 1n;
  if (until < from) {
    return settled(state);
  }
  const { due, ...rest } = state;
  const recovered = [...state.recovered, [from, until] as const].slice(-REMEMBERED / 10);
  const next = { ...rest, upTo: until, top: until > state.top ? until : state.top, recovered, due: now + STRAGGLERS };
  return settled(next);
}

/** Whether a Subscription has been silent for two of its heartbeats (in seconds), and was not asked about it since. */
export function isSilent({ heardAt, askedAt }: GapState, heartbeat: number, now: number): boolean {
  return now - Math.max(heardAt, askedAt ?? 0) > 2 * heartbeat * 1000;
}
