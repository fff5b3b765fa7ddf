/** How far a run is at an instant: its items one after another, the queue before them, and what ends a run early. */
import type { Settings } from './options.ts';
import type { Item, Run } from './world.ts';

export type State = 'PENDING' | 'PROCESSING' | 'TERMINATED';
export type ItemReason = 'SUCCEEDED' | 'USER_ERROR' | 'SYSTEM_ERROR' | 'SKIPPED';

export interface ItemProgress {
  state: State;
  reason: ItemReason | null;
  errorCode: string | null;
  errorMessage: string | null;
  /** Milliseconds. */
  terminatedAt: number | null;
  /** Its slide has been read and work on it has begun: it costs money. */
  begun: boolean;
}

export interface RunProgress {
  state: State;
  output: 'NONE' | 'PARTIAL' | 'FULL';
  reason: 'ALL_ITEMS_PROCESSED' | 'CANCELED_BY_SYSTEM' | 'CANCELED_BY_USER' | null;
  errorCode: string | null;
  errorMessage: string | null;
  terminatedAt: number | null;
  items: ItemProgress[];
}

/** How an item would go if nothing stopped its run. */
interface Course {
  begins: number;
  /** Infinity: not to be foreseen. */
  ends: number;
  fetched: boolean;
  failure: Failure | undefined;
}

interface Failure {
  reason: 'USER_ERROR' | 'SYSTEM_ERROR';
  code: string;
  message: string;
}

interface Stop {
  at: number;
  reason: 'CANCELED_BY_SYSTEM' | 'CANCELED_BY_USER';
  code: string | null;
  message: string | null;
  /** Why an item was skipped. */
  skipped: string;
}

/** The part of an item's time before it begins, when the run has fallen back to PENDING. */
const GAP = 0.25;
/** The part of the first item's time that is spent in the queue. */
const QUEUE = 0.5;

const INVALID = 'User error raised by Application because the input data provided by the user cannot be processed:\n';
const CANCELED = 'The item was not processed because the run was cancelled';

/** @param held whether `never-done` holds the run, @param at milliseconds of the simulator's clock */
export function progressOf(run: Run, options: Settings, at: number, held: boolean): RunProgress {
  if (run.final) {
    return run.final;
  }
  const courses = coursesOf(run, options, held);
  const stop = stopOf(run, courses, run.errorThreshold ?? options.errorThreshold, at);
  const items = courses.map((course) => itemAt(course, stop, at));
  const over = items.every(({ state }) => state === 'TERMINATED');
  const succeeded = items.filter(({ reason }) => reason === 'SUCCEEDED').length;
  const state = over ? 'TERMINATED' : items.some((item) => item.state === 'PROCESSING') ? 'PROCESSING' : 'PENDING';
  const told: RunProgress = {
    state,
    output: succeeded === 0 ? 'NONE' : succeeded < items.length ? 'PARTIAL' : 'FULL',
    reason: over ? (stop?.reason ?? 'ALL_ITEMS_PROCESSED') : null,
    errorCode: stop?.code ?? null,
    errorMessage: stop?.message ?? null,
    terminatedAt: over ? Math.max(...items.map(({ terminatedAt }) => terminatedAt ?? 0)) : null,
    items,
  };
  if (over) {
    run.final = told;
  }
  return told;
}

/** When the work on a run begins. */
export function queueEnds(run: Run, { secondsUntilDone }: Settings): number {
  return run.submittedAt + secondsUntilDone * 1000 * QUEUE;
}

/** Items whose time is over by the clock. */
export function dueItems(run: Run, { secondsUntilDone, secondsPerItem }: Settings, at: number): Item[] {
  const first = run.submittedAt + secondsUntilDone * 1000;
  return run.items.filter((_item, index) => first + index * secondsPerItem * 1000 <= at);
}

/** One item after another: none begins before the one before it has ended, nor ends before its slide is there. */
function coursesOf(run: Run, options: Settings, held: boolean): Course[] {
  const each = options.secondsPerItem * 1000;
  let before: number | undefined;
  return run.items.map((item) => {
    const { outcome } = item.download;
    const [begins, due] =
      before === undefined
        ? [queueEnds(run, options), run.submittedAt + options.secondsUntilDone * 1000]
        : [before + each * GAP, before + each];
    const ends = held || !outcome ? Number.POSITIVE_INFINITY : Math.max(due, outcome.at);
    before = ends;
    return { begins, ends, fetched: outcome !== undefined && !isUnread(item), failure: failureOf(item) };
  });
}

