import { AdapterError } from '../errors.ts';
import type { Answer, Context, OrderInput, Part, ResultFile, VendorOrder } from '../vendors/contract.ts';
import type { Hand } from './hand.ts';
import { openKeptFiles } from './keep-file.ts';
import { openKeepOn } from './keep-on.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { openStaging } from './staging.ts';
import type { Sql } from './store/database.ts';
import { listFiles, putFiles } from './store/files.ts';
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
    ...(snapshot.specimens && { specimens: snapshot.specimens }),
    pseudonym: snapshot.pseudonym,
  };
}

/**
 * The context of one step. Parts and files that the vendor puts, and what was copied of its slides, are gathered and stored
 * together with the step's outcome, under the order's fence: call `store` in that transaction. `isCopying`: slides were
 * copied, which says nothing of the vendor.
 */
export function vendorContext(
  hand: Hand,
  order: Order,
  snapshot: OrderSnapshot,
  answer: Answer | undefined,
): { context: Context; store: (sql: Sql) => Promise<void>; isCopying: () => boolean } {
  const { database, clock, route, site, signal } = hand;
  const put = new Map<string, Part>();
  const files = new Map<string, ResultFile>();

  const inputOf = (name: string): OrderInput => {
    const input = snapshot.inputs.find((one) => one.name === name);
    if (!input) {
      throw new AdapterError('input-unavailable', `The order has no input ${name}`);
    }
    return input;
  };
  const bytesOf = async (name: string): Promise<Uint8Array> => {
    const bytes = await readInput(database, order.id, inputOf(name).name);
    if (!bytes) {
      throw new AdapterError('input-unavailable', `The bytes of ${name} are not kept`);
    }
    return bytes;
  };

  const staging = openStaging({
    ...{ database, storage: site.storage, order, inputOf, signal },
    openSlide: (input) => site.ehr.openSlide(input),
    deidentified: site.slidesDeidentified,
  });
  const keeping = { database, storage: site.storage, order, signal };
  const kept = openKeptFiles(keeping);
  const keptOn = openKeepOn(keeping);

  const context: Context = {
    settings: route.settings,
    order: vendorOrder(order, snapshot, route.options),
    http: route.http,
    text: async (input) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(await bytesOf(input)),
    picture: async (input) => site.ehr.openPicture(inputOf(input)),
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
    files: {
      async list() {
        const stored = await listFiles(database, order.id, order.run);
        return [...new Set([...stored.map(({ name }) => name), ...files.keys(), ...(await kept.names())])].sort();
      },
      async put(file) {
        files.set(file.name, file);
      },
      keep: kept.keep,
      keepOn: keptOn.keepOn,
      read: kept.read,
    },
    slides: staging.slides,
    memory: route.memory,
    secrets: route.secrets,
    ...(answer && { answer }),
    ...(hand.callbackUrl && { callbackUrl: hand.callbackUrl(order) }),
    disclose: (fields, input) =>
      addDisclosure(database, {
        at: clock.now(),
        site: order.site,
        vendor: order.vendor,
        orderKey: order.key,
        ...(input !== undefined && { input }),
        fields,
      }),
    signal,
    now: () => clock.now(),
  };
  return {
    context,
    isCopying: staging.isCopying,
    async store(sql) {
      await putParts(sql, order.id, order.run, [...put.values()]);
      await putFiles(sql, order.id, order.run, [...files.values()]);
      await keptOn.store(sql);
      await staging.store(sql);
    },
  };
}
