/** What has to be done at a moment to keep a connection. Pure; all times in milliseconds since 1970. */

export interface Timings {
  /** Milliseconds between two looks at what is due. */
  tick: number;
  /** Seconds between two pings, and until the answer to one is missed. */
  ping: number;
  pong: number;
  /** Seconds without a heartbeat, where some had come before, that mean that our Subscriptions are forgotten. */
  heartbeat: number;
  /** The share of a token's life after which it is renewed, and the seconds until that is tried again. */
  renewAt: number;
  renewAgain: number;
  /** Milliseconds for opening a socket, and for the handshake of one Subscription. */
  patience: number;
  /** Seconds between two looks whether the process that holds a site's connection still does. */
  elsewhere: number;
}

export const TIMINGS: Timings = {
  tick: 1000,
  ping: 5,
  pong: 10,
  heartbeat: 180,
  renewAt: 0.8,
  renewAgain: 30,
  patience: 15_000,
  elsewhere: 10,
};

/** When the server last showed that it lives. */
export interface Signs {
  pinged: number;
  /** The first ping that has no answer yet. */
  unanswered: number | undefined;
  heartbeat: number | undefined;
}

/** `mute`: the socket is dead although nobody closed it. `forgotten`: it lives, and nothing will come over it. */
export function dueNow(signs: Signs, now: number, timings: Timings): 'ping' | 'mute' | 'forgotten' | 'nothing' {
  const { pinged, unanswered, heartbeat } = signs;
  if (unanswered !== undefined && now - unanswered >= timings.pong * 1000) {
    return 'mute';
  }
  if (heartbeat !== undefined && now - heartbeat >= timings.heartbeat * 1000) {
    return 'forgotten';
  }
  return now - pinged >= timings.ping * 1000 ? 'ping' : 'nothing';
}
