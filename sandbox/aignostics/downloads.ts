/** How the vendor fetches slides: a few at a time, hashed as they come, and not kept. */
import { setTimeout as pause } from 'node:timers/promises';
import type { VendorLedger } from '../ledger.ts';
import { createChecksum } from './checksum.ts';

/** What has become of a slide's download; empty until it is over. */
export interface Download {
  /** Settles with it; absent before it has been asked for. */
  over?: Promise<void>;
  outcome?: {
    /** Milliseconds of the simulator's clock. */
    at: number;
    bytes: number;
    /** Base64 of its CRC-32C. */
    checksum: string;
    /** Why it could not be had, in the vendor's words. */
    problem?: string;
  };
}

export interface Downloads {
  /** Fetches a slide into `download` once its turn has come. */
  begin(download: Download, slide: { url: string; externalId: string; signal: AbortSignal }): void;
  /** Whether the first byte of a URL can be had. */
  isReachable(url: string): Promise<boolean>;
}

/** Fetches are slow and large: no more than these at once. */
const AT_ONCE = 4;
const REACH_MS = 10_000;

export function createDownloads({ ledger, now }: { ledger: VendorLedger; now: () => Date }): Downloads {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function turn(): Promise<void> {
    if (running < AT_ONCE) {
      running++;
      return;
    }
    // Whoever ends hands the place on.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next) {
      next();
    } else {
      running--;
    }
  }

  return {
    begin(download, { url, externalId, signal }) {
      const fetchIt = async () => {
        await turn();
        const [at, began] = [now().getTime(), performance.now()];
        try {
          const fetched = await fetchSlide(url, signal);
          // What it took in real time counts, and not how far a clock was moved meanwhile.
          download.outcome = { at: at + performance.now() - began, ...fetched };
          ledger.call({
            endpoint: 'GET (slide)',
            keys: { external_id: externalId, bytes: String(fetched.bytes), ...(fetched.problem && { failed: 'true' }) },
          });
        } finally {
          leave();
        }
      };
      download.over = fetchIt();
    },
    async isReachable(url) {
      try {
        const answer = await fetch(url, { signal: AbortSignal.timeout(REACH_MS) });
        await answer.body?.cancel();
        return answer.ok;
      } catch {
        return false;
      }
    },
  };
}

async function fetchSlide(url: string, signal: AbortSignal) {
  const checksum = createChecksum();
  let bytes = 0;
  try {
    const answer = await fetch(url, { signal });
    if (!answer.ok || !answer.body) {
      await answer.body?.cancel();
      return { bytes, checksum: '', problem: `The input file could not be downloaded: status ${answer.status}` };
    }
    for await (const piece of answer.body) {
      checksum.add(piece);
      bytes += piece.length;
    }
    return { bytes, checksum: checksum.base64() };
  } catch {
    return { bytes, checksum: '', problem: 'The input file could not be downloaded: the connection failed' };
  }
}

/** How long a reading waits for what should be there by its clock: a clock that is moved does not make a file come sooner. */
const GRACE_MS = 250;

/** Waits a moment for downloads. */
export async function graceFor(downloads: readonly Download[]): Promise<void> {
  const open = downloads.filter(({ outcome }) => outcome === undefined).map(({ over }) => over);
  if (open.length > 0) {
    const done = new AbortController();
    await Promise.race([Promise.all(open), pause(GRACE_MS, undefined, { signal: done.signal })]).catch(() => undefined);
    done.abort();
  }
}
