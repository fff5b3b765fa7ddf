/** Gathers what arrives together and writes it together; each caller learns the fate of its own item only. */

export interface BatcherOptions<T> {
  /** Writes all of them or throws and writes none. */
  write(items: T[]): Promise<void>;
  /** Bytes of one item, for `maxBytes`. */
  size(item: T): number;
  /** A batch holds at most so many bytes, unless one item alone is larger. */
  maxBytes: number;
  maxItems: number;
  /** Writes under way at once; while they are, the next batch gathers. */
  inFlight?: number;
  /** Milliseconds to wait for company when nothing is under way. */
  gather?: number;
  /** Whether the items of a failed batch are tried one by one; false where the failure was not about an item. */
  retrySingly?(error: unknown): boolean;
}

export interface Batcher<T> {
  /** Settles when this item is written, or could not be. */
  add(item: T): Promise<void>;
}

interface Waiting<T> {
  item: T;
  bytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** A batcher over `write`. Items of one batch keep the order in which they were added. */
export function createBatcher<T>(options: BatcherOptions<T>): Batcher<T> {
  const limit = options.inFlight ?? 2;
  let queue: Waiting<T>[] = [];
  let queuedBytes = 0;
  let underWay = 0;
  let timer: NodeJS.Timeout | undefined;

  function next(): Waiting<T>[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of queue) {
      if (count > 0 && (count >= options.maxItems || bytes + waiting.bytes > options.maxBytes)) {
        break;
      }
      bytes += waiting.bytes;
      count += 1;
    }
    const batch = queue.slice(0, count);
    queue = queue.slice(count);
    queuedBytes -= bytes;
    return batch;
  }

  async function write(batch: Waiting<T>[]): Promise<void> {
    try {
      await options.write(batch.map((waiting) => waiting.item));
    } catch (error) {
      if (batch.length > 1 && (options.retrySingly?.(error) ?? true)) {
        for (const waiting of batch) {
          await write([waiting]);
        }
        return;
      }
      for (const waiting of batch) {
        waiting.reject(error);
      }
      return;
    }
    for (const waiting of batch) {
      waiting.resolve();
    }
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    while (queue.length > 0 && underWay < limit) {
      underWay += 1;
      void write(next()).finally(() => {
        underWay -= 1;
        flush();
      });
    }
  }

  return {
    add(item) {
      return new Promise<void>((resolve, reject) => {
        const bytes = options.size(item);
        queue.push({ item, bytes, resolve, reject });
        queuedBytes += bytes;
        if (queue.length >= options.maxItems || queuedBytes >= options.maxBytes) {
          flush();
        } else if (underWay < limit) {
          timer ??= setTimeout(flush, options.gather ?? 1);
        }
      });
    },
  };
}
