/** Which of two versions of a resource is the older one. Pure. */

/** Whether `version` is certainly older than `than`; versions that are not both numbers say nothing. */
export function isOlder(version: string | null | undefined, than: string | null | undefined): boolean {
  const [left, right] = [version, than].map((text) => (/^\d{1,15}$/.test(text ?? '') ? Number(text) : Number.NaN));
  return (left ?? Number.NaN) < (right ?? Number.NaN);
}

/** What of a resource was seen: its version, and when the server last changed it. */
export interface Seen {
  version: string | null;
  updated: string | null;
}

/** Whether `now` may be newer than what was `seen`. Numbers are compared as numbers, else the times decide. */
export function mayBeNewer(seen: Seen, now: Seen): boolean {
  if (now.version !== null && now.version === seen.version) {
    return false;
  }
  if (isOlder(now.version, seen.version) || isOlder(seen.version, now.version)) {
    return isOlder(seen.version, now.version);
  }
  if (now.updated !== null && seen.updated !== null) {
    return Date.parse(now.updated) >= Date.parse(seen.updated);
  }
  return true;
}
