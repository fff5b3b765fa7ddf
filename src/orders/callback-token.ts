/**
 * The last part of an order's callback URL: it says which order and which run of it, until when it counts, and proves that
 * we have made it. Whoever has one can make us look sooner, and nothing else.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { later } from './clock.ts';

/** What a token is made for; the site and the vendor stand in the URL before it. */
export interface CallbackAddress {
  site: string;
  vendor: string;
  publicId: string;
  run: number;
}

export interface CallbackTokens {
  sign(address: CallbackAddress): string;
  /** The order that a token is of; undefined for one that is forged, too old, or of another site or vendor. */
  verify(token: string, at: { site: string; vendor: string }): CallbackAddress | undefined;
}

/** Longer than any vendor works on an order. */
const LIFE_SECONDS = 7 * 86_400;
/** order.run.expiry.proof; the expiry in seconds since 1970, base 36. One token has one spelling. */
const FORM = /^([A-Za-z0-9_-]{1,64})\.([1-9]\d{0,8})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{43})$/;
/** The configured key signs other things, too: what is signed for one purpose must be worth nothing for another. */
const PURPOSE = 'fhir-ai-adapter callback 1';

/** `keys`: those of `security.signingKey`, the first of which signs. */
export function openCallbackTokens(keys: readonly [string, ...string[]], now: () => Date): CallbackTokens {
  const derive = (key: string): Buffer => Buffer.from(hkdfSync('sha256', key, '', PURPOSE, 32));
  const signing = derive(keys[0]);
  const accepted = keys.map(derive);
  return {
    sign(address) {
      const expires = Math.ceil(later(now(), LIFE_SECONDS).getTime() / 1000).toString(36);
      return [address.publicId, address.run, expires, proof(signing, address, expires)].join('.');
    },
    verify(token, { site, vendor }) {
      const [, publicId = '', run = '', expires = '', shown = ''] = FORM.exec(token) ?? [];
      const address = { site, vendor, publicId, run: Number(run) };
      // Every key is tried every time: which of two fits does not show in the time it takes.
      const fits = accepted.map((key) => same(proof(key, address, expires), shown)).some(Boolean);
      const isOver = Number.parseInt(expires, 36) * 1000 <= now().getTime();
      return fits && !isOver ? address : undefined;
    },
  };
}

function proof(key: Buffer, { site, vendor, publicId, run }: CallbackAddress, expires: string): string {
  return createHmac('sha256', key).update([site, vendor, publicId, run, expires].join('\n')).digest('base64url');
}

function same(right: string, shown: string): boolean {
  return shown.length === right.length && timingSafeEqual(Buffer.from(right), Buffer.from(shown));
}
