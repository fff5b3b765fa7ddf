import { AdapterError } from '../errors.ts';
import type { Answer, Context, Part, VendorOrder } from '../vendors/contract.ts';
import type { Hand } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import type { Sql } from './store/database.ts';
import { addDisclosure, listParts, putParts, readInput } from './store/order-data.ts';

/** The order as a vendor is told of it. */
export function vendorOrder(order: Order, snapshot: OrderSnapshot, options: unknown): VendorOrder {
  return {
    key: order.key,
    site: order.site,
    route: order.route,
    options,
    focus: snapshot.focus,
    ...(snapshot.patient && { patient: snapshot.patient }),
    inputs: snapshot.inputs,
    pseudonym: snapshot.pseudonym,
  };
}

/**
 * The context of one step. Parts that the vendor puts are gathered and stored together with the step's outcome, under the
 * order's fence: call `store` in that transaction.
 */
export function vendorContext(
  hand: Hand,
  order: Order,
  snapshot: OrderSnapshot,
  answer: Answer | undefined,
): { context: Context; store: (sql: Sql) => Promise<void> } {
  const { database, clock, route } = hand;
  const put = new Map<string, Part>();

  const bytesOf = async (input: string): Promise<Uint8Array> => {
    const bytes = await readInput(database, order.id, input);
    if (!bytes) {
      throw new AdapterError('input-unavailable', `The order has no input ${input}`);
    }
    return bytes;
  };

  const context: Context = {
    settings: route.settings,
    order: vendorOrder(order, snapshot, route.options),
    http: route.http,
    text: async (input) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(await bytesOf(input)),
    bytes: async (input) => new Blob([new Uint8Array(await bytesOf(input))]).stream(),
    parts: {
      async list<Data>() {
        const rows = new Map((await listParts(database, order.id, order.run)).map((part) => [part.name, part]));
        for (const part of put.values()) {
          rows.set(part.name, part);
        }
        // A vendor reads back what it put: the type is its own.
        return [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) as Part<Data>[];
      },
      async put(parts) {
        for (const part of parts) {
          put.set(part.name, part);
        }
      },
    },
    memory: route.memory,
    ...(answer && { answer }),
    disclose: (fields, input) =>
      addDisclosure(database, {
        at: clock.now(),
        site: order.site,
        vendor: order.vendor,
        orderKey: order.key,
        ...(input !== undefined && { input }),
        fields,
      }),
    signal: hand.signal,
    now: () => clock.now(),
  };
  return { context, store: (sql) => putParts(sql, order.id, order.run, [...put.values()]) };
}
