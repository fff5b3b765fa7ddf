/** One connection to one site's server, from the Subscriptions to the end of the socket. */
import { AdapterError, asAdapterError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { type Binding, type BindOptions, prepareBindings, tokenOf } from './bind.ts';
import { type Frame, readFrame } from './frame.ts';
import { dueNow, type Signs, type Timings } from './keep-alive.ts';
import { isRefusal } from './pauses.ts';
import { openSocket } from './socket.ts';

export type EventFrame = Extract<Frame, { kind: 'event' }>;

export interface ConnectionOptions extends BindOptions {
  /** Bytes of one frame at most. */
  limit: number;
  timings: Timings;
  now(): Date;
  log: Log;
  signal: AbortSignal;
  /** Every Subscription is bound: what happens from now on arrives. */
  onOpen(): void;
  onEvent(event: EventFrame): void;
  /** Something came that was not understood: perhaps it was news. */
  onDoubt(): void;
}

/** A binding that is kept: renewed in time, its handshakes awaited. */
interface Kept extends Binding {
  renewAt: number;
  endsAt: number;
  renewing: boolean;
}

const broken = (message: string) => new AdapterError('ehr-unreachable', message);

/** Resolves when `signal` ends it, rejects with why it ended otherwise. */
export async function holdConnection(options: ConnectionOptions): Promise<void> {
  const { client, timings, signal, log } = options;
  const now = () => options.now().getTime();
  const { promise: ended, resolve: stop, reject: end } = Promise.withResolvers<void>();
  ended.catch(() => {});
  signal.addEventListener('abort', () => stop(), { once: true });

  const keep = (binding: Binding): Kept => {
    const life = binding.seconds * 1000;
    return { ...binding, renewAt: now() + life * timings.renewAt, endsAt: now() + life, renewing: false };
  };
  const bindings = new Map((await prepareBindings(options)).map((one) => [one.subscription, keep(one)]));
  const [first] = bindings.values();
  if (!first || signal.aborted) {
    return;
  }
  const signs: Signs = { pinged: now(), unanswered: undefined, heartbeat: undefined };
  /** Who waits for the handshake of which Subscription; and those that have had one. */
  const awaited = new Map<string, () => void>();
  const bound = new Set<string>();

  function hear(frame: Frame): void {
    if (frame.kind === 'pong') {
      signs.unanswered = undefined;
    } else if (frame.kind === 'handshake') {
      for (const id of frame.subscriptions) {
        awaited.get(id)?.();
      }
    } else if (frame.kind === 'heartbeat') {
      signs.heartbeat = now();
      if ([...bound].some((id) => !frame.subscriptions.includes(id))) {
        end(broken('The FHIR server has forgotten a Subscription of this WebSocket'));
      }
    } else if (frame.kind === 'event') {
      options.onEvent(frame);
    } else if (frame.kind === 'error' && awaited.size > 0) {
      end(new AdapterError('ehr-error', 'The FHIR server does not bind a Subscription to the WebSocket'));
    } else {
      log.debug({ site: client.site, kind: frame.kind }, 'frame not understood');
      options.onDoubt();
    }
  }

  const socket = await openSocket(first.url, {
    limit: options.limit,
    patience: timings.patience,
    signal,
    onFrame: (data) => hear(readFrame(data)),
  });
  // From here on they live and die with the socket.
  options.made.clear();
  socket.closed.then(() => end(broken('The FHIR server has closed the WebSocket')));

  /** Binding again with a new token needs no unbinding: Medplum forgets a Subscription that is unbound. */
  async function bind({ subscription, token }: Binding): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(() => reject(broken('The FHIR server does not answer on the WebSocket')), timings.patience);
    awaited.set(subscription, resolve);
    try {
      socket.send({ type: 'bind-with-token', payload: { token } });
      await Promise.race([promise, ended]);
      bound.add(subscription);
    } finally {
      clearTimeout(late);
      awaited.delete(subscription);
    }
  }

  async function renew(binding: Kept): Promise<void> {
    binding.renewing = true;
    try {
      const renewed = await tokenOf(client, binding.subscription);
      await bind(renewed);
      bindings.set(binding.subscription, keep(renewed));
      log.debug({ site: client.site }, 'WebSocket binding renewed');
    } catch (thrown) {
      const error = asAdapterError(thrown);
      const again = now() + timings.renewAgain * 1000;
      if (isRefusal(error) || again >= binding.endsAt) {
        // A new Subscription is worth a try at once, whatever was said of this one.
        end(broken('The FHIR server did not renew a Subscription of this WebSocket'));
      }
      log.info({ site: client.site, code: error.code }, 'WebSocket binding not renewed yet');
      bindings.set(binding.subscription, { ...binding, renewAt: again, renewing: false });
    }
  }

  function look(): void {
    const due = dueNow(signs, now(), timings);
    if (due === 'mute' || due === 'forgotten') {
      end(broken('Nothing comes over the WebSocket of the FHIR server any more'));
    } else if (due === 'ping') {
      signs.pinged = now();
      signs.unanswered ??= signs.pinged;
      socket.send({ type: 'ping' });
    }
    for (const binding of bindings.values()) {
      if (!binding.renewing && now() >= binding.renewAt) {
        void renew(binding);
      }
    }
  }

  let clock: NodeJS.Timeout | undefined;
  try {
    await Promise.all([...bindings.values()].map(bind));
    if (!signal.aborted) {
      options.onOpen();
      clock = setInterval(look, timings.tick);
    }
    await ended;
  } finally {
    clearInterval(clock);
    for (const { token } of bindings.values()) {
      socket.send({ type: 'unbind-from-token', payload: { token } });
    }
    socket.close();
  }
}
