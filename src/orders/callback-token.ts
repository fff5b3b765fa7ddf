/**
 * The last part of an order's callback URL: it says which order and which run of it, until when it counts, and proves that
 * we have made it. Whoever has one can make us look sooner, and nothing else.
 */
import { isPast, openProofs, type SigningKeys, spellTime } from '../signed-token.ts';
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
const PURPOSE = 'fhir-ai-adapter callback 1';

/** `keys`: those of `security.signingKey`. */
export function openCallbackTokens(keys: SigningKeys, now: () => Date): CallbackTokens {
  const proofs = openProofs(keys, PURPOSE);
  const words = ({ site, vendor, publicId, run }: CallbackAddress, expires: string): (string | number)[] => [
    site,
    vendor,
    publicId,
    run,
    expires,
  ];
  return {
    sign(address) {
      const expires = spellTime(later(now(), LIFE_SECONDS));
      return [address.publicId, address.run, expires, proofs.prove(words(address, expires))].join('.');
    },
    verify(token, { site, vendor }) {
      const [, publicId = '', run = '', expires = '', shown = ''] = FORM.exec(token) ?? [];
      const address = { site, vendor, publicId, run: Number(run) };
      return proofs.proves(words(address, expires), shown) && !isPast(expires, now()) ? address : undefined;
    },
  };
}
