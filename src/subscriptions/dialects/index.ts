/** From the bytes of a notification to what it says. One pure file each dialect; a new one is a line here. */
import type { SubscriptionsConfig } from '../../config/schema.ts';
import type { IncomingNotification, Reading } from '../../orders/types.ts';
import { athenahealth } from './athenahealth.ts';
import { backport } from './backport.ts';
import { type Came, type Dialect, readCame } from './came.ts';
import { firely } from './firely.ts';
import { googlePubsub } from './google-pubsub.ts';
import { hapi } from './hapi.ts';
import { hapiSearch } from './hapi-search.ts';
import { hapiTopic } from './hapi-topic.ts';
import { medplum } from './medplum.ts';
import { medplumWebsocket } from './medplum-websocket.ts';
import { microsoft } from './microsoft.ts';
import { r5 } from './r5.ts';
import type { SubscriptionStatus } from './subscription-status.ts';

/** In the order in which they are tried: the one with the surest signs first, the one without any last. */
const ALL = [
  medplumWebsocket,
  medplum,
  googlePubsub,
  microsoft,
  athenahealth,
  hapiTopic,
  backport,
  r5,
  hapiSearch,
  hapi,
  firely,
] as const satisfies Dialect[];

/** `none` means that we expect none; an authentic one is a hint all the same. */
const DIALECTS: Readonly<Record<SubscriptionsConfig['dialect'], readonly Dialect[]>> = {
  auto: ALL,
  none: ALL,
  medplum: [medplumWebsocket, medplum],
  hapi: [hapiTopic, hapiSearch, hapi],
  backport: [microsoft, athenahealth, hapiTopic, backport],
  r5: [hapiTopic, r5],
};

type Name = SubscriptionsConfig['dialect'];

function readingOf(name: Name, came: Came): Reading {
  for (const dialect of DIALECTS[name]) {
    const reading = dialect(came);
    if (reading) {
      return reading;
    }
  }
  return 'unknown' in came.body ? came.body : { unknown: 'No dialect of this site knows this notification' };
}

/** What a stored notification says. Never throws; what no dialect of the site knows is `unknown`, to be set aside. */
export function readNotification(name: Name, notification: IncomingNotification): Reading {
  return readWithStatus(name, notification).reading;
}

/** The same, with the status that a topic's notification began with: its numbers show whether one was lost. */
export function readWithStatus(
  name: Name,
  notification: IncomingNotification,
): { reading: Reading; status?: SubscriptionStatus } {
  const came = readCame(notification);
  if ('sweep' in came) {
    return { reading: came };
  }
  const { status } = came.bundle ?? {};
  return { reading: readingOf(name, came), ...(status && { status }) };
}
