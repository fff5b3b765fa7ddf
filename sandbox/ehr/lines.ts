/** The way of each notification to its endpoint: in its Subscription's line or beside it, as fate has it. */
import type { Misfortune } from './mishaps.ts';
import type { Sender } from './sender.ts';
import type { Mishaps } from './types.ts';

export interface Lines {
  /**
   * Sends one notification of a Subscription: behind what was sent before, where the server keeps an order. Resolves
   * once the next one may go, which is at once where this one is lost or late. `mishaps`: as they were when the change
   * was made; default: as they are.
   */
  post(subscription: string, send: () => Promise<void>, mishaps?: Mishaps): Promise<void>;
}

export interface LinesOptions {
  sender: Sender;
  misfortune: Misfortune;
  /** Whether later notifications wait behind the one that is being sent and retried. */
  inOrder: boolean;
  /** Milliseconds that an overtaken notification waits at most for the one that overtakes it. */
  behindMs: number;
  giveUp(subscription: string, status: 'off' | 'error'): void;
}

export function openLines({ sender, misfortune, inOrder, behindMs, giveUp }: LinesOptions): Lines {
  const last = new Map<string, Promise<void>>();
  /** Overtaken notifications, which go once another one of their Subscription has gone. */
  const held = new Map<string, (() => void)[]>();

  function inLine(subscription: string, send: () => Promise<void>): Promise<void> {
    const before = inOrder ? last.get(subscription) : undefined;
    const mine = (before ?? Promise.resolve()).then(send).finally(() => {
      const waiting = held.get(subscription) ?? [];
      held.delete(subscription);
      for (const go of waiting) {
        go();
      }
    });
    last.set(subscription, mine);
    sender.track(mine);
    return mine.catch(() => undefined);
  }

  function behind(subscription: string): Promise<void> {
    const overtaken = new Promise<void>((resolve) => {
      held.set(subscription, [...(held.get(subscription) ?? []), resolve]);
    });
    return Promise.race([overtaken, sender.pause(behindMs)]);
  }

  return {
    async post(subscription, send, mishaps) {
      const { copies, ends } = misfortune.next(mishaps);
      if (ends) {
        giveUp(subscription, ends);
      }
      const waits: Promise<void>[] = [];
      for (const { delayMs, overtaken } of copies) {
        if (delayMs === 0 && !overtaken) {
          waits.push(inLine(subscription, send));
        } else {
          const late = overtaken ? behind(subscription).then(() => sender.pause(delayMs)) : sender.pause(delayMs);
          sender.track(late.then(send));
        }
      }
      await Promise.all(waits);
    },
  };
}
