/** HTTP requests to the endpoints of Subscriptions, and waiting between them; all of it ends at once when we close. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, fetch } from 'undici';

/** One HTTP request to an endpoint. */
export interface Notice {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** The endpoint's answer; absent where there was none. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
}

export interface Sender {
  /** undefined: no answer within so many seconds, or none at all. */
  send(notice: Notice, patience: number): Promise<Answer | undefined>;
  /** Waits without keeping the process alive. */
  pause(milliseconds: number): Promise<void>;
  /** Work that `close` waits for; what it throws is nobody's. */
  track(work: Promise<unknown>): void;
  isClosed(): boolean;
  close(): Promise<void>;
}

export function openSender(): Sender {
  const agent = new Agent({ connections: 16 });
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const underWay = new Set<Promise<unknown>>();

  return {
    async send({ method, url, headers, body }, patience) {
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(patience * 1000)]);
      try {
        const response = await fetch(url, { method, headers, body, signal, dispatcher: agent });
        const contentType = response.headers.get('content-type') ?? '';
        return { status: response.status, contentType, body: await response.text() };
      } catch {
        return undefined;
      }
    },

    pause: (milliseconds) =>
      delay(milliseconds, undefined, { ref: false, signal: closing.signal }).catch(() => undefined),

    track(work) {
      const settled: Promise<unknown> = work.catch(() => undefined).finally(() => underWay.delete(settled));
      underWay.add(settled);
    },

    isClosed: () => closing.signal.aborted,

    async close() {
      closing.abort();
      await Promise.allSettled(underWay);
      await agent.destroy();
    },
  };
}
