/** Cuts RTF (Microsoft's specification 1.9.1) into tokens. No recursion, every byte looked at once. */

export type RtfToken =
  | { type: 'open' }
  | { type: 'close' }
  /** A control word; `number` is its parameter. */
  | { type: 'word'; word: string; number: number | undefined }
  /** A control symbol: a backslash and one character that is no letter. */
  | { type: 'symbol'; symbol: string }
  /** One byte of text as `\'hh`. */
  | { type: 'hex'; byte: number }
  /** Plain bytes of text, without line ends. */
  | { type: 'text'; bytes: Uint8Array };

const OPEN = 0x7b;
const CLOSE = 0x7d;
const BACKSLASH = 0x5c;
const LONGEST_WORD = 32;

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a));
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Reads the control word that begins at `at` (behind the backslash): the token and where the next one begins. */
function controlWord(bytes: Uint8Array, at: number): { token: RtfToken; next: number } {
  let end = at;
  while (end - at < LONGEST_WORD && isLetter(bytes[end])) {
    end++;
  }
  const word = latin(bytes.subarray(at, end));
  const digits = bytes[end] === 0x2d && isDigit(bytes[end + 1]) ? end + 1 : end;
  let behind = digits;
  while (behind - digits < 10 && isDigit(bytes[behind])) {
    behind++;
  }
  const number = behind > digits ? Number(latin(bytes.subarray(end, behind))) : undefined;
  // One space ends the word and belongs to it.
  const next = (behind > digits ? behind : end) + (bytes[behind > digits ? behind : end] === 0x20 ? 1 : 0);
  return { token: { type: 'word', word, number }, next };
}

/** All tokens of a document. Never throws; what is cut off at the end is what there is of it. */
export function* rtfTokens(bytes: Uint8Array): Generator<RtfToken> {
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === OPEN || byte === CLOSE) {
      yield { type: byte === OPEN ? 'open' : 'close' };
      at++;
    } else if (byte === 0x0a || byte === 0x0d) {
      at++;
    } else if (byte !== BACKSLASH) {
      let end = at + 1;
      while (end < bytes.length && ![OPEN, CLOSE, BACKSLASH, 0x0a, 0x0d].includes(bytes[end] ?? OPEN)) {
        end++;
      }
      yield { type: 'text', bytes: bytes.subarray(at, end) };
      at = end;
    } else if (isLetter(bytes[at + 1])) {
      const { token, next } = controlWord(bytes, at + 1);
      // The parameter of \bin counts raw bytes that follow, braces and all.
      const raw = token.type === 'word' && token.word === 'bin' ? Math.max(0, token.number ?? 0) : 0;
      at = next + raw;
      yield token;
    } else if (bytes[at + 1] === 0x27) {
      const value = Number.parseInt(latin(bytes.subarray(at + 2, at + 4)), 16);
      yield { type: 'hex', byte: Number.isNaN(value) ? 0x3f : value };
      at += 4;
    } else {
      yield { type: 'symbol', symbol: latin(bytes.subarray(at + 1, at + 2)) };
      at += 2;
    }
  }
}
