/** A notification with its body read once for all dialects. */
import type { IncomingNotification, Reading } from '../../orders/types.ts';
import { isTooLong, type NotificationBundle, readBundle } from './notification-bundle.ts';
import { type Body, parseBody } from './resource-body.ts';

export interface Came {
  notification: IncomingNotification;
  body: Body;
  /** Where a Bundle was posted. */
  bundle: NotificationBundle | undefined;
}

/** undefined: a notification of another dialect. */
export type Dialect = (came: Came) => Reading | undefined;

/** Never throws, whatever bytes came. `sweep`: more was posted at once than is read one by one. */
export function readCame(notification: IncomingNotification): Came | { sweep: true } {
  const body = parseBody(notification);
  if (notification.method === 'POST' && isTooLong(body)) {
    return { sweep: true };
  }
  return { notification, body, bundle: notification.method === 'POST' ? readBundle(body) : undefined };
}
