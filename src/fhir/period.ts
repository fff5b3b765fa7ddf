/** FHIR Periods whose ends may be a year, a month, a day or a moment. Pure. */
import { z } from 'zod';

const period = z.looseObject({
  start: z.string().optional().catch(undefined),
  end: z.string().optional().catch(undefined),
});

const PARTIAL = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/;
/** A date without a time has no zone: it begins 14 hours before UTC's on Kiritimati, and ends 12 hours after it on Baker Island. */
const EARLIEST_ZONE = 14 * 3_600_000;
const LATEST_ZONE = 12 * 3_600_000;

/** The first millisecond of a FHIR dateTime, or the one after its last; undefined where it is none. */
function edge(value: string | undefined, side: 'start' | 'end'): number | undefined {
  const [whole, year, month, day] = PARTIAL.exec(value ?? '') ?? [];
  if (whole === undefined) {
    const moment = Date.parse(value ?? '');
    return Number.isNaN(moment) ? undefined : moment;
  }
  const next = side === 'end' ? 1 : 0;
  const date = Date.UTC(
    Number(year) + (month === undefined ? next : 0),
    Number(month ?? 1) - 1 + (month !== undefined && day === undefined ? next : 0),
    Number(day ?? 1) + (day === undefined ? 0 : next),
  );
  return side === 'end' ? date + LATEST_ZONE : date - EARLIEST_ZONE;
}

/** Whether the period includes the moment, in any zone that its dates may mean. An end that is absent or cannot be read is open. */
export function periodIncludes(value: unknown, now: Date): boolean {
  const { start, end } = period.safeParse(value).data ?? {};
  const from = edge(start, 'start');
  const until = edge(end, 'end');
  return (from === undefined || from <= now.getTime()) && (until === undefined || now.getTime() <= until);
}
