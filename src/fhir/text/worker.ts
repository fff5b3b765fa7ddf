/** The thread that reads one document of an untrusted format and ends. It has no environment and says nothing. */
import { parentPort, workerData } from 'node:worker_threads';
import { AdapterError } from '../../errors.ts';
import type { KnownDocument } from './document.ts';
import { parseDocument } from './parse.ts';

// Our own message from isolate.ts, not outside data: its type is known.
const document: KnownDocument = workerData;

// pdf.js leaves rejected promises behind when a file is damaged; what counts is what the reading itself gives.
process.on('unhandledRejection', () => undefined);
parentPort?.postMessage({ ready: true });

try {
  const text = await parseDocument(document);
  parentPort?.postMessage({ text });
} catch (error) {
  // An error loses its class on the way: code and message are enough to make it again.
  parentPort?.postMessage(
    error instanceof AdapterError
      ? { code: error.code, message: error.message }
      : { code: 'unexpected', message: 'The reader of documents failed' },
  );
}
