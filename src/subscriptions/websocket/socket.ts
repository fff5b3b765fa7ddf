/** One WebSocket: opened within a time, of bounded frames, closed for good whichever side ends it. */
import { Agent, WebSocket } from 'undici';
import { AdapterError } from '../../errors.ts';

export interface Socket {
  send(message: object): void;
  /** Settles when it is closed, by whomever. */
  closed: Promise<void>;
  /** Says goodbye and lets go; does not wait for an answer. */
  close(): void;
}

export interface SocketOptions {
  /** Bytes of one frame at most, decompressed; a larger one ends the connection. */
  limit: number;
  /** Milliseconds until it has to be open. */
  patience: number;
  signal: AbortSignal;
  /** A text, or an ArrayBuffer where the frame was binary. */
  onFrame(data: unknown): void;
}

/** No header of ours goes along, above all no Authorization: the place may be another one than the FHIR server. */
export async function openSocket(url: URL, options: SocketOptions): Promise<Socket> {
  const dispatcher = new Agent({
    webSocket: { maxPayloadSize: options.limit },
    connect: { timeout: options.patience },
  });
  const webSocket = new WebSocket(url, { dispatcher });
  webSocket.binaryType = 'arraybuffer';
  const letGo = new AbortController();
  const closed = new Promise<void>((resolve) => {
    const end = () => {
      letGo.abort();
      resolve();
      dispatcher.destroy().catch(() => {});
    };
    webSocket.addEventListener('close', end, { once: true });
    // Where nobody answers a closing frame, the connection is broken off.
    letGo.signal.addEventListener('abort', () => setTimeout(end, 1000).unref(), { once: true });
  });
  const close = () => {
    webSocket.close();
    letGo.abort();
  };
  webSocket.addEventListener('message', ({ data }) => {
    if (!letGo.signal.aborted) {
      options.onFrame(data);
    }
  });
  // Every error ends in a close.
  webSocket.addEventListener('error', () => {});

  const opened = await new Promise<boolean>((resolve) => {
    const late = setTimeout(() => resolve(false), options.patience);
    const settle = (open: boolean) => () => {
      clearTimeout(late);
      resolve(open);
    };
    webSocket.addEventListener('open', settle(true), { once: true });
    closed.then(settle(false));
    options.signal.addEventListener('abort', settle(false), { once: true, signal: letGo.signal });
  });
  if (!opened) {
    close();
    throw new AdapterError('ehr-unreachable', 'The WebSocket of the FHIR server cannot be opened');
  }
  return { send: (message) => webSocket.send(JSON.stringify(message)), closed, close };
}
