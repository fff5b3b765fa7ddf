import { z } from 'zod';

const reason = z.object({ code: z.string() }).optional();
const line = z.object({
  id: z.string(),
  status: z.string(),
  resource: z.string(),
  key: z.string(),
  endedAt: z.string().nullable(),
  reason,
});
const page = line.extend({
  task: z.string().nullable(),
  lastError: z.unknown(),
  timeline: z.array(z.object({ event: z.string(), detail: z.record(z.string(), z.unknown()) })),
  written: z.array(z.object({ part: z.string(), reference: z.string() })),
});
export type OrderLine = z.infer<typeof line>;
export type OrderPage = z.infer<typeof page>;

/** The adapter's API as an operator uses it. */
export function api(adapterUrl: string, token: string) {
  const call = async (path: string, method = 'GET'): Promise<unknown> => {
    const response = await fetch(`${adapterUrl}/api${path}`, { method, headers: { Authorization: `Bearer ${token}` } });
    return response.json();
  };
  return {
    list: async (): Promise<OrderLine[]> =>
      z.object({ orders: z.array(line) }).parse(await call('/orders?limit=200')).orders,
    order: async (id: string): Promise<OrderPage> => page.parse(await call(`/orders/${id}`)),
    retry: (id: string): Promise<unknown> => call(`/orders/${id}/retry`, 'POST'),
  };
}
