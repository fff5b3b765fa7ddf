/** One notification: made, signed, sent, and tried again as the flavour does. */
import { createHmac } from 'node:crypto';
import { FHIR_TYPES, isFhirBody } from '../hapi.ts';
import type { Answer, Sender } from '../sender.ts';
import type { Delivery } from '../types.ts';
import type { Json } from './bundle.ts';
import type { Flavour } from './flavours.ts';
import type { TopicSubscription } from './subscription.ts';

export interface DeliverOptions {
  flavour: Flavour;
  sender: Sender;
  /** Milliseconds of one second of waiting. */
  unit: number;
  now(): Date;
  secretOf(subscription: string): string | undefined;
  sent: Delivery[];
}

export interface Parcel {
  subscription: TopicSubscription;
  bundle: Json;
  /** For the list of deliveries. */
  about: Pick<Delivery, 'resource' | 'interaction'>;
  /** Whether it shall still be sent; asked before each try. */
  isWanted(): boolean;
  /** A handshake is tried once. */
  once: boolean;
}

export function accepts({ success }: Flavour, { status, contentType, body }: Answer): boolean {
  const good = success.codes.some(([from, until]) => status >= from && status <= until);
  const isResource = body.trim() !== '' && FHIR_TYPES.test(contentType) && isFhirBody(contentType, body);
  return good && (!success.fhirBody || status === 204 || isResource);
}

function headersOf(options: DeliverOptions, subscription: TopicSubscription, body: string): Record<string, string> {
  const { flavour, secretOf } = options;
  const secret = flavour.signed ? secretOf(subscription.id) : undefined;
  const contentType = flavour.contentType === 'asked' ? subscription.contentType : flavour.contentType;
  return {
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...subscription.headers,
    ...(secret && { 'x-hub-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }),
  };
}

/** Resolves with whether it was delivered; undefined: it was no longer wanted. */
export async function deliver(options: DeliverOptions, parcel: Parcel): Promise<boolean | undefined> {
  const { flavour, sender, unit, now, sent } = options;
  const { subscription, about, isWanted, once } = parcel;
  const body = JSON.stringify(parcel.bundle);
  const notice = {
    method: 'POST',
    url: subscription.endpoint,
    headers: headersOf(options, subscription, body),
    body,
  };
  const { first, factor, until } = flavour.retry;
  let waited = 0;
  for (let attempt = 1, wait = first; !sender.isClosed() && isWanted(); attempt += 1, wait *= factor) {
    const answer = await sender.send(notice, subscription.timeout ?? flavour.patience);
    const accepted = answer !== undefined && accepts(flavour, answer);
    sent.push({
      at: now().toISOString(),
      subscription: subscription.id,
      ...about,
      method: notice.method,
      url: notice.url,
      attempt,
      ...(answer && { status: answer.status }),
      accepted,
    });
    waited += wait;
    if (accepted || once || waited > until) {
      return accepted;
    }
    await sender.pause(wait * unit);
  }
  return undefined;
}
