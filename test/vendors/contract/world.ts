/** One database, one engine rig, one simulator, and the orders that go through them one after another. */
import assert from 'node:assert/strict';
import { silentLog } from '../../../src/log.ts';
import type { Order } from '../../../src/orders/order.ts';
import type { Database } from '../../../src/orders/store/database.ts';
import { giveAnswer, requestRetry } from '../../../src/orders/store/tell-order.ts';
import { readTimeline, type TimelineRow } from '../../../src/orders/store/timeline.ts';
import type { VendorHttp, VendorRequest } from '../../../src/vendors/http.ts';
import { openVendorHttp } from '../../../src/vendors/http-client.ts';
import { engineRig, type Rig } from '../../support/engine-rig.ts';
import { memoryEhr } from '../../support/memory-ehr.ts';
import type { ContractOptions, OpenedVendor } from './options.ts';

/** What became of one order. */
export interface Ending {
  order: Order;
  timeline: TimelineRow[];
  /** What was billed or created meanwhile, by the ledger's names. */
  billed: Record<string, number>;
  /** The findings of each publication, in their order. */
  published: unknown[];
  /** Results stored, and how many of them as the last word. */
  results: { all: number; final: number };
}

/** Stands between the vendor and its simulator; `around` may look, fail before, or lose the answer after. */
export interface Line {
  requests: VendorRequest[];
  around: (request: VendorRequest, index: number, send: VendorHttp['request']) => ReturnType<VendorHttp['request']>;
}

export interface World {
  database: Database;
  rig: Rig;
  opened: OpenedVendor;
  line: Line;
  /** A new order's id; the ledger counts for it from here on. */
  newOrder(): Promise<string>;
  /** Lets the order come to rest, doing what a person would: answering, and releasing what is held in doubt. */
  finish(id: string): Promise<Ending>;
  /** Lets the order come to rest, ended or held; only its questions are answered. */
  rest(id: string): Promise<Order>;
  /** Answers what the order asks, as the test file says. */
  answer(order: Order): Promise<void>;
  /** The settings that a route has from now on. */
  configure(settings: Record<string, unknown>): void;
  close(): Promise<void>;
}

const MOST_ROUNDS = 20;

/** Time does not run past a question that somebody is there to answer. */
const isAtRest = ({ status, leg, nextAt, answer }: Order): boolean =>
  leg === 'ended' || (status === 'held' && nextAt === null) || (status === 'waiting' && answer === null);

export async function openWorld(options: ContractOptions, database: Database): Promise<World> {
  const { vendor, answers = {} } = options;
  const opened = await options.openVendor();
  const settings = vendor.settings.parse(opened.settings);
  const client = opened.http ? undefined : openVendorHttp({ ...reach(settings), vendor: vendor.title, log: silentLog });
  const real = opened.http ?? client ?? assert.fail('no client');
  const line: Line = { requests: [], around: (request, _index, send) => send(request) };
  const rig = await engineRig({
    database,
    vendor,
    ehr: memoryEhr(options.reading, options.pictures, options.slides),
    ...(opened.storage && { storage: opened.storage }),
    ...(options.on !== undefined && { on: options.on }),
    settings,
    routeOptions: vendor.options.parse(options.options ?? {}),
    http: {
      request(request) {
        line.requests.push(request);
        return line.around(request, line.requests.length - 1, (sent) => real.request(sent));
      },
    },
  });
  let last = 0;
  let before: Record<string, number> = {};

  function reach(parsed: unknown) {
    const { baseUrl, timeout } = vendor.connect(parsed);
    return { baseUrl, headers: () => ({}), ...(timeout !== undefined && { timeout }) };
  }

  async function answer(order: Order): Promise<void> {
    const question = order.question?.id ?? '';
    const value = answers[question] ?? (order.question ? options.answer?.(order.question) : undefined);
    assert.ok(value !== undefined, `nobody answers ${question}: name it in the suite's answers`);
    await giveAnswer(database, order.id, { id: question, value, by: 'suite' }, rig.clock.now());
  }

  async function rest(id: string): Promise<Order> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const order = await rig.settle(id, isAtRest);
      if (order.status !== 'waiting') {
        return order;
      }
      await answer(order);
    }
    return assert.fail('the order keeps asking');
  }

  async function finish(id: string): Promise<Ending> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const order = await rest(id);
      if (order.status !== 'held' || order.reason?.code !== 'effect-unknown') {
        return endingOf(order);
      }
      await requestRetry(database, order.id, { by: 'suite' }, rig.clock.now());
    }
    return assert.fail('the order is held again and again');
  }

  async function endingOf(order: Order): Promise<Ending> {
    const ledger = await opened.ledger();
    const [results] = await database.query<{ all: number; final: number }>(
      'select count(*)::int as "all", (count(*) filter (where final))::int as "final" from results where order_id = $1',
      [order.id],
    );
    return {
      order,
      timeline: await readTimeline(database, order.id),
      billed: Object.fromEntries(
        Object.entries(ledger)
          .map(([key, times]): [string, number] => [key, times - (before[key] ?? 0)])
          .filter(([, times]) => times > 0),
      ),
      published: (rig.ehr.published.get(order.key) ?? []).map(({ findings }) => alike(findings, options.varies)),
      results: results ?? { all: 0, final: 0 },
    };
  }

  return {
    database,
    rig,
    opened,
    line,
    finish,
    rest,
    answer,
    async newOrder() {
      before = await opened.ledger();
      line.requests = [];
      line.around = (request, _index, send) => send(request);
      last++;
      return `order-${last}`;
    },
    configure(raw) {
      rig.route.settings = vendor.settings.parse(raw);
    },
    async close() {
      await rig.stop();
      await client?.close();
      await opened.close();
      await database.close();
    },
  };
}

/** Findings without the vendor's own job ids, and what else differs from run to run, wherever they stand. */
function alike(findings: { jobs: string[] }, varies: RegExp[] = []): unknown {
  const text = findings.jobs.reduce(
    (all, job) => all.replaceAll(job, 'job'),
    JSON.stringify({ ...findings, jobs: [] }),
  );
  return JSON.parse(varies.reduce((all, one) => all.replaceAll(one, 'varies'), text));
}
