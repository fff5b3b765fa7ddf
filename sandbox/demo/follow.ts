import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';

const page = z.object({
  id: z.string(),
  status: z.string(),
  task: z.string().nullable(),
  reason: z.object({ text: z.string() }).optional(),
  question: z
    .object({ id: z.string(), text: z.string(), number: z.object({ exactly: z.number().optional() }).optional() })
    .nullable(),
  timeline: z.array(z.object({ at: z.string(), event: z.string(), detail: z.record(z.string(), z.unknown()) })),
});
const list = z.object({ orders: z.array(z.object({ id: z.string(), resource: z.string() })) });

export interface FollowedOrder {
  id: string;
  status: string;
  task: string;
  reason: string | undefined;
  /** What a person is asked, while it waits. */
  question: AskedQuestion | undefined;
  /** How many events of its timeline have been printed. */
  shown: number;
}

type AskedQuestion = NonNullable<z.output<typeof page>['question']>;

const ENDED = new Set(['completed', 'rejected', 'failed', 'cancelled']);
const WAITING = new Set(['held', 'waiting']);

/** Whether only a person can have it go on. */
export const isWaiting = ({ status }: Pick<FollowedOrder, 'status'>): boolean => WAITING.has(status);

/** Milliseconds between two looks: at an order that has just been placed, and at one that waits for a person. */
const PAUSES = { placed: 50, waiting: 500 } as const;

type Words = (detail: Record<string, unknown>, vendor: string) => string;

/** What the timeline's events mean, in words; what is not named here is not worth a line. */
const WORDS: Record<string, Words> = {
  admitted: () => 'The notification is stored, and the order matches its route',
  read: ({ bytes }) => `Everything it refers to is read and checked (${bytes} bytes)`,
  task: ({ status }) => `The Task in the EHR says ${status}`,
  accepted: () => 'The order is complete enough to be done',
  'effect-started': ({ key }, vendor) => `${vendor} is asked for ${key} (written ahead)`,
  'effect-answered': ({ key, ms }, vendor) => `${vendor} has taken ${key} (${ms} ms)`,
  'vendor-status': ({ status }, vendor) => `${vendor}: ${status}`,
  'vendor-note': ({ text }, vendor) => `${vendor}: ${text}`,
  result: (_detail, vendor) => `The result of ${vendor} is complete`,
  written: ({ resources }) => `${resources} results stand in the EHR, written in one transaction and read back`,
  held: ({ code }) => `The order waits for an operator: ${code}`,
  asked: ({ question }) => `The order asks a person: ${question}`,
  answered: ({ value }) => `A person has answered: ${value}`,
  'retry-later': ({ code, seconds }) => `${code}: tried again in ${seconds} s`,
};

/** Prints an order's timeline as it grows, until it has ended or waits for a person. Rejects when `signal` is aborted. */
export async function followOrder(options: {
  adapterUrl: string;
  token: string;
  /** The ordering resource: `DocumentReference/1`. */
  resource: string;
  /** As people know the vendor. */
  vendor: string;
  /** `seconds`: since the orders were placed. */
  say(seconds: number, line: string): void;
  /** When the orders were placed; milliseconds. */
  begun: number;
  /** Goes on from where it waited: until it has ended or waits for something else. */
  from?: FollowedOrder;
  signal: AbortSignal;
}): Promise<FollowedOrder> {
  const { adapterUrl, resource, vendor, say, begun, from, signal } = options;
  const get = async (path: string): Promise<unknown> => {
    const headers = { Authorization: `Bearer ${options.token}` };
    return (await fetch(`${adapterUrl}/api${path}`, { headers, signal })).json();
  };
  let id = from?.id;
  let shown = from?.shown ?? 0;
  for (;;) {
    id ??= list.parse(await get('/orders?limit=50')).orders.find((order) => order.resource === resource)?.id;
    if (id !== undefined) {
      const { status, task, reason, timeline, question } = page.parse(await get(`/orders/${id}`));
      for (const { at, event, detail } of timeline.slice(shown)) {
        const words = WORDS[event]?.(detail, vendor);
        if (words !== undefined) {
          say(Math.max(0, (Date.parse(at) - begun) / 1000), words);
        }
      }
      shown = timeline.length;
      const isSame = status === from?.status && question?.id === from.question?.id;
      if (task !== null && !isSame && (ENDED.has(status) || isWaiting({ status }))) {
        return { id, status, task, reason: reason?.text, question: question ?? undefined, shown };
      }
    }
    await pause(from ? PAUSES.waiting : PAUSES.placed, undefined, { signal });
  }
}
