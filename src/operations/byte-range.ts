/**
 * What a Range header asks for (RFC 9110, section 14). Not range-parser, and so not `send`: to them a suffix longer than
 * the file is an error, and readers of zips and TIFFs ask for the last so many bytes of whatever is there.
 */

export interface ByteRange {
  start: number;
  /** Exclusive. */
  end: number;
}

const FORM = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i;

/** Of a file of `size` bytes. Undefined where the whole is the answer: no range, several, or one that makes no sense. */
export function byteRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = FORM.exec(header ?? '') ?? [];
  if (first === '' && last === '') {
    return undefined;
  }
  if (first === '') {
    const suffix = Math.min(Number(last), size);
    return suffix > 0 ? { start: size - suffix, end: size } : 'unsatisfiable';
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < start) {
    return undefined;
  }
  return start < size ? { start, end } : 'unsatisfiable';
}
