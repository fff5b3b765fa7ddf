/** From the bytes of a notification to what it says. One pure file each dialect; a new one is a line here. */
import type { SubscriptionsConfig } from '../../config/schema.ts';
import type { IncomingNotification, Reading } from '../../orders/types.ts';
import { hapi } from './hapi.ts';
import { medplum } from './medplum.ts';

/** undefined: a notification of another dialect. */
export type Dialect = (notification: IncomingNotification) => Reading | undefined;

/** In the order in which `auto` tries them: the one with the surest signs first. */
const BY_NAME = { medplum, hapi } as const satisfies Record<string, Dialect>;

function dialectsOf(name: SubscriptionsConfig['dialect']): Dialect[] {
  switch (name) {
    case 'medplum':
      return [BY_NAME.medplum];
    case 'hapi':
      return [BY_NAME.hapi];
    case 'backport':
    case 'r5':
      return [];
    // `none` means that we expect none; an authentic one is a hint all the same.
    case 'auto':
    case 'none':
      return Object.values(BY_NAME);
  }
}

/** What a stored notification says. Never throws; what no dialect of the site knows is `unknown`, to be set aside. */
export function readNotification(name: SubscriptionsConfig['dialect'], notification: IncomingNotification): Reading {
  for (const dialect of dialectsOf(name)) {
    const reading = dialect(notification);
    if (reading) {
      return reading;
    }
  }
  return { unknown: 'No dialect of this site knows this notification' };
}
