/**
 * The CRC-32 of a file after patching, from that before, without reading the rest: a CRC is linear, so that what changes is
 * the CRC of the difference, moved on by as many zeros as there are bytes behind it.
 */
import { crc32 } from 'node:zlib';
import { lengthOf } from './join-patches.ts';
import type { Bytes } from './read-ahead.ts';
import type { Patch } from './types.ts';

const POLYNOMIAL = 0xedb88320;
const PIECE = 64 * 1024;

/** `before`: the checksum of `bytes` as they are. If that is wrong, the new one is so by as much, and readers find out. */
export async function crc32Patched(bytes: Bytes, before: number, patches: readonly Patch[]): Promise<number> {
  let crc = before;
  for (const patch of patches) {
    const length = lengthOf(patch);
    for (let done = 0; done < length; done += PIECE) {
      const at = patch.offset + done;
      const difference = (await bytes.read(at, Math.min(PIECE, length - done))).slice();
      if ('bytes' in patch) {
        for (let index = 0; index < difference.length; index++) {
          difference[index] = (difference[index] ?? 0) ^ (patch.bytes[done + index] ?? 0);
        }
      }
      crc ^= moved(plain(difference), bytes.size - at - difference.length);
    }
  }
  return crc >>> 0;
}

/** The CRC without the inversions that zlib makes before and after: that is the linear part. */
const plain = (bytes: Uint8Array) => ~crc32(bytes, 0xffffffff);

/** A plain CRC after so many further zero bytes: multiplied by x^8 as often, by squaring. */
function moved(crc: number, zeros: number): number {
  let result = crc;
  let power = 0x00800000; // x^8: bits are reversed, x^0 is the highest
  for (let left = zeros; left > 0; left = Math.floor(left / 2)) {
    result = left % 2 === 1 ? times(result, power) : result;
    power = times(power, power);
  }
  return result;
}

/** The product of two polynomials, modulo that of the CRC. */
function times(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = 31; bit >= 0; bit--) {
    product ^= (a >>> bit) & 1 ? shifted : 0;
    shifted = shifted & 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product;
}
