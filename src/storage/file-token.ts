/**
 * The last part of the URL of a file in a folder that we serve ourselves: it says which file of which site, until when it
 * counts, and proves that we have made it. Whoever has one can read that file, and nothing else.
 */
import { isPast, openProofs, type SigningKeys, spellTime } from '../signed-token.ts';
import { isKey } from './key.ts';

export interface FileAddress {
  site: string;
  key: string;
}

export interface FileTokens {
  /** Counts for so many seconds. */
  sign(file: FileAddress, seconds: number): string;
  /** The file that a token is of; undefined for one that is forged or too old. */
  verify(token: string): FileAddress | undefined;
}

/** address.expiry.proof; the address in base64url, so that a token is one segment of a path. */
const FORM = /^([A-Za-z0-9_-]{1,640})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{43})$/;
const PURPOSE = 'fhir-ai-adapter file 1';

/** `keys`: those of `security.signingKey`. */
export function openFileTokens(keys: SigningKeys, now: () => Date): FileTokens {
  const proofs = openProofs(keys, PURPOSE);
  return {
    sign({ site, key }, seconds) {
      const address = Buffer.from(`${site}/${key}`).toString('base64url');
      const expires = spellTime(new Date(now().getTime() + seconds * 1000));
      return [address, expires, proofs.prove([address, expires])].join('.');
    },
    verify(token) {
      const [, address = '', expires = '', shown = ''] = FORM.exec(token) ?? [];
      // The proof is of the address as it is spelt: another spelling of the same bytes has none.
      if (!proofs.proves([address, expires], shown) || isPast(expires, now())) {
        return undefined;
      }
      const [site = '', ...key] = Buffer.from(address, 'base64url').toString().split('/');
      return isKey(key.join('/')) ? { site, key: key.join('/') } : undefined;
    },
  };
}
