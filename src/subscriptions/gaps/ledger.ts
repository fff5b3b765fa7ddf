/** Where the numbers of a site's Subscriptions are kept: a cursor each, and one that lists them. */
import { z } from 'zod';
import type { Cursors } from '../../orders/types.ts';
import { formatState, type GapState, parseState } from './state.ts';

export interface GapLedger {
  /** The Subscriptions that were heard of, the latest last. */
  list(): Promise<string[]>;
  get(subscription: string): Promise<GapState | undefined>;
  put(subscription: string, state: GapState): Promise<void>;
  forget(subscription: string): Promise<void>;
}

/** A site has a handful; whoever may notify us can name any number of others. */
const MOST = 50;
const LIST = 'gaps';
const nameOf = (subscription: string) => `gaps:${subscription}`;
const listSchema = z.array(z.string());

export function openLedger(cursors: Cursors, site: string): GapLedger {
  async function list(): Promise<string[]> {
    try {
      return listSchema.parse(JSON.parse((await cursors.get(site, LIST)) ?? '[]'));
    } catch {
      return [];
    }
  }
  return {
    list,
    get: async (subscription) => parseState(await cursors.get(site, nameOf(subscription))),
    async put(subscription, state) {
      const known = await list();
      if (!known.includes(subscription)) {
        for (const forgotten of known.slice(0, 1 - MOST)) {
          await cursors.set(site, nameOf(forgotten), '');
        }
        await cursors.set(site, LIST, JSON.stringify([...known.slice(1 - MOST), subscription]));
      }
      await cursors.set(site, nameOf(subscription), formatState(state));
    },
    async forget(subscription) {
      const known = await list();
      await cursors.set(site, LIST, JSON.stringify(known.filter((other) => other !== subscription)));
      await cursors.set(site, nameOf(subscription), '');
    },
  };
}
