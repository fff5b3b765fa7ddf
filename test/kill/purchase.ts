/**
 * What may befall a purchase, in real processes: its answer is lost, the adapter is killed (-9) right before and right after
 * the call, it is approved ten times at once, by two adapters on one database, and the order is cancelled in the middle of
 * it. After each the vendor's charges are counted: one.
 *
 *   node test/kill/purchase.ts [--rounds 3]
 *
 * PostgreSQL: TEST_DATABASE_URL, in a schema of its own.
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { until } from '../support/until.ts';
import { type Adapter, openCohortWard } from './cohort-ward.ts';
import type { OnPayment } from './pay-gate.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '1' } } });
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const CLICKS = 10;
/** Seconds that an order may take: a killed process's lease has to end first. */
const PATIENCE = 60;

const lines = z.object({ orders: z.array(z.object({ id: z.string(), resource: z.string() })) });
const page = z.object({
  status: z.string(),
  reason: z.object({ text: z.string() }).nullish(),
  question: z.object({ id: z.string(), number: z.object({ exactly: z.number() }).optional() }).nullish(),
});

const ward = await openCohortWard();
let adapters: Adapter[] = [];
const first = (): Adapter => adapters[0] ?? assert.fail('no adapter is running');

async function read(id: string): Promise<z.infer<typeof page>> {
  return page.parse((await first().call(`/orders/${id}`)).body);
}

/** An order that asks for its approval, and the answer that gives it. */
async function asked(): Promise<{ id: string; answer: object }> {
  const resource = await ward.place();
  const id = await until(
    'the order',
    async () =>
      lines.parse((await first().call('/orders?limit=200')).body).orders.find((one) => one.resource === resource)?.id,
    PATIENCE,
  );
  const question = await until('the question', async () => (await read(id)).question, PATIENCE);
  return { id, answer: { question: question.id, value: question.number?.exactly ?? assert.fail('it asks no amount') } };
}

async function restart(): Promise<void> {
  await first().kill();
  adapters = [await ward.start(), ...adapters.slice(1)];
}

interface Mishap {
  name: string;
  on?: (id: string) => OnPayment;
  /** Adapters at work. */
  adapters?: number;
  clicks?: number;
  ends?: string;
}

const MISHAPS: Mishap[] = [
  { name: 'nothing' },
  {
    name: 'the answer to the payment is lost',
    on: () => async (passOn) => {
      await passOn();
      return false;
    },
  },
  {
    name: 'kill -9 right before the call',
    on: () => async () => {
      await restart();
      return false;
    },
  },
  {
    name: 'kill -9 right after the call',
    on: () => async (passOn) => {
      await passOn();
      await restart();
      return false;
    },
  },
  { name: `approved ${CLICKS} times at once`, clicks: CLICKS },
  { name: `approved ${CLICKS} times at once at two adapters`, clicks: CLICKS, adapters: 2 },
  {
    name: 'cancelled while it is being paid',
    on: (id) => async (passOn) => {
      await first().call(`/orders/${id}/cancel`, {});
      await passOn();
      return true;
    },
    ends: 'cancelled',
  },
];

async function meet({ name, on, adapters: many = 1, clicks = 1, ends = 'completed' }: Mishap): Promise<void> {
  while (adapters.length < many) {
    adapters.push(await ward.start());
  }
  const before = ward.charges();
  const { id, answer } = await asked();
  assert.equal(ward.charges(), before, 'charged before anybody approved');
  if (on) {
    ward.gate.next(on(id));
  }
  const answers = await Promise.all(
    Array.from({ length: clicks }, (_, index) =>
      (adapters[index % adapters.length] ?? first()).call(`/orders/${id}/answer`, answer),
    ),
  );
  const taken = answers.filter(({ status }) => status < 300).length;
  const end = await until(
    'the end of the order',
    async () => {
      // While the adapter is down nobody answers.
      const order = await read(id).catch(() => undefined);
      return order && ['completed', 'cancelled', 'failed', 'rejected', 'held'].includes(order.status)
        ? order
        : undefined;
    },
    PATIENCE,
  );
  const charged = ward.charges() - before;
  say(
    `${name}: ${clicks} answers, ${taken} taken; ${charged} charge(s); ${end.status}. ${end.status === 'completed' ? '' : (end.reason?.text ?? '')}`,
  );
  assert.equal(charged, 1);
  assert.equal(end.status, ends, end.reason?.text);
  for (const extra of adapters.splice(1)) {
    await extra.kill();
  }
}

try {
  adapters = [await ward.start()];
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const mishap of MISHAPS) {
      await meet(mishap);
    }
  }
  say(`${ward.charges()} charges for ${Number(values.rounds) * MISHAPS.length} orders`);
} finally {
  await ward.close();
}
