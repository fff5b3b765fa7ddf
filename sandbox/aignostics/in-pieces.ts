/** Text is handed on in pieces of about this many characters. */
const PIECE = 64 * 1024;

/** Texts as bytes, many of them at once; the last piece may be empty. */
export function* inPieces(texts: Iterable<string>): Generator<Buffer> {
  let piece = '';
  for (const text of texts) {
    piece += text;
    if (piece.length >= PIECE) {
      yield Buffer.from(piece);
      piece = '';
    }
  }
  yield Buffer.from(piece);
}
