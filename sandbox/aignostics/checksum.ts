/** The two checksums of the vendor: that of files, and the opaque one of custom metadata. */
import { crc32 } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';

/** A running CRC-32C (Castagnoli), as base64 of its four bytes, the highest first. */
export function createChecksum(): { add(bytes: Uint8Array): void; base64(): string } {
  let sum = 0;
  return {
    add(bytes) {
      sum = crc32c(bytes, sum);
    },
    base64() {
      const four = Buffer.alloc(4);
      four.writeUInt32BE(sum);
      return four.toString('base64');
    },
  };
}

/** Eight hex digits that stand for a JSON object whatever the order of its keys; null for null. */
export function metadataChecksum(metadata: object | null): string | null {
  return metadata && crc32(JSON.stringify(metadata, inOrder)).toString(16).padStart(8, '0');
}

/** For JSON.stringify: objects with their keys sorted. */
export function inOrder(_key: string, value: unknown): unknown {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}
