/**
 * Reads a document in a thread of its own, with limits of time and memory: a hostile or broken file costs its own order
 * and nothing else. A thread per document, because a thread that is ended cannot leak into the next.
 */
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { AdapterError, ERROR_CODES } from '../../errors.ts';
import { FORMAT_TITLES, type KnownDocument, unsupported } from './document.ts';

export interface IsolationLimits {
  /** Seconds from the start of the thread. */
  seconds: number;
  /** Megabytes of JavaScript heap. */
  megabytes: number;
}

/** A 30 MB PDF takes some seconds; the rest is for a machine that is busy. */
export const DEFAULT_LIMITS: IsolationLimits = { seconds: 60, megabytes: 512 };

const codes = Object.keys(ERROR_CODES).filter((code): code is keyof typeof ERROR_CODES => code in ERROR_CODES);
const answer = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ text: z.string() }),
  z.object({ code: z.enum(codes), message: z.string() }),
]);

/** What an end without an answer means: before the thread is ready it is our defect, later the document's doing. */
function errorOf(error: unknown, title: string, ready: boolean): AdapterError {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new AdapterError('input-too-large', `The ${title} document needs too much memory to be read.`);
  }
  return ready
    ? unsupported(`The ${title} document is damaged and cannot be read.`, error)
    : new AdapterError('unexpected', 'The reader of documents could not start', { cause: error });
}

/** The normalised text of a document. Throws AdapterError, those of parseDocument and input-unsupported after the time limit. */
export function parseIsolated(document: KnownDocument, limits = DEFAULT_LIMITS): Promise<string> {
  const title = FORMAT_TITLES[document.format];
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: document,
    // Nothing that a parser prints may reach our logs, and it needs none of our secrets.
    stdout: true,
    stderr: true,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: limits.megabytes, stackSizeMb: 4 },
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(
    () => reject(unsupported(`The ${title} document could not be read within ${limits.seconds} seconds.`)),
    limits.seconds * 1000,
  );
  let ready = false;
  worker.on('message', (message) => {
    const said = answer.safeParse(message);
    if (!said.success) {
      reject(new AdapterError('unexpected', 'The reader of documents gave no answer'));
    } else if ('ready' in said.data) {
      ready = true;
    } else if ('text' in said.data) {
      resolve(said.data.text);
    } else {
      reject(new AdapterError(said.data.code, said.data.message));
    }
  });
  worker.on('error', (error: unknown) => reject(errorOf(error, title, ready)));
  worker.on('exit', () => reject(errorOf(undefined, title, ready)));
  return promise.finally(() => {
    clearTimeout(timer);
    void worker.terminate();
  });
}
