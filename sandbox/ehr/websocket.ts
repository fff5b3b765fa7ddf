/**
 * Subscriptions over WebSockets in Medplum's manner. Such a Subscription is kept in a cache only: it is in no search, and
 * it dies with the socket that is bound to it, when it is unbound, or when its token has expired.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { deepClone, resourceMatchesSubscriptionCriteria, type WithId } from '@medplum/core';
import type { Parameters, Resource, Subscription } from '@medplum/fhirtypes';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { refuse } from './outcomes.ts';
import type { Change, EhrLog, Faults, WebSocketControl, WebSocketOptions } from './types.ts';
import { event, failed, handshake, heartbeat, ODD_FRAMES } from './websocket-frames.ts';

export const WEBSOCKET_PATH = '/ws/subscriptions-r4';

export const WEBSOCKET_FAULTS = [
  { name: 'websocket-dropped', what: 'breaks all WebSockets off instead of sending the next event over one' },
  { name: 'websocket-lost', what: 'never sends the next event over a WebSocket' },
  { name: 'websocket-odd-frames', what: 'sends frames that nobody expects before the next event over a WebSocket' },
  { name: 'websocket-token-refused', what: 'answers the next request for a binding token with 503' },
  { name: 'websocket-bind-refused', what: 'answers the next bind over a WebSocket with an OperationOutcome' },
] as const;

export interface WebSocketsOptions extends WebSocketOptions {
  base(): string;
  now(): Date;
  log: EhrLog;
  faults: Faults | undefined;
  toServed<T extends Resource>(resource: T): T;
}

export interface WebSockets {
  create(subscription: Subscription): WithId<Subscription>;
  /** undefined: not one of these. */
  read(id: string): WithId<Subscription> | undefined;
  /** `$get-ws-binding-token`. Throws the refusals of the real one. */
  bindingToken(id: string): Parameters;
  /** For the HTTP server's `upgrade`; any other path than ours is hung up on. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  tell(changes: readonly Change[]): void;
  /** For tests: what an operator or the network does. */
  control: WebSocketControl;
  close(): void;
}

interface Token {
  subscription: string;
  /** Milliseconds since 1970. */
  expires: number;
}

