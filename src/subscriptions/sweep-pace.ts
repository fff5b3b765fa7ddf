/** How often to sweep: by the site's cron expression while notifications come, more often while none is known to. */
import { z } from 'zod';
import type { SubscriptionsConfig } from '../config/schema.ts';
import type { Cursors } from '../orders/types.ts';
import type { SweepResult } from './sweep.ts';

export interface PushSigns {
  state(site: string): 'unknown' | 'works' | 'silent';
  /** The sweep found news that no notification had brought, changed then by the server's clock; `now` is the server's. */
  missed(site: string, changedAt: Date, now: Date): void;
}

/** The registrar's last result, as far as it matters here. */
const registeredSchema = z.looseObject({
  problem: z.string().optional(),
  subscriptions: z.array(z.looseObject({ state: z.string().optional(), status: z.string().optional() })),
});

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}

/** Whether the registrar left all our Subscriptions active; `text` is the cursor `registered`. */
function allActive(text: string | undefined): boolean {
  const { data } = registeredSchema.safeParse(json(text));
  return (
    data !== undefined &&
    data.problem === undefined &&
    data.subscriptions.length > 0 &&
    data.subscriptions.every(({ state, status }) => state !== 'failed' && (status ?? 'active') === 'active')
  );
}

export interface PaceFacts {
  config: Pick<SubscriptionsConfig, 'dialect' | 'channel' | 'register'>;
  health: 'unknown' | 'works' | 'silent';
  /** The WebSocket is open. */
  connected: boolean;
  /** What the registrar remembers. */
  registered: string | undefined;
}

/** Whether a notification can be counted on. Pure. */
export function pushWorks({ config, health, connected, registered }: PaceFacts): boolean {
  if (config.dialect === 'none' || health === 'silent') {
    return false;
  }
  if (config.channel === 'websocket') {
    return connected;
  }
  // Where an administrator registers, the first notification is what tells.
  return health === 'works' || (config.register && allActive(registered));
}

/** The last sweep, for the console and for the next one; kept under the cursor `swept`. */
const sweptSchema = z.looseObject({
  at: z.iso.datetime(),
  seen: z.number(),
  orders: z.number(),
  told: z.number(),
  reread: z.number(),
  /** An error's code. */
  problem: z.string().optional(),
  /** The problem in words. */
  advice: z.string().optional(),
  /** Until when the server wants to be left alone. */
  pausedUntil: z.iso.datetime().optional(),
});
export type LastSweep = z.infer<typeof sweptSchema>;

const NAME = 'swept';
/** A server that names a longer time is asked once a day. */
const DAY = 86_400;

/** undefined: none was made yet. */
export async function lastSweep(cursors: Cursors, site: string): Promise<LastSweep | undefined> {
  return sweptSchema.safeParse(json(await cursors.get(site, NAME))).data;
}

export async function rememberSweep(cursors: Cursors, { site, swept, reread, pause }: SweepResult, now: Date) {
  const sum = (of: 'seen' | 'orders' | 'told') => swept.reduce((total, one) => total + one[of], 0);
  const failed = swept.find(({ problem }) => problem !== undefined);
  const remembered: LastSweep = {
    at: now.toISOString(),
    seen: sum('seen'),
    orders: sum('orders'),
    told: sum('told'),
    reread,
    ...(failed?.problem !== undefined && { problem: failed.problem }),
    ...(failed?.advice !== undefined && { advice: failed.advice }),
    ...(pause !== undefined && { pausedUntil: new Date(now.getTime() + Math.min(pause, DAY) * 1000).toISOString() }),
  };
  await cursors.set(site, NAME, JSON.stringify(remembered));
}
