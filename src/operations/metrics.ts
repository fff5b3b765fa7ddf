import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EngineMeter } from '../orders/hand.ts';
import { listHolds } from '../orders/store/credentials.ts';
import type { Database } from '../orders/store/database.ts';
import { countDeadlines } from '../orders/store/deadlines.ts';
import { countOrders } from '../orders/store/list-orders.ts';
import { countNotifications } from '../orders/store/notifications.ts';

export interface Meters {
  registry: Registry;
  engine: EngineMeter;
  notification(site: string, outcome: string): void;
  callback(site: string, vendor: string, outcome: string): void;
  /** Whether our Subscriptions of a site are accepted and yet nothing comes. */
  silent(site: string, silent: boolean): void;
  /** Prometheus text of everything, with the tables counted now; without those counts while the database is away. */
  render(): Promise<string>;
}

const SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Counters by site, route, vendor and outcome; histograms by stage; gauges read from the database when asked. No ids. */
export function openMeters(database: Database, now: () => Date): Meters {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const orderLabels = ['site', 'route', 'vendor'] as const;
  const outcomes = new Counter({
    name: 'fhir_ai_adapter_orders_total',
    help: 'Orders that came to a status',
    labelNames: [...orderLabels, 'outcome'],
    registers,
  });
  const stages = new Histogram({
    name: 'fhir_ai_adapter_stage_seconds',
    help: 'Time of one step, by stage',
    labelNames: [...orderLabels, 'stage'],
    buckets: SECONDS,
    registers,
  });
  const effects = new Counter({
    name: 'fhir_ai_adapter_effects_total',
    help: 'Calls that must not be repeated, by what became of them',
    labelNames: [...orderLabels, 'effect', 'outcome'],
    registers,
  });
  const notifications = new Counter({
    name: 'fhir_ai_adapter_notifications_total',
    help: 'Notifications by what became of them',
    labelNames: ['site', 'outcome'],
    registers,
  });
  const callbacks = new Counter({
    name: 'fhir_ai_adapter_callbacks_total',
    help: "Vendors' callbacks by what became of them",
    labelNames: ['site', 'vendor', 'outcome'],
    registers,
  });
  const waiting = new Gauge({
    name: 'fhir_ai_adapter_orders',
    help: 'Orders by status now',
    labelNames: ['site', 'vendor', 'status'],
    registers,
  });
  const stored = new Gauge({
    name: 'fhir_ai_adapter_notifications',
    help: 'Stored notifications by state now',
    labelNames: ['state'],
    registers,
  });
  const silence = new Gauge({
    name: 'fhir_ai_adapter_notifications_silent',
    help: '1 where Subscriptions are accepted and yet nothing comes, so that only the sweep finds orders',
    labelNames: ['site'],
    registers,
  });
  const held = new Gauge({
    name: 'fhir_ai_adapter_credentials_held',
    help: 'Credentials whose orders are held now, by the reason',
    labelNames: ['site', 'vendor', 'code'],
    registers,
  });
  const deadlines = new Gauge({
    name: 'fhir_ai_adapter_deadlines',
    help: 'Orders with something to be done: open, near (within 2 days) or passed (less than 14 days ago)',
    labelNames: ['site', 'vendor', 'state'],
    registers,
  });
  const databaseUp = new Gauge({
    name: 'fhir_ai_adapter_database_up',
    help: 'Whether the database answered when it was asked for this page',
    registers,
  });
  return {
    registry,
    engine: {
      stage: (labels, seconds) => stages.observe(labels, seconds),
      outcome: (labels) => outcomes.inc(labels),
      effect: (labels) => effects.inc(labels),
    },
    notification: (site, outcome) => notifications.inc({ site, outcome }),
    callback: (site, vendor, outcome) => callbacks.inc({ site, vendor, outcome }),
    silent: (site, silent) => silence.set({ site }, silent ? 1 : 0),
    async render() {
      const [orders, states, holds, due] = await Promise.all([
        countOrders(database),
        countNotifications(database),
        listHolds(database),
        countDeadlines(database, now()),
      ]).catch(() => [undefined, undefined, undefined, undefined] as const);
      databaseUp.set(orders ? 1 : 0);
      waiting.reset();
      for (const { count, ...labels } of orders ?? []) {
        waiting.set(labels, count);
      }
      held.reset();
      for (const { site, vendor, reason } of holds ?? []) {
        held.inc({ site, vendor, code: reason.code });
      }
      deadlines.reset();
      for (const { count, ...labels } of due ?? []) {
        deadlines.set(labels, count);
      }
      stored.reset();
      for (const [state, count] of Object.entries(states ?? {})) {
        stored.set({ state }, count);
      }
      return registry.metrics();
    },
  };
}
