/** Finds a JSON document's top-level `resourceType` without parsing it: an answer must not wait for 30 MB of JSON. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);
const WHITESPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** The index after the string that begins at `start` (its opening quote); the end where it is never closed. */
function afterString(bytes: Uint8Array, start: number): number {
  let end = bytes.indexOf(QUOTE, start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (bytes[end - 1 - backslashes] === BACKSLASH) {
      backslashes += 1;
    }
    if (backslashes % 2 === 0) {
      return end + 1;
    }
    end = bytes.indexOf(QUOTE, end + 1);
  }
  return bytes.length;
}

function afterWhitespace(bytes: Uint8Array, start: number): number {
  let index = start;
  while (WHITESPACE.has(bytes[index] ?? 0)) {
    index += 1;
  }
  return index;
}

/** The value of `resourceType` at the top level of UTF-8 JSON, or undefined. Never throws, whatever the bytes. */
export function topLevelResourceType(bytes: Uint8Array): string | undefined {
  let depth = 0;
  let index = 0;
  while (index < bytes.length) {
    const byte = bytes[index] ?? 0;
    if (byte !== QUOTE) {
      depth += OPENING.has(byte) ? 1 : CLOSING.has(byte) ? -1 : 0;
      index += 1;
      continue;
    }
    const end = afterString(bytes, index);
    const colon = afterWhitespace(bytes, end);
    if (depth === 1 && bytes[colon] === COLON && text(bytes, index, end) === 'resourceType') {
      const value = afterWhitespace(bytes, colon + 1);
      return bytes[value] === QUOTE ? text(bytes, value, afterString(bytes, value)) : undefined;
    }
    index = end;
  }
  return undefined;
}

/** What stands between the quotes; long strings are of no interest here. */
function text(bytes: Uint8Array, start: number, end: number): string | undefined {
  return end - start > 100 ? undefined : Buffer.from(bytes.subarray(start + 1, end - 1)).toString('latin1');
}
