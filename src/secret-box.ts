/**
 * Encrypts what must not be read from a database or its backup: a person's login with a vendor. AES-256-GCM under a key
 * made of `security.encryptionKey`; where the text stands (site, owner, name) is authenticated with it, so that one row's
 * text is worth nothing in another.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AdapterError } from './errors.ts';

/** Where a secret is kept. */
export interface SecretPlace {
  site: string;
  /** The vendor. */
  owner: string;
  name: string;
}

export interface SecretBox {
  /** Never the same text twice. */
  seal(secret: string, place: SecretPlace): string;
  /** Throws `vendor-unauthorized` for a text that was altered, moved, or sealed under a key that is not configured. */
  open(box: string, place: SecretPlace): string;
  /** Whether it was sealed under the key that seals now. */
  isCurrent(box: string): boolean;
}

/** v1.key.nonce.ciphertext and tag, each base64url. A key's id tells keys apart, and nothing of them. */
const FORM = /^v1\.([A-Za-z0-9_-]{11})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22,})$/;
/** The configured text may serve other ends, too: what is made of it for one must say nothing of the other. */
const PURPOSE = 'fhir-ai-adapter secrets 1';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  id: string;
  bytes: Buffer;
}

/** `keys`: those of `security.encryptionKey`. The first encrypts, all decrypt. */
export function openSecretBox(keys: readonly [string, ...string[]]): SecretBox {
  const current = derive(keys[0]);
  const known = new Map(keys.map(derive).map((key) => [key.id, key.bytes]));
  return {
    seal(secret, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, current.bytes, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(place));
      const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return ['v1', current.id, nonce.toString('base64url'), body.toString('base64url')].join('.');
    },
    open(box, place) {
      const [, id = '', nonce = '', body = ''] = FORM.exec(box) ?? [];
      const key = known.get(id);
      if (id !== '' && key === undefined) {
        throw unreadable('it was encrypted under a key that security.encryptionKey does not name');
      }
      const opened = key && decrypt(key, exactly(nonce), exactly(body), place);
      if (opened === undefined) {
        throw unreadable('what is stored was altered');
      }
      return opened;
    },
    isCurrent: (box) => FORM.exec(box)?.[1] === current.id,
  };
}

function derive(text: string): Key {
  const made = (use: string, length: number) => Buffer.from(hkdfSync('sha256', text, '', `${PURPOSE} ${use}`, length));
  return { id: made('id', 8).toString('base64url'), bytes: made('key', 32) };
}

/** JSON, because none of the three can then run into another. */
function boundTo({ site, owner, name }: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([site, owner, name]));
}

/** One secret has one spelling: base64url with stray bits at its end is not ours. */
function exactly(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function decrypt(
  key: Buffer,
  nonce: Buffer | undefined,
  body: Buffer | undefined,
  place: SecretPlace,
): string | undefined {
  if (!nonce || !body) {
    return undefined;
  }
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(boundTo(place))
    .setAuthTag(body.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    // Node says no more than that the tag does not fit.
    return undefined;
  }
}

function unreadable(why: string): AdapterError {
  return new AdapterError('vendor-unauthorized', `The stored login cannot be read: ${why}`, {
    orderer: 'The login with the AI service cannot be used; the order waits for the operator of the adapter.',
    operator:
      'If security.encryptionKey was changed, put the earlier key back as its second and restart. Otherwise log in again.',
  });
}
