/**
 * Bytes to text. Which charset a note is in is told by, in this order: a byte order mark (it cannot be there by chance,
 * so it stands before what a media type claims), the media type's charset parameter, the document's own declaration,
 * and the bytes themselves: UTF-16 without a mark, strict UTF-8, and windows-1252, which takes anything.
 */

const MARKS: readonly { label: string; bytes: readonly number[] }[] = [
  { label: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { label: 'utf-16le', bytes: [0xff, 0xfe] },
  { label: 'utf-16be', bytes: [0xfe, 0xff] },
];

/** The label of the byte order mark that the bytes begin with. */
export function byteOrderMark(bytes: Uint8Array): string | undefined {
  return MARKS.find((mark) => mark.bytes.every((byte, index) => bytes[index] === byte))?.label;
}

/**
 * UTF-16 without a mark, known by its zero bytes: Western text has one in every second place. undefined for anything
 * else, also for UTF-16 that has no Western character in its first kilobyte.
 */
export function unmarkedUtf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const head = bytes.subarray(0, 1024);
  let even = 0;
  let odd = 0;
  for (const [index, byte] of head.entries()) {
    if (byte === 0) {
      if (index % 2 === 0) {
        even++;
      } else {
        odd++;
      }
    }
  }
  const enough = Math.max(1, head.length / 10);
  if (odd >= enough && odd > even * 4) {
    return 'utf-16le';
  }
  return even >= enough && even > odd * 4 ? 'utf-16be' : undefined;
}

/** The bytes in the charset of a WHATWG label; undefined where the label is unknown or the bytes are not in it. */
export function decodeStrictly(bytes: Uint8Array, label: string): string | undefined {
  try {
    return new TextDecoder(label.trim(), { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The `charset` parameter of a media type. */
export function charsetParameter(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1];
}

/** The charset that an XML declaration or an HTML meta element at the beginning names. */
export function declaredInside(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 4096));
  const named =
    /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/i.exec(head)?.[1] ??
    /<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)/i.exec(head)?.[1];
  // Who could read the declaration byte by byte was not reading UTF-16.
  return named && /^(utf-?16|ucs-?2|iso-10646)/i.test(named) ? 'utf-8' : named;
}

/**
 * Decodes a text. Never throws: a charset that is unknown, or that the bytes contradict, is passed over.
 * `charset`: what the media type declares. `inside`: what the document itself declares.
 */
export function decodeText(bytes: Uint8Array, charset?: string, inside?: string): string {
  const utf16 = unmarkedUtf16(bytes);
  // A declared UTF-16 without mark and without zero bytes would be decoded to Chinese without an error.
  const parameter = charset && /^(utf-?16|ucs-?2|iso-10646)/i.test(charset) ? utf16 : charset;
  for (const label of [byteOrderMark(bytes), parameter, inside, utf16, 'utf-8']) {
    const text = label === undefined ? undefined : decodeStrictly(bytes, label);
    if (text !== undefined) {
      return text;
    }
  }
  return new TextDecoder('windows-1252').decode(bytes);
}
