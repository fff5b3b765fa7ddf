/** What a ledger says of waiting runs: requests by minute, and how late their ends were noticed. */
import type { LedgerCall } from '../sandbox/ledger.ts';
import { median } from './processes.ts';

/** What a look at runs calls; the rest fetches the results of those that have ended. */
const LOOKS = ['GET /v1/runs', 'GET /v1/runs/{run_id}'];

/** What the ledger says of the counted time. */
export interface Figures {
  ended: number;
  /** Requests by minute: to learn how the runs are, and for the results of those that ended. */
  looks: number[];
  results: number[];
  /** Requests of the counted time by endpoint. */
  endpoints: Record<string, number>;
  /** Seconds from the end of a run until its order asks for its items: one figure for each, ascending. */
  late: number[];
  /** Runs that ended and were not noticed within the counted time. */
  unnoticed: number;
}

export interface WaitingResult extends Figures {
  waiting: number;
  adapters: number;
  minutes: number;
  /** What the adapters warned of, and how often. */
  warnings: Record<string, number>;
}

/** What the calls come to that were made from `from` on (milliseconds since 1970); `run`: minutes that a run takes. */
export function judged(
  all: readonly LedgerCall[],
  { from, minutes, run: length }: { from: number; minutes: number; run: number },
): Figures {
  // The vendor's own fetching of slides stands in the ledger, too.
  const calls = all.filter(({ endpoint, at }) => endpoint !== 'GET (slide)' && Date.parse(at) >= from);
  const endpoints: Record<string, number> = {};
  const looks = Array.from({ length: minutes }, () => 0);
  const results = Array.from({ length: minutes }, () => 0);
  for (const { endpoint, at } of calls) {
    const counts = LOOKS.includes(endpoint) ? looks : results;
    const minute = Math.floor((Date.parse(at) - from) / 60_000);
    counts[minute] = (counts[minute] ?? 0) + 1;
    endpoints[endpoint] = (endpoints[endpoint] ?? 0) + 1;
  }
  const runOf = ({ keys }: LedgerCall): string => keys?.run_id ?? '';
  const noticed = new Map<string, number>();
  for (const call of calls.filter(({ endpoint }) => endpoint === 'GET /v1/runs/{run_id}/items')) {
    noticed.set(runOf(call), noticed.get(runOf(call)) ?? Date.parse(call.at));
  }
  const ended = all
    .filter(({ endpoint }) => endpoint === 'POST /v1/runs')
    .map((call) => ({ run: runOf(call), at: Date.parse(call.at) + length * 60_000 }))
    .filter(({ at }) => at < from + minutes * 60_000);
  const late = ended.flatMap(({ run, at }) => {
    const seen = noticed.get(run);
    return seen === undefined ? [] : [(seen - at) / 1000];
  });
  return {
    ...{ ended: ended.length, looks, results, endpoints },
    late: late.sort((a, b) => a - b),
    unnoticed: ended.length - late.length,
  };
}

const mean = (figures: readonly number[]): number => figures.reduce((sum, one) => sum + one, 0) / figures.length;

export function waitingLines({ looks, results, late, ...result }: WaitingResult): string[] {
  const row = (name: string, figures: number[]): string =>
    `${name.padEnd(33)} ${mean(figures).toFixed(1).padStart(12)} ${Math.max(...figures)
      .toFixed(0)
      .padStart(8)}`;
  const { waiting, ended, adapters, minutes, unnoticed } = result;
  return [
    `${waiting} orders wait for their runs at Aignostics, ${ended} more end: ${adapters} adapters, ${minutes} minutes`,
    '',
    'requests a minute                         mean     most',
    row('how are the runs', looks),
    row('results of those that ended', results),
    '',
    `most ${Math.max(...looks)} a minute (goal: at most 15); an end is noticed after ${median(late).toFixed(0)} s in the middle, ${(late.at(-1) ?? 0).toFixed(0)} s at most, ${unnoticed} not at all`,
  ];
}
