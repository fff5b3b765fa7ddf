/** How long a signed URL counts yet, by what it says of itself. Pure. */

/** `20261125T103618Z` */
function basicTime(text: string | null): number {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '') ?? [];
  const [year = '', month = '', day = '', hour = '', minute = '', second = ''] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** SigV4 of S3 and of Google, whose parameters differ in their prefix. */
function sinceSigned(query: URLSearchParams, prefix: string): number {
  return basicTime(query.get(`X-${prefix}-Date`)) + Number(query.get(`X-${prefix}-Expires`) ?? Number.NaN) * 1000;
}

/** When it stops to count, in ms; NaN where it does not say. */
const ENDS: readonly ((query: URLSearchParams) => number)[] = [
  (query) => sinceSigned(query, 'Amz'),
  (query) => sinceSigned(query, 'Goog'),
  // Azure.
  (query) => (query.has('sig') ? Date.parse(query.get('se') ?? '') : Number.NaN),
  // CloudFront, and S3 before SigV4.
  (query) => (query.has('Signature') ? Number(query.get('Expires') ?? Number.NaN) * 1000 : Number.NaN),
];

/** Seconds that it counts from `now` on; undefined where nothing in it says until when. */
export function secondsLeft(url: URL, now: Date): number | undefined {
  const end = ENDS.map((endOf) => endOf(url.searchParams)).find(Number.isFinite);
  return end === undefined ? undefined : Math.floor((end - now.getTime()) / 1000);
}
