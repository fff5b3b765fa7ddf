/** The answer of `$get-ws-binding-token`: what binds a Subscription to a socket, for how long, and where. Pure. */
import type { Parameters } from '@medplum/fhirtypes';
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';

export interface BindingToken {
  token: string;
  /** Seconds that it lives. */
  seconds: number;
  url: URL;
}

const parameter = z
  .looseObject({
    name: z.string().optional(),
    valueString: z.string().optional(),
    valueUrl: z.string().optional(),
    valueUri: z.string().optional(),
    valueDateTime: z.string().optional(),
    valueInstant: z.string().optional(),
  })
  .catch({});
const shape = z.looseObject({ parameter: z.array(parameter) });

/** What the server says of a token's life is believed within these bounds; Medplum's live one hour. */
const LIFE = { least: 30, usual: 15 * 60, most: 24 * 3600 };

const wrong = (message: string): AdapterError => new AdapterError('ehr-protocol', message);

/**
 * Whether the token may go there. Always encrypted, but where the FHIR server itself is not; the host may be another one,
 * for it gets the token of the Subscription and never our own.
 */
function allowed(url: URL, baseUrl: string): boolean {
  const plain = url.protocol === 'ws:' && new URL(baseUrl).protocol === 'http:';
  return (url.protocol === 'wss:' || plain) && url.username === '' && url.password === '';
}

/**
 * Reads it. `serverNow` is the server's clock: its tokens end by that, not by ours. Throws `ehr-protocol` where something
 * is missing, or names a place that the token must not go to.
 */
export function readBindingToken(answer: Parameters, baseUrl: string, serverNow: Date): BindingToken {
  const all = shape.safeParse(answer).data?.parameter ?? [];
  const named = (name: string) => all.find((one) => one.name === name);
  const token = named('token')?.valueString;
  const address = named('websocket-url')?.valueUrl ?? named('websocket-url')?.valueUri;
  const url = address === undefined ? null : URL.parse(address);
  if (!token || !url) {
    throw wrong('The FHIR server answered $get-ws-binding-token without a token or a websocket-url');
  }
  if (!allowed(url, baseUrl)) {
    throw wrong('The FHIR server names a websocket-url that is not encrypted, or is none');
  }
  const expires = Date.parse(named('expiration')?.valueDateTime ?? named('expiration')?.valueInstant ?? '');
  const left = Number.isNaN(expires) ? LIFE.usual : (expires - serverNow.getTime()) / 1000;
  return { token, url, seconds: Math.min(LIFE.most, Math.max(LIFE.least, left)) };
}
