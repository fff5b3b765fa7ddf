/**
 * Seconds that a Retry-After header asks to wait (RFC 9110, 10.2.3: delay-seconds or an HTTP date), never negative.
 * undefined: no header, or one that cannot be read.
 */
export function retryAfterSeconds(header: string | undefined, now: Date): number | undefined {
  const value = header?.trim();
  if (!value) {
    return undefined;
  }
  if (/^\d+(\.\d+)?$/.test(value)) {
    const seconds = Math.ceil(Number(value));
    return Number.isSafeInteger(seconds) ? seconds : undefined;
  }
  // Every HTTP date names its weekday; without it Date.parse would take "-5" or "12" for a year.
  if (!/^[A-Za-z]{3,9},? /.test(value)) {
    return undefined;
  }
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now.getTime()) / 1000));
}