/** A frame from a client, whatever came. */
function said(data: RawData): { type?: unknown; payload?: { token?: unknown } } {
  try {
    const value: unknown = JSON.parse(String(data));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

export function openWebSockets(options: WebSocketsOptions): WebSockets {
  const { base, now, log, faults } = options;
  const server = new WebSocketServer({ noServer: true });
  const cache = new Map<string, WithId<Subscription>>();
  const tokens = new Map<string, Token>();
  /** By socket: the Subscriptions that are bound to it, each by its newest token. */
  const bound = new Map<WebSocket, Map<string, Token>>();
  let enabled = true;
  let frozen = false;
  let given = 0;
  const shown: (string | undefined)[] = [];
  faults?.describe(WEBSOCKET_FAULTS.map(({ name, what }) => ({ name, what })));
  const fault = (name: (typeof WEBSOCKET_FAULTS)[number]['name']): boolean => faults?.take(name) ?? false;

  const post = (socket: WebSocket, frame: string): void => {
    if (!frozen && socket.readyState === socket.OPEN) {
      socket.send(frame);
    }
  };

  function release(socket: WebSocket, subscription: string): void {
    bound.get(socket)?.delete(subscription);
    cache.delete(subscription);
  }

  function bind(socket: WebSocket, token: Token): void {
    if (fault('websocket-bind-refused')) {
      post(socket, failed('Token failed to validate. Check token expiry.'));
      return;
    }
    // Bound to what is no longer there: the real one says nothing, either.
    if (cache.has(token.subscription)) {
      const bindings = bound.get(socket) ?? new Map<string, Token>();
      bound.set(socket, bindings.set(token.subscription, token));
      post(socket, handshake(token.subscription, now()));
    }
  }

  function hear(socket: WebSocket, data: RawData): void {
    const { type, payload } = said(data);
    if (type === 'ping') {
      post(socket, '{"type":"pong"}');
      return;
    }
    const token = tokens.get(String(payload?.token));
    const isBinding = type === 'bind-with-token' || type === 'unbind-from-token';
    if (isBinding && (!token || token.expires <= now().getTime())) {
      post(socket, failed('Token failed to validate. Check token expiry.'));
      return;
    }
    if (token && type === 'bind-with-token') {
      bind(socket, token);
    } else if (token && type === 'unbind-from-token') {
      release(socket, token.subscription);
    }
  }

  function deliver(socket: WebSocket, subscription: string, token: Token, change: Change): void {
    // A login that has ended is noticed when there is something to say, and then nothing is said.
    if (token.expires <= now().getTime()) {
      release(socket, subscription);
      return;
    }
    if (fault('websocket-lost')) {
      return;
    }
    if (fault('websocket-dropped')) {
      control.drop();
      return;
    }
    if (fault('websocket-odd-frames')) {
      for (const frame of ODD_FRAMES) {
        post(socket, frame);
      }
    }
    post(socket, event(subscription, options.toServed(deepClone(change.resource)), base(), now()));
  }

  async function evaluate(change: Change): Promise<void> {
    for (const [socket, bindings] of bound) {
      for (const [id, token] of [...bindings]) {
        const subscription = cache.get(id);
        const fits =
          subscription &&
          (await resourceMatchesSubscriptionCriteria({
            resource: change.resource,
            subscription,
            context: { interaction: change.interaction },
            getPreviousResource: async () => change.previous,
          }));
        if (fits) {
          deliver(socket, id, token, change);
        }
      }
    }
  }

  server.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    shown.push(request.headers.authorization);
    bound.set(socket, new Map());
    socket.on('message', (data) => hear(socket, data));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      for (const id of bound.get(socket)?.keys() ?? []) {
        cache.delete(id);
      }
      bound.delete(socket);
    });
  });

  const control: WebSocketControl = {
    enable: (on) => {
      enabled = on;
    },
    drop() {
      for (const socket of server.clients) {
        socket.terminate();
      }
    },
    freeze: (on) => {
      frozen = on;
    },
    heartbeat() {
      for (const [socket, bindings] of bound) {
        if (bindings.size > 0) {
          post(socket, heartbeat(bindings.keys(), now()));
        }
      }
    },
    forget() {
      for (const bindings of bound.values()) {
        bindings.clear();
      }
    },
    send(text) {
      for (const socket of server.clients) {
        post(socket, text);
      }
    },
    count: () => ({
      sockets: server.clients.size,
      bound: [...bound.values()].reduce((sum, bindings) => sum + bindings.size, 0),
    }),
    authorizations: () => shown,
    tokens: () => given,
  };
  const beat = setInterval(() => control.heartbeat(), options.heartbeatMs ?? 10_000);
  beat.unref();

  let evaluated: Promise<void> = Promise.resolve();
  return {
    create(subscription) {
      if (!enabled) {
        throw refuse('invalid', 'invalid', 'WebSocket subscriptions not enabled for current project');
      }
      const id = randomUUID();
      const meta = { ...subscription.meta, versionId: randomUUID(), lastUpdated: now().toISOString() };
      const kept = { ...subscription, id, meta };
      cache.set(id, kept);
      return kept;
    },
    read: (id) => cache.get(id),
    bindingToken(id) {
      if (fault('websocket-token-refused')) {
        throw refuse('unavailable', 'transient', 'Temporarily unavailable');
      }
      if (!enabled) {
        throw refuse('invalid', 'invalid', 'WebSocket subscriptions not enabled for current project');
      }
      if (!cache.has(id)) {
        throw refuse('invalid', 'invalid', 'Error reading subscription: Not found');
      }
      const token = randomBytes(24).toString('base64url');
      const expires = now().getTime() + (options.tokenSeconds ?? 3600) * 1000;
      tokens.set(token, { subscription: id, expires });
      given += 1;
      const url = new URL(WEBSOCKET_PATH, base());
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
      return {
        resourceType: 'Parameters',
        parameter: [
          { name: 'token', valueString: token },
          { name: 'expiration', valueDateTime: new Date(expires).toISOString() },
          { name: 'websocket-url', valueUrl: url.href },
        ],
      };
    },
    upgrade(request, socket, head) {
      if (new URL(request.url ?? '/', 'http://localhost').pathname !== WEBSOCKET_PATH) {
        socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
        return;
      }
      server.handleUpgrade(request, socket, head, (opened) => server.emit('connection', opened, request));
    },
    tell(changes) {
      evaluated = evaluated.then(async () => {
        for (const change of changes) {
          await evaluate(change).catch(() =>
            log.warn({ resourceType: change.type }, 'criteria could not be evaluated'),
          );
        }
      });
    },
    control,
    close() {
      clearInterval(beat);
      control.drop();
      server.close();
    },
  };
}
