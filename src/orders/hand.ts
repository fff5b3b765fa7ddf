/** What the engine has in hand while it works on one order: where to reach everything, and whether to stop. */
import type { Log } from '../log.ts';
import type { Clock } from './clock.ts';
import type { Order } from './order.ts';
import type { RouteRuntime, SiteRuntime } from './site.ts';
import type { Database, Sql } from './store/database.ts';
import type { TimelineEvent } from './store/timeline.ts';

/** Counts and times, for /metrics; the engine works without. */
export interface EngineMeter {
  stage(labels: { site: string; route: string; vendor: string; stage: string }, seconds: number): void;
  outcome(labels: { site: string; route: string; vendor: string; outcome: string }): void;
  effect(labels: { site: string; route: string; vendor: string; effect: string; outcome: string }): void;
}

export interface EngineServices {
  database: Database;
  sites: Map<string, SiteRuntime>;
  clock: Clock;
  log: Log;
  meter: EngineMeter;
  /** Where the vendor may tell us that there is news of an order; absent where nobody could reach us, or nothing is signed. */
  callbackUrl?: ((order: Order) => string) | undefined;
  /** 0 ≤ x < 1, for jitter. */
  random(): number;
  /**
   * Called between any two things that a crash can part, named. Production does nothing here; the contract suite stops
   * the engine dead at each of them.
   */
  checkpoint(name: string, order: Order): Promise<void>;
}

export interface Hand extends EngineServices {
  site: SiteRuntime;
  route: RouteRuntime;
  /** Aborted when the lease is lost or the process has to stop now. */
  signal: AbortSignal;
  /** The Task could not be written in this round: the work goes on, and it is tried again later. */
  taskFailed: boolean;
  /** The vendor could not be asked to stop the order in this round: until it could, nothing else is done for it. */
  stopFailed: boolean;
  /** The credential whose breaker has let this order through to try, and when; the vendor's step uses it up. */
  turn: { credential: string; at: Date } | undefined;
}

/** What one step did: the order as it shall stand, and the rows that belong to it. */
export interface StepDone {
  order: Order;
  events: TimelineEvent[];
  also?: (sql: Sql) => Promise<void>;
  consumed?: { news?: boolean; cancel?: boolean; retry?: boolean };
  /** It wrote the Task, and nothing else. */
  task?: boolean;
  /** The order was none (a draft, an unchanged note) and is forgotten. */
  forget?: boolean;
}
