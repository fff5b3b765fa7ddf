/** CRC-32C (Castagnoli) as object storages and vendors want it: native, a piece at a time, to be taken up again later. */
import { crc32c as native } from '@node-rs/crc32';

/**
 * The checksum of everything so far: that of what came before (absent: nothing came before) and these bytes. A number
 * is all there is to keep between two pieces, or between two processes.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  return native(bytes, previous);
}

/** Four bytes, big-endian, in base64: `4waSgw==` for `123456789`, `AAAAAA==` for nothing. */
export function base64(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString('base64');
}