/** The slide could not be had, or is not the one announced. */
function isUnread({ download, input }: Item): boolean {
  const { outcome } = download;
  const announced = input.metadata.checksum_base64_crc32c ?? input.metadata.checksum_crc32c;
  return outcome?.problem !== undefined || (outcome !== undefined && outcome.checksum !== announced);
}

function failureOf(item: Item): Failure | undefined {
  if (item.end === 'system-error') {
    const message = 'An unknown system error occurred during the item execution';
    return { reason: 'SYSTEM_ERROR', code: 'SYSTEM.UNKNOWN', message };
  }
  const invalid = (why: string): Failure => ({
    ...{ reason: 'USER_ERROR', code: 'APPLICATION.INPUT_INVALID', message: INVALID + why },
  });
  const { outcome } = item.download;
  if (outcome?.problem !== undefined) {
    return invalid(outcome.problem);
  }
  if (isUnread(item)) {
    return invalid('The CRC32C checksum of the downloaded file is not the one in the metadata');
  }
  return item.end === 'user-error' ? invalid('The slide shows too little tissue to be analysed') : undefined;
}

/** What ends a run before its items have all ended: the user, the platform, or the deadline; the first of them. */
function stopOf(run: Run, courses: Course[], threshold: number, at: number): Stop | undefined {
  const stops: Stop[] = [];
  if (run.canceledAt !== undefined) {
    const skipped = `${CANCELED} by the user before the item was processed.`;
    stops.push({ at: run.canceledAt, reason: 'CANCELED_BY_USER', code: null, message: null, skipped });
  }
  if (run.scheduling?.deadline) {
    const skipped = `${CANCELED} because its deadline had passed.`;
    const [code, message] = ['SCHEDULER.DEADLINE_EXCEEDED', 'Run canceled because its deadline has passed.'];
    stops.push({ at: Date.parse(run.scheduling.deadline), reason: 'CANCELED_BY_SYSTEM', code, message, skipped });
  }
  const failed = courses.filter(({ failure }) => failure).map(({ ends }) => ends);
  const tooMany = failed.sort((a, b) => a - b)[threshold];
  if (tooMany !== undefined) {
    const message = `Run canceled given errors on more than ${threshold} items.`;
    const skipped = `${CANCELED} given errors on more than ${threshold} items.`;
    const code = 'SCHEDULER.ITEMS_WITH_ERROR_THRESHOLD_REACHED';
    stops.push({ at: tooMany, reason: 'CANCELED_BY_SYSTEM', code, message, skipped });
  }
  const last = Math.max(...courses.map(({ ends }) => ends));
  // The failure that is one too many may be the last item's; anything else comes too late then.
  const inTime = (stop: Stop) => stop.at < last || stop.at === tooMany;
  const [first] = stops.filter((stop) => stop.at <= at && inTime(stop)).sort((a, b) => a.at - b.at);
  return first;
}

const WAITING = { reason: null, errorCode: null, errorMessage: null, terminatedAt: null };

function itemAt({ begins, ends, fetched, failure }: Course, stop: Stop | undefined, at: number): ItemProgress {
  const until = Math.min(at, stop?.at ?? Number.POSITIVE_INFINITY);
  const begun = fetched && begins <= until;
  if (ends <= until) {
    const terminated = { state: 'TERMINATED', terminatedAt: ends, begun } as const;
    return failure
      ? { ...terminated, reason: failure.reason, errorCode: failure.code, errorMessage: failure.message }
      : { ...terminated, reason: 'SUCCEEDED', errorCode: null, errorMessage: null };
  }
  if (stop) {
    const skipped = { reason: 'SKIPPED', errorCode: null, errorMessage: stop.skipped } as const;
    return { state: 'TERMINATED', terminatedAt: stop.at, begun, ...skipped };
  }
  return { state: begins <= at ? 'PROCESSING' : 'PENDING', begun, ...WAITING };
}
