/** Until when a signed URL can be read, where its form says so. */
import { instantOf } from './signed-urls.ts';

/** Milliseconds since 1970; undefined where nothing in the URL says it in a known form. */
export function endOfUrl(url: string): number | undefined {
  const query = new URLSearchParams([...new URL(url).searchParams].map(([name, value]) => [name.toLowerCase(), value]));
  for (const vendor of ['x-amz', 'x-goog']) {
    const [date, seconds] = [query.get(`${vendor}-date`), query.get(`${vendor}-expires`)];
    if (date !== null && seconds !== null) {
      return known(Date.parse(instantOf(date)) + Number(seconds) * 1000);
    }
  }
  const azure = query.has('sig') ? query.get('se') : null;
  if (azure !== null) {
    return known(Date.parse(azure));
  }
  const epoch = query.has('signature') ? query.get('expires') : null;
  return epoch === null ? undefined : known(Number(epoch) * 1000);
}

const known = (milliseconds: number) => (Number.isFinite(milliseconds) ? milliseconds : undefined);
