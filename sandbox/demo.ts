/** What `npm start` shows without a configuration: a sandbox, the configuration of an adapter for it, the examples' way. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { demoConfiguration } from './demo/configuration.ts';
import { type FollowedOrder, followOrder, isWaiting } from './demo/follow.ts';
import { showOrder } from './demo/show-order.ts';
import { whereToLook } from './demo/where-to-look.ts';
import { EXAMPLES, type Example } from './examples/index.ts';
import { type PlacedOrder, placeExample } from './examples/place-order.ts';
import { openSandbox, PATHS } from './index.ts';
import { ehrSettings, port, readSettings } from './settings.ts';

export interface Demo {
  /** The configuration of the adapter, as a user would write it. */
  configText: string;
  /**
   * Places the example orders and prints their way until each has ended or waits for a person; then where to look. Settles
   * when done. Those that wait are followed further all the same.
   */
  follow(): Promise<void>;
  /** Stops following. */
  stop(): void;
  close(): Promise<void>;
}

interface Placed extends PlacedOrder {
  example: Example;
}

const environment = z.object({ PORT: port(1, 8080), SANDBOX_PORT: port(1, 8090), ...ehrSettings });

/** Opens the sandbox. Rejects with one line for a person where a port is taken, with WrongSettings where a setting is wrong. */
export async function openDemo(env: Record<string, string | undefined>, say: (line: string) => void): Promise<Demo> {
  const settings = readSettings(environment, env);
  const { PORT, SANDBOX_PORT, SANDBOX_EHR_MANNER: manner, SANDBOX_TRANSACTIONS: transactions } = settings;
  const sandbox = await openSandbox({ port: SANDBOX_PORT, manner, transactions }).catch((error: unknown) => {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw taken ? new Error(`Port ${SANDBOX_PORT} is in use; set SANDBOX_PORT to another one`) : error;
  });
  const folder = await mkdtemp(join(tmpdir(), 'fhir-ai-adapter-'));
  // However this process ends: when the adapter's port is taken, nobody comes to close us.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const token = `sandbox-${randomBytes(12).toString('hex')}`;
  const adapterUrl = `http://127.0.0.1:${PORT}`;
  const ehrUrl = `${sandbox.url}${PATHS.ehr}`;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function follow(): Promise<void> {
    say(`The sandbox is up at ${sandbox.url}, the adapter at ${adapterUrl}.\n`);
    for (const { story } of EXAMPLES) {
      say(`${story}\n`);
    }
    await subscribed(adapterUrl, signal);
    const begun = Date.now();
    const placed: Placed[] = [];
    for (const example of EXAMPLES) {
      placed.push({ example, ...(await placeExample(ehrUrl, example.resources())) });
    }
    say('The orders stand in the EHR, which notifies the adapter:\n');
    for (const { example, order } of placed) {
      say(`  ${example.route.padEnd(WIDTH)}  ${order}`);
    }
    say('');
    const go = ({ example, order }: Placed, from?: FollowedOrder) =>
      followOrder({
        ...{ adapterUrl, token, resource: order, vendor: example.vendor, begun, signal, ...(from && { from }) },
        say: (seconds, line) => say(`  ${seconds.toFixed(2).padStart(6)} s  ${example.route.padEnd(WIDTH)}  ${line}`),
      });
    const show = ({ example: { route } }: Placed, order: FollowedOrder) =>
      showOrder({ adapterUrl, ehrUrl, token, route, order, say });

    const followed = await Promise.all(placed.map(async (one) => ({ one, order: await go(one) })));
    for (const { one, order } of followed) {
      await show(one, order);
    }
    const [first] = placed;
    const order = followed[0]?.order.id ?? '';
    say(whereToLook({ adapterUrl, ehrUrl, sandboxUrl: sandbox.url, token, patient: first?.patient ?? '', order }));
    for (const { one, order } of followed) {
      void orSay(async () => {
        let last = order;
        while (isWaiting(last)) {
          last = await go(one, last);
          await show(one, last);
        }
      });
    }
  }

  /** Says so where it fails, unless that is because we have stopped. */
  async function orSay(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) {
        say(`The examples could not be followed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  return {
    configText: demoConfiguration({ port: PORT, adapterUrl, ehrUrl, vendorsUrl: sandbox.url, folder, token }),
    follow: () => orSay(follow),
    stop: () => stopping.abort(),
    async close() {
      stopping.abort();
      await sandbox.close();
    },
  };
}

/** Characters of the longest route's id. */
const WIDTH = Math.max(...EXAMPLES.map(({ route }) => route.length));

const readiness = z.object({ sites: z.record(z.string(), z.object({ subscriptions: z.string() })) });

/** Waits until the adapter's Subscriptions stand: an order placed before would be found by the sweep only. */
async function subscribed(adapterUrl: string, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await fetch(`${adapterUrl}/readyz`, { signal });
    const { sites } = readiness.parse(await response.json());
    if (Object.values(sites).every(({ subscriptions }) => subscriptions !== 'unknown')) {
      return;
    }
    await pause(50, undefined, { signal });
  }
}
