/** Dates in a search: https://hl7.org/fhir/R4/search.html#date */

const DATE =
  /^(?<prefix>eq|ne|gt|lt|ge|le|sa|eb|ap)?(?<day>(?!0000)\d{4}(?:-\d\d(?:-\d\d)?)?)(?<time>T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(?<zone>Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?$/;

/** Whether the calendar and the clock know it; FHIR allows a time only with a whole day, a zone only with a time. */
function exists(day: string, time = '', zone = ''): boolean {
  const whole = `${day}${'-01-01'.slice(day.length - 4)}`;
  const midnight = new Date(`${whole}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== whole) {
    return false;
  }
  if (time === '' ? zone !== '' : day.length < 10) {
    return false;
  }
  return !Number.isNaN(new Date(`${whole}${time || 'T00:00'}${zone || 'Z'}`).getTime());
}

/**
 * Where a date search can be evaluated. The matcher takes eq, ne and ap for overlap, splits the first prefix of several
 * only, ends every month on the 31st, and reads what has no zone as UTC.
 *
 * @param value decoded, with its prefix: `ge2026-01-31`
 * @param elements the data types that the parameter's expression ends at
 */
export function whereDateEvaluated(
  value: string,
  elements: readonly string[],
): 'here' | 'server' | { problem: string } {
  const dates = value.split(',').map((each) => DATE.exec(each)?.groups);
  if (!dates.every((groups) => groups && exists(groups.day ?? '', groups.time, groups.zone))) {
    return { problem: 'is no date: write e.g. ge2026-01-31 or lt2026-01-31T12:00:00Z (a + as %2B)' };
  }
  const [first] = dates;
  const { prefix = 'eq', day = '', time, zone } = first ?? {};
  if (dates.length > 1 || ['eq', 'ne', 'ap'].includes(prefix) || day.length === 7) {
    return 'server';
  }
  // A day begins when it begins in UTC. A time needs its zone, and an element that is never just a day.
  if (time !== undefined) {
    return zone !== undefined && elements.every((element) => element === 'instant') ? 'here' : 'server';
  }
  return elements.every((element) => element === 'instant' || element === 'dateTime') ? 'here' : 'server';
}
