import { decodeText } from './charset.ts';

/** A text/plain note as it stands; its lines are its author's. */
export function readPlain(bytes: Uint8Array, charset?: string): string {
  return decodeText(bytes, charset);
}
